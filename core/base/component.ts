import type { Millis } from './time.ts';

/** `waiting`: configured, its source is not there yet. `degraded`: works with loss, the message says which. */
export type ComponentState = 'starting' | 'ok' | 'waiting' | 'degraded' | 'failed' | 'off';

/** What a subsystem says of itself; shown by `/status`, the console and the CLI. */
export interface Component {
  /** Unique, e.g. `file:/var/log/auth.log`, `firewall`, `store`. */
  readonly name: string;
  readonly state: ComponentState;
  /** What is wrong and what to do about it; absent when `ok`. */
  readonly message?: string;
  /** What is good to know while nothing is wrong: who may write to a source, which port was taken. */
  readonly detail?: string;
  /** Of a source: how far its lines can be trusted at best. */
  readonly provenance?: string;
  readonly since: Millis;
  /** When it last brought something in; absent when it has not since start, and in what brings nothing. */
  readonly lastEventAt?: Millis;
  /** Monotonic counts since start: lines, unparsed, dropped, … */
  readonly counters: Readonly<Record<string, number>>;
}
