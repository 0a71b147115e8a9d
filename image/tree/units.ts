/** What a tree is made for: a plain Debian host, or the appliance's own root file system. */
export type Purpose = 'host' | 'appliance';

/** Duties of a machine that is an appliance and nothing else; on somebody's host they would be a trap. */
const APPLIANCE_ALONE: readonly string[] = ['appliance', 'host', 'provision', 'console', 'confirm', 'rauc', 'usb'];

export interface Place {
  /** From the root, with a leading `/`. */
  readonly path: string;
  readonly mode: number;
}

const UNIT = /\.(?:service|socket|path|timer|target|mount|automount|slice)$/;
const SCRIPT = /^[a-z][a-z-]*$/;

/** Where a file of `systemd/` is installed; `undefined` for what stays behind. */
export function placeOf(file: string, purpose: Purpose): Place | undefined {
  if (purpose === 'host' && APPLIANCE_ALONE.includes(dutyOf(file))) return undefined;
  if (UNIT.test(file)) return { path: `/usr/lib/systemd/system/${file}`, mode: 0o644 };
  if (SCRIPT.test(file)) return { path: `/usr/lib/bartizan/systemd/${file}`, mode: 0o755 };
  const [, stem = '', kind = ''] = /^(.+?)\.(sysusers|tmpfiles|preset|journald|dbus\.conf|awk|rules)$/.exec(file) ?? [];
  // How much of its journal a host keeps is not ours to say.
  if (kind === 'journald' && purpose === 'host') return undefined;
  const path = PLACES[kind]?.(stem);
  return path === undefined ? undefined : { path, mode: 0o644 };
}

/** Of what is no unit, by the ending. */
const PLACES: Readonly<Record<string, (stem: string) => string>> = {
  sysusers: (stem) => `/usr/lib/sysusers.d/${stem}.conf`,
  tmpfiles: (stem) => `/usr/lib/tmpfiles.d/${stem}.conf`,
  preset: (stem) => `/usr/lib/systemd/system-preset/80-${stem}.preset`,
  journald: (stem) => `/usr/lib/systemd/journald.conf.d/${stem}.conf`,
  'dbus.conf': (stem) => `/etc/dbus-1/system.d/${stem}.conf`,
  rules: (stem) => `/usr/lib/udev/rules.d/70-${stem}.rules`,
  awk: (stem) => `/usr/lib/bartizan/systemd/${stem}.awk`,
};

/** `host` of `host.awk` and `bartizan-host-early.service`: the first word. */
const dutyOf = (file: string): string => file.replace(/^bartizan-/, '').replace(/[-@.].*$/, '');

/** A preset without the lines on units that are not installed here. */
export function presetFor(text: string, purpose: Purpose): string {
  const stays = (line: string) => {
    const unit = /^\s*(?:enable|disable)\s+(\S+)/.exec(line)?.[1];
    return unit === undefined || placeOf(unit, purpose) !== undefined;
  };
  return text.split('\n').filter(stays).join('\n');
}

/** The units that a preset enables, in its order. */
export const enabledBy = (preset: string): readonly string[] =>
  [...preset.matchAll(/^\s*enable\s+(\S+)/gm)].map(([, unit = '']) => unit);
