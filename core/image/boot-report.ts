/** What a start of the appliance found of its disk, as the initramfs tells it in `/run/bartizan-boot`. */
export interface BootReport {
  readonly ident: string;
  /** `reset`: made anew, as was asked for. */
  readonly data: string;
}

/** Reads `key=value` lines; undefined where they say nothing of the disk. */
export function bootReportOf(text: string): BootReport | undefined {
  const word = (name: string): string | undefined => new RegExp(`^${name}=([a-z]{1,32})$`, 'm').exec(text)?.[1];
  const [ident, data] = [word('ident'), word('data')];
  return ident === undefined || data === undefined ? undefined : { ident, data };
}

/** What of it somebody has to know of. */
export interface BootTrouble {
  readonly check: (typeof CHECKS)[keyof typeof CHECKS];
  readonly severity: 'warning' | 'high';
  readonly message: string;
}

const CHECKS = { ident: 'ident_repaired', data: 'data_repaired', reset: 'data_reset' } as const;

/**
 * Repaired is more than what a file system mends by itself after a power cut: files may be lost. Words of another version's
 * initramfs are none of these.
 */
export function bootTroubles({ ident, data }: BootReport): readonly BootTrouble[] {
  return [
    ...(ident === 'repaired' ? [repaired('ident', 'its identity')] : []),
    ...(data === 'repaired' ? [repaired('data', 'settings, blocks and findings')] : []),
    ...(data === 'reset' ? [RESET] : []),
  ];
}

const RESET: BootTrouble = {
  check: CHECKS.reset,
  severity: 'warning',
  message: 'A factory reset was carried out at this start: everything but the identity of the device was erased',
};

const repaired = (partition: 'ident' | 'data', what: string): BootTrouble => ({
  check: CHECKS[partition],
  severity: 'high',
  message:
    `The partition ${partition} (${what}) was damaged and was repaired at this start; files may be lost` +
    (partition === 'data' ? ': /data/.repaired and /data/lost+found tell which. The disk may be failing' : ''),
});
