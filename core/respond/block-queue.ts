import { goDuration, hasPassed, hours, type Millis, plus } from '../base/time.ts';
import type { StateChange } from '../detect/detector.ts';
import { SEVERITIES, type Severity } from '../detect/finding.ts';
import type { Decision } from './decision.ts';

/** A block that waits for its turn. */
export interface PendingBlock {
  readonly decision: Decision;
  readonly severity: Severity;
  /** By the wall clock. */
  readonly since: Millis;
}

/** Blocks that may wait at a time. */
export const MOST_PENDING = 1000;
/** What waited so long is given up. */
export const LONGEST_WAIT: Millis = hours(2);

const HOUR = hours(1);
const TURNS_KEY = ' turns';

/** What a sweep of the queue gives. */
export interface Turn {
  /** Active now. */
  readonly released: readonly Decision[];
  /** Ended without ever having been enforced. */
  readonly dropped: readonly Decision[];
}

const NO_TURN: Turn = { released: [], dropped: [] };

/**
 * Lets through so many automatic blocks in any hour by the wall clock; the others wait.
 *
 * **Order.** The worst severity first, then who waits longest. **End of waiting.** A block whose own time is over, and one
 * that waited `LONGEST_WAIT`, ends as expired. At most `MOST_PENDING` wait: beyond, the one that would come last is refused.
 * One address waits once: what comes later about it takes its place in the queue, with the worse severity and the later end.
 *
 * The queue survives a restart by `snapshot` and `restore`: who waits, and when the last hour's blocks were let through. A
 * clock that was set back does not stop it: a moment in the future counts as now.
 */
export class BlockQueue {
  readonly #perHour: number;
  readonly #pending = new Map<string, PendingBlock>();
  /** When blocks were let through within the last hour, in order. */
  #turns: Millis[] = [];
  readonly #changed = new Set<string>();
  #givenUp = 0;

  /** @param perHour 0: all go through at once */
  constructor(perHour: number) {
    this.#perHour = perHour;
  }

  /** Who waits, in the order of their turns. */
  get pending(): readonly PendingBlock[] {
    return [...this.#pending.values()].sort(byTurn);
  }

  get size(): number {
    return this.#pending.size;
  }

  /** Blocks that waited, since start, and never came to their turn: too long, or too many. */
  get givenUp(): number {
    return this.#givenUp;
  }

  of(ip: string): Decision | undefined {
    return this.#pending.get(ip)?.decision;
  }

  /** The address's block that waits, and since when. */
  waitingOf(ip: string): PendingBlock | undefined {
    return this.#pending.get(ip);
  }

  /**
   * A block that was withdrawn waits again in its old place, unless another about the address waits by now, or as many as
   * may.
   * @returns it
   */
  rejoin(one: PendingBlock): Decision | undefined {
    if (this.#pending.has(one.decision.ip) || this.#pending.size >= MOST_PENDING) return undefined;
    return this.#put(one);
  }

  /** A block that was let through without asking. */
  count(now: Millis): void {
    this.#takeTurn(now);
  }

  /** A block that was decided. @returns it, active or pending, and those that ended because of it */
  admit(decision: Decision, severity: Severity, now: Millis): readonly Decision[] {
    const waiting = this.#pending.get(decision.ip);
    if (waiting === undefined && this.#pending.size === 0 && this.#hasTurn(now)) {
      this.#takeTurn(now);
      return [decision];
    }
    return waiting === undefined ? this.#line(decision, severity, now) : this.#join(waiting, decision, severity, now);
  }

  /**
   * Lets through whose turn it is. To be called every second or so.
   * @param mayRelease false: only gives up what is over
   */
  sweep(now: Millis, mayRelease = true): Turn {
    if (this.#pending.size === 0) return NO_TURN;
    const dropped = this.pending.flatMap((one) => {
      const why = whyOver(one, now);
      return why === undefined ? [] : [this.#end(one, 'expired', now, why)];
    });
    const released: Decision[] = [];
    for (const { decision } of this.pending) {
      if (!mayRelease || !this.#hasTurn(now)) break;
      released.push(this.#release(decision, now));
    }
    return { released, dropped };
  }

  /** The address's block was let through before a crash, which came before that was written down. @returns it, active */
  released(ip: string, now: Millis): Decision | undefined {
    const waiting = this.#pending.get(ip);
    return waiting && this.#release(waiting.decision, now);
  }

  /** Somebody decided about the address otherwise. @returns the block that waited, ended */
  withdraw(ip: string, now: Millis, why: string): Decision | undefined {
    const waiting = this.#pending.get(ip);
    return waiting && this.#end(waiting, 'lifted', now, why);
  }

  snapshot(): readonly StateChange[] {
    const changes = [...this.#changed].map(
      (key): StateChange => [key, key === TURNS_KEY ? [...this.#turns] : this.#pending.get(key)],
    );
    this.#changed.clear();
    return changes;
  }

  /** Only on a new one. */
  restore(entries: Iterable<StateChange>): { readonly skipped: number } {
    let skipped = 0;
    for (const [key, value] of entries) {
      if (key === TURNS_KEY && Array.isArray(value) && value.every(Number.isSafeInteger)) this.#turns = value;
      else if (isPending(value) && value.decision.ip === key) this.#pending.set(key, value);
      else skipped++;
    }
    return { skipped };
  }

  #hasTurn(now: Millis): boolean {
    if (this.#perHour === 0) return true;
    this.#turns = this.#turns.flatMap((at) => (at > now ? [now] : at > now - HOUR ? [at] : []));
    return this.#turns.length < this.#perHour;
  }

  #takeTurn(now: Millis): void {
    if (this.#perHour === 0) return;
    this.#turns.push(now);
    this.#changed.add(TURNS_KEY);
  }

  #line(decision: Decision, severity: Severity, now: Millis): readonly Decision[] {
    const pending = this.#put({ decision, severity, since: now });
    if (this.#pending.size <= MOST_PENDING) return [pending];
    const last = this.pending.at(-1);
    if (last === undefined) return [pending];
    const refused = this.#end(last, 'refused', now, `${MOST_PENDING} blocks are waiting already`);
    return last.decision.id === decision.id ? [refused] : [pending, refused];
  }

  #join(waiting: PendingBlock, decision: Decision, severity: Severity, now: Millis): readonly Decision[] {
    const worse = SEVERITIES.indexOf(severity) > SEVERITIES.indexOf(waiting.severity) ? severity : waiting.severity;
    if (waiting.decision.id === decision.id || endsNoLater(decision, waiting.decision)) {
      return [this.#put({ ...waiting, severity: worse })];
    }
    const replaced = this.#end(waiting, 'lifted', now, `replaced by ${decision.id}`);
    return [replaced, this.#put({ decision, severity: worse, since: waiting.since })];
  }

  #put(one: PendingBlock): Decision {
    const note = `waits for its turn: no more than ${this.#perHour} blocks an hour`;
    const decision: Decision = { ...one.decision, state: 'pending', note };
    this.#pending.set(decision.ip, { ...one, decision });
    this.#changed.add(decision.ip);
    return decision;
  }

  #end({ decision }: PendingBlock, state: 'expired' | 'refused' | 'lifted', now: Millis, note: string): Decision {
    this.#remove(decision.ip);
    if (state !== 'lifted') this.#givenUp++;
    return { ...decision, state, endedAt: now, note };
  }

  #release(decision: Decision, now: Millis): Decision {
    this.#takeTurn(now);
    this.#remove(decision.ip);
    const { note: _, ...active } = decision;
    return { ...active, state: 'active' };
  }

  #remove(ip: string): void {
    this.#pending.delete(ip);
    this.#changed.add(ip);
  }
}

const byTurn = (a: PendingBlock, b: PendingBlock): number =>
  SEVERITIES.indexOf(b.severity) - SEVERITIES.indexOf(a.severity) ||
  a.since - b.since ||
  (a.decision.id < b.decision.id ? -1 : 1);

function whyOver({ decision, since }: PendingBlock, now: Millis): string | undefined {
  if (hasPassed(decision.expiresAt, now)) return 'its time was over before its turn came';
  if (plus(since, LONGEST_WAIT) <= now) return `given up after ${goDuration(LONGEST_WAIT)} of waiting`;
  return undefined;
}

const endsNoLater = (a: Decision, b: Decision): boolean =>
  b.expiresAt === 'never' || (a.expiresAt !== 'never' && a.expiresAt <= b.expiresAt);

function isPending(value: unknown): value is PendingBlock {
  if (typeof value !== 'object' || value === null) return false;
  const { decision, severity, since } = value as Partial<PendingBlock>;
  const isSeverity = SEVERITIES.some((known) => known === severity);
  return isSeverity && Number.isSafeInteger(since) && decision?.state === 'pending' && typeof decision.id === 'string';
}
