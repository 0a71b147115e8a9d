import { idFloor } from '../../core/base/ids.ts';
import { hours, type Millis, millis } from '../../core/base/time.ts';
import { decisions } from '../../core/keys/records.ts';
import type { Decision } from '../../core/respond/decision.ts';
import type { Records } from '../store/index.ts';

const HOUR: Millis = hours(1);
const WINDOW: Millis = hours(24);
/** An id carries the time of the event, which may be older than its decision: so much older is looked for at start. */
const LATE: Millis = hours(24);

/** Automatic blocks that were put in force within the last 24 hours, to the hour. */
export class BlockTally {
  readonly #byHour = new Map<number, number>();

  /** Counts what is on record. */
  async load(records: Records, now: Millis): Promise<void> {
    const since = idFloor(millis(Math.max(0, now - WINDOW - LATE)));
    for await (const [, decision] of records.list(decisions, [], { after: [since] })) {
      const wasInForce = decision.state === 'active' || (decision.endedAt ?? decision.at) > decision.at;
      if (wasInForce) this.#count(decision, now);
    }
  }

  /** One that was just made. */
  add(decision: Decision, now: Millis): void {
    if (decision.state === 'active') this.#count(decision, now);
  }

  total(now: Millis): number {
    this.#forget(now);
    return [...this.#byHour.values()].reduce((sum, count) => sum + count, 0);
  }

  #count({ origin, at }: Decision, now: Millis): void {
    if (origin !== 'auto_response' || at <= now - WINDOW) return;
    this.#forget(now);
    const hour = Math.floor(at / HOUR);
    this.#byHour.set(hour, (this.#byHour.get(hour) ?? 0) + 1);
  }

  #forget(now: Millis): void {
    const oldest = Math.floor((now - WINDOW) / HOUR) + 1;
    for (const hour of this.#byHour.keys()) if (hour < oldest) this.#byHour.delete(hour);
  }
}
