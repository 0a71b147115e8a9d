import type { Component } from '../../core/base/component.ts';
import type { Clock, Log } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';
import type { Millis } from '../../core/base/time.ts';
import { type BootReport, type BootTrouble, bootReportOf, bootTroubles } from '../../core/image/boot-report.ts';
import type { Service } from '../supervisor/index.ts';
import type { UpdaterFiles } from './port.ts';

/** What the initramfs has found. */
export const BOOT_FILE = '/run/bartizan-boot';

export interface DiskReportParts {
  readonly clock: Clock;
  readonly log: Log;
  readonly files: Pick<UpdaterFiles, 'read' | 'put'>;
  readonly bootId: string;
  /** Keeps that it was told in this boot; absent where nobody has made a folder for what is told at run time. */
  readonly toldPath: string | undefined;
  /** Resolves when it is kept. */
  readonly tell: (trouble: BootTrouble) => Promise<void>;
}

/** The disk as this start of the appliance found it: shown as long as it runs, told once a boot. */
export class DiskReport implements Service {
  readonly id = 'disk';
  readonly #parts: DiskReportParts;
  readonly #since: Millis;
  #report: BootReport | undefined;

  constructor(parts: DiskReportParts) {
    this.#parts = parts;
    this.#since = parts.clock.now();
  }

  async start(): Promise<void> {
    const { files } = this.#parts;
    this.#report = bootReportOf((await files.read(BOOT_FILE)) ?? '');
    if (this.#report === undefined || (await this.#isTold())) return;
    // Those who keep findings start beside this one.
    void this.#tellAll(bootTroubles(this.#report));
  }

  async stop(): Promise<void> {}

  /** Undefined where no initramfs of ours was. Repaired is degraded until the next start: files may be lost. */
  component(): Component | undefined {
    if (this.#report === undefined) return undefined;
    const { ident, data } = this.#report;
    const described = { name: this.id, since: this.#since, counters: {}, detail: `ident ${ident}, data ${data}` };
    const [worst] = bootTroubles(this.#report).filter(({ severity }) => severity !== 'warning');
    return worst === undefined
      ? { ...described, state: 'ok' }
      : { ...described, state: 'degraded', message: worst.message };
  }

  async #isTold(): Promise<boolean> {
    const { files, toldPath, bootId } = this.#parts;
    return toldPath !== undefined && (await files.read(toldPath))?.trim() === bootId;
  }

  async #tellAll(troubles: readonly BootTrouble[]): Promise<void> {
    const { files, toldPath, bootId, tell, log } = this.#parts;
    try {
      for (const trouble of troubles) await tell(trouble);
      if (troubles.length > 0 && toldPath !== undefined) await files.put(toldPath, `${bootId}\n`);
    } catch (cause) {
      log('error', 'how the disk was found could not be recorded', { error: messageOf(cause) });
    }
  }
}
