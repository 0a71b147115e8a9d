import { type DecisionId, idFloor } from '../../core/base/ids.ts';
import { hours, type Millis, millis } from '../../core/base/time.ts';
import { decisions, outcomes } from '../../core/keys/records.ts';
import type { Decision, NetworkDecision, Origin } from '../../core/respond/decision.ts';
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
    const enforced = new Map<DecisionId, Millis>();
    for await (const [, { decision, result, at }] of records.list(outcomes, [], { after: [since, 0, ''] })) {
      if (result === 'enforced' && !enforced.has(decision)) enforced.set(decision, at);
    }
    if (enforced.size === 0) return;
    for await (const [, { id, origin, actor }] of records.list(decisions, [], { after: [since] })) {
      const at = enforced.get(id);
      if (at !== undefined && actor === undefined) this.#count(origin, at, now);
    }
  }

  /** One that the kernel has just taken. What stands again by a person's word was counted already. */
  add({ kind, state, origin, actor }: Decision | NetworkDecision, now: Millis): void {
    if (kind === 'block' && state === 'active' && actor === undefined) this.#count(origin, now, now);
  }

  total(now: Millis): number {
    this.#forget(now);
    return [...this.#byHour.values()].reduce((sum, count) => sum + count, 0);
  }

  #count(origin: Origin, at: Millis, now: Millis): void {
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
