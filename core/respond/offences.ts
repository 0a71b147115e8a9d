import { type Deadline, hasPassed, type Millis, plus } from '../base/time.ts';
import type { StateChange } from '../detect/detector.ts';
import { MOST_RUNGS } from './ladder.ts';

/** What is known of a source that was blocked. Replaced, never changed. */
export interface Offence {
  /** When its blocks began, oldest first; the newest few. */
  readonly starts: readonly Millis[];
  /** When the latest of them ends. */
  readonly until: Deadline;
}

/** Sources remembered at most; beyond, the one blocked longest ago is forgotten. */
export const MOST_OFFENDERS = 100_000;

/**
 * Who was blocked before, and so is blocked longer. By source: an IPv4 address, an IPv6 /64.
 *
 * What a source does while it is blocked belongs to the same offence: a second check that finds the same attack does not
 * make it a repeated one, and a block that is prolonged stays on its rung. A block that begins after the last one ended is
 * the next offence, as long as the earlier ones began no longer than `within` ago. All by the findings' event time, so that
 * a log read twice gives the same.
 */
export class Offences {
  readonly #within: Millis;
  readonly #records = new Map<string, Offence>();
  readonly #changed = new Set<string>();

  constructor(within: Millis) {
    this.#within = within;
  }

  get size(): number {
    return this.#records.size;
  }

  /** How many offences of the source came before one at `at`. */
  before(source: string, at: Millis): number {
    const known = this.#records.get(source);
    if (known === undefined) return 0;
    const recent = known.starts.filter((start) => start > at - this.#within).length;
    return hasPassed(known.until, at) ? recent : Math.max(0, recent - 1);
  }

  /** The source is blocked for what it did at `at`. */
  add(source: string, at: Millis, until: Deadline): void {
    const known = this.#records.get(source);
    const isNew = known === undefined || hasPassed(known.until, at);
    const starts = isNew ? [...(known?.starts ?? []), at].slice(-MOST_RUNGS) : known.starts;
    this.#records.delete(source);
    this.#records.set(source, { starts, until: later(until, known?.until) });
    this.#changed.add(source);
    if (this.#records.size > MOST_OFFENDERS) this.#forgetOldest();
  }

  of(source: string): Offence | undefined {
    return this.#records.get(source);
  }

  /** A person took back that the source's block was ended: what it did counts again, unless it did something since. */
  recall(source: string, offence: Offence): void {
    if (this.#records.has(source)) return;
    this.#records.set(source, offence);
    this.#changed.add(source);
    if (this.#records.size > MOST_OFFENDERS) this.#forgetOldest();
  }

  /** A person ended the source's block: what it did counts no more. */
  forgive(source: string): void {
    if (this.#records.delete(source)) this.#changed.add(source);
  }

  /** Forgets who did nothing for `within` and is not blocked. */
  prune(now: Millis): void {
    for (const [source, { starts, until }] of this.#records) {
      const latest = starts.at(-1);
      if (!hasPassed(until, now) || (latest !== undefined && plus(latest, this.#within) > now)) continue;
      this.forgive(source);
    }
  }

  /** What changed since the last call. */
  snapshot(): readonly StateChange[] {
    const changes = [...this.#changed].map((source): StateChange => {
      const known = this.#records.get(source);
      return [source, known && [known.until, ...known.starts]];
    });
    this.#changed.clear();
    return changes;
  }

  /** Only on a new one. */
  restore(entries: Iterable<StateChange>): { readonly skipped: number } {
    let skipped = 0;
    const read: [string, Offence][] = [];
    for (const [source, value] of entries) {
      const record = readRecord(value);
      if (record === undefined) skipped++;
      else read.push([source, record]);
    }
    read.sort(([, a], [, b]) => (a.starts.at(-1) ?? 0) - (b.starts.at(-1) ?? 0));
    for (const [source, record] of read) this.#records.set(source, record);
    return { skipped };
  }

  #forgetOldest(): void {
    for (const source of this.#records.keys()) {
      this.forgive(source);
      return;
    }
  }
}

const later = (a: Deadline, b: Deadline | undefined): Deadline =>
  b === undefined || a === 'never' ? a : b === 'never' || b > a ? b : a;

function readRecord(value: unknown): Offence | undefined {
  if (!Array.isArray(value)) return undefined;
  const [until, ...starts] = value;
  if (until !== 'never' && !Number.isSafeInteger(until)) return undefined;
  return starts.length > 0 && starts.every(Number.isSafeInteger) ? { starts, until } : undefined;
}
