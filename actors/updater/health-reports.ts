import type { Component } from '../../core/base/component.ts';
import type { Clock, Log } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';
import { type Millis, seconds } from '../../core/base/time.ts';
import { type Facts, type Judgement, judge } from '../../core/image/health.ts';
import { healthText } from '../../core/image/health-text.ts';
import { type Needs, type Steadiness, steadier, UNSTEADY } from '../../core/image/steadiness.ts';
import type { Service } from '../supervisor/index.ts';
import type { UpdaterFiles } from './port.ts';

export interface HealthReportsParts {
  readonly clock: Clock;
  /** On CLOCK_BOOTTIME, and the id of the boot. */
  readonly bootClock: { readonly bootId: string; now(): Millis };
  readonly pid: number;
  readonly files: UpdaterFiles;
  readonly log: Log;
  /** Absent where nobody has made a folder for what is told at run time. */
  readonly path: string | undefined;
  /** All subsystems, as the status shows them. */
  readonly components: () => readonly Component[];
  readonly needs: () => Needs;
}

/** What says of the image itself, or of a disk that no slot has damaged, how it is must not decide about the slot. */
const NOT_JUDGED: readonly string[] = ['image', 'disk'];
const EVERY: Millis = seconds(1);
/** In reports; those between are written where something has changed. */
const WRITTEN_EVERY = 2;

/** Judges all subsystems every second and writes what comes of it to a file, for whoever decides on this boot. */
export class HealthReports implements Service {
  readonly id = 'health-reports';
  readonly #parts: HealthReportsParts;
  #before: Facts | undefined;
  #judgement: Judgement = { verdict: 'starting', bad: [], reasons: [] };
  #steady: Steadiness = UNSTEADY;
  #unwritten = WRITTEN_EVERY;
  #cancel: (() => void) | undefined;
  #isTold = false;

  constructor(parts: HealthReportsParts) {
    this.#parts = parts;
  }

  async start(): Promise<void> {
    await this.#report();
    this.#again();
  }

  async stop(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  /** From now on nothing may be worse than it was then. */
  compareWith(before: Facts): void {
    this.#before = Object.fromEntries(Object.entries(before).filter(([name]) => !NOT_JUDGED.includes(name)));
  }

  current(): Judgement & { readonly steady: Steadiness; readonly needs: Needs } {
    return { ...this.#judgement, steady: this.#steady, needs: this.#parts.needs() };
  }

  #again(): void {
    this.#cancel = this.#parts.clock.after(EVERY, () => {
      const isGoing = this.#cancel;
      const { log } = this.#parts;
      void this.#report()
        .catch((cause: unknown) => log('error', 'health cannot be told', { error: messageOf(cause) }))
        .finally(() => {
          if (this.#cancel === isGoing && isGoing !== undefined) this.#again();
        });
    });
  }

  async #report(): Promise<void> {
    const { bootClock, components, needs, path, files, pid, log } = this.#parts;
    const at = bootClock.now();
    const before = this.#judgement;
    this.#judgement = judge(
      components().filter(({ name }) => !NOT_JUDGED.includes(name)),
      this.#before,
    );
    const { verdict, bad } = this.#judgement;
    this.#steady = steadier(this.#steady, { at, verdict });
    const isNews = verdict !== before.verdict || bad.join() !== before.bad.join();
    this.#unwritten++;
    if (path === undefined || (!isNews && this.#unwritten < WRITTEN_EVERY)) return;
    this.#unwritten = 0;
    const text = healthText({ at, bootId: bootClock.bootId, pid, judgement: this.#judgement, needs: needs() });
    try {
      await files.put(path, text);
      this.#isTold = false;
    } catch (cause) {
      if (!this.#isTold) log('error', 'the health file cannot be written', { path, error: messageOf(cause) });
      this.#isTold = true;
    }
  }
}
