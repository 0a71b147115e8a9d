import type { Millis } from '../../core/base/time.ts';

/** The clock that a deadline is on. */
export interface BootClock {
  /** Changes with every boot. */
  readonly bootId: string;
  /** Milliseconds since boot, time in suspend included; nobody can set it. */
  now(): Millis;
}
