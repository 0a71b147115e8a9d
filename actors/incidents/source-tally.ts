import type { Millis } from '../../core/base/time.ts';
import { bucketOf, firstOf } from '../../core/incident/rollup.ts';

export interface SourceCount {
  readonly ip: string;
  readonly count: number;
}

/** Addresses counted at a time; what goes beyond is left to the totals. */
const MOST_SOURCES = 20_000;
const WINDOW_HOURS = 24;

/** Findings by address over the last 24 hours, to the hour. In memory: made anew from the findings at start. */
export class SourceTally {
  readonly #hours = new Map<Millis, Map<string, number>>();
  readonly #totals = new Map<string, number>();
  /** The hour up to which all was forgotten. */
  #oldest: Millis | undefined;

  add(ip: string, at: Millis, now: Millis): void {
    this.#forget(now);
    const hour = bucketOf('hour', at);
    if (hour < firstOf('hour', now, WINDOW_HOURS) || (!this.#totals.has(ip) && this.#totals.size >= MOST_SOURCES))
      return;
    const counts = this.#hours.get(hour) ?? new Map<string, number>();
    this.#hours.set(hour, counts);
    counts.set(ip, (counts.get(ip) ?? 0) + 1);
    this.#totals.set(ip, (this.#totals.get(ip) ?? 0) + 1);
  }

  unique(now: Millis): number {
    this.#forget(now);
    return this.#totals.size;
  }

  /** Most findings first, of equals the smaller text. */
  top(count: number, now: Millis): readonly SourceCount[] {
    this.#forget(now);
    return [...this.#totals]
      .map(([ip, findings]) => ({ ip, count: findings }))
      .sort((a, b) => b.count - a.count || (a.ip < b.ip ? -1 : 1))
      .slice(0, count);
  }

  #forget(now: Millis): void {
    const oldest = firstOf('hour', now, WINDOW_HOURS);
    if (oldest === this.#oldest) return;
    this.#oldest = oldest;
    for (const [hour, counts] of this.#hours) {
      if (hour >= oldest) continue;
      this.#hours.delete(hour);
      for (const [ip, count] of counts) {
        const left = (this.#totals.get(ip) ?? 0) - count;
        if (left > 0) this.#totals.set(ip, left);
        else this.#totals.delete(ip);
      }
    }
  }
}
