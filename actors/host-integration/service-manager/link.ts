import type { Component } from '../../../core/base/component.ts';
import type { Clock, Log } from '../../../core/base/ports.ts';
import type { Result } from '../../../core/base/result.ts';
import { type Millis, millis } from '../../../core/base/time.ts';
import type { DatagramCode, ServiceState } from '../../../native/notify/index.ts';

/** What the service manager has put into the environment (sd_notify(3), sd_watchdog_enabled(3)). */
export interface Environment {
  readonly socket: string | undefined;
  readonly watchdogMicroseconds: string | undefined;
}

export interface LinkDeps {
  readonly tell: (state: ServiceState) => Result<void, DatagramCode>;
  readonly watchdogMicroseconds: string | undefined;
  /** What the critical parts say of themselves; a failed one keeps the watchdog from being fed. */
  readonly critical: () => readonly Component[];
  readonly clock: Clock;
  readonly log: Log;
}

/** Signs of life in the time that the service manager grants for one: two may be late. */
const SIGNS = 3;

/**
 * Tells the service manager that the start is over, that the process lives, and that it stops. A process that hangs, or
 * whose critical parts have failed, gives no sign, and is ended and started anew by whoever waits for one. Without a
 * service manager nothing happens.
 */
export class ServiceManagerLink {
  readonly #deps: LinkDeps;
  readonly #period: Millis | undefined;
  #cancel: () => void = () => {};
  #isTold = false;
  #isStopping = false;

  constructor(deps: LinkDeps) {
    this.#deps = deps;
    this.#period = periodOf(deps.watchdogMicroseconds);
  }

  ready(status: string): void {
    this.#tell({ ready: true, status });
    this.#feed();
  }

  status(status: string): void {
    this.#tell({ status });
  }

  /** No sign of life is given any more: a process that does not come to its end is ended. */
  stopping(): void {
    if (this.#isStopping) return;
    this.#isStopping = true;
    this.#cancel();
    this.#tell({ stopping: true });
  }

  #feed(): void {
    if (this.#period === undefined) return;
    const failed = this.#deps.critical().find(({ state }) => state === 'failed');
    if (failed === undefined) this.#tell({ watchdog: true });
    else this.#tell({ status: `${failed.name} has failed: ${failed.message ?? 'unknown'}` });
    this.#cancel = this.#deps.clock.after(this.#period, () => this.#feed());
  }

  /** A manager that cannot be told ends us in its own time; that is said once. */
  #tell(state: ServiceState): void {
    const told = this.#deps.tell(state);
    if (told.ok || told.code === 'absent' || this.#isTold) return;
    this.#isTold = true;
    this.#deps.log('warn', 'the service manager cannot be told how the appliance is', { error: told.public });
  }
}

function periodOf(microseconds: string | undefined): Millis | undefined {
  const number = Number(microseconds);
  return Number.isFinite(number) && number >= 1000 ? millis(Math.max(1, Math.floor(number / 1000 / SIGNS))) : undefined;
}
