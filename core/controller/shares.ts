import { type Millis, millis, plus } from '../base/time.ts';
import { LEASE, LEASE_SKEW, type LeaseStep, type LeaseView, nextStep } from '../link/lease.ts';

/** What one controller knows of a shard. */
export interface ShardView {
  readonly view: LeaseView | undefined;
  /** It is among those that this controller would serve. */
  readonly isPreferred: boolean;
  /** It was given back, and is left to others until then. */
  readonly leftUntil: Millis | undefined;
  /** Since when this controller looks on, its own clock. */
  readonly watchedSince: Millis;
}

/**
 * What a controller does about a shard now. One that it would not serve it takes when nobody has for a while: when the lease of
 * whoever had it was over so long ago that those who would serve it have had their turn.
 */
export function shareStep(shard: ShardView, me: string, now: Millis): LeaseStep {
  const { view, isPreferred, leftUntil, watchedSince } = shard;
  const step = nextStep(view, me, now);
  if (step.kind !== 'take') return step;
  const isMine = view?.lease.holder === me && view.lease.until !== 'given_back';
  if (isMine) return step;
  if (leftUntil !== undefined && leftUntil > now) return { kind: 'wait', at: leftUntil };
  if (isPreferred) return step;
  const until = view?.lease.until;
  const over = view === undefined ? watchedSince : until === 'given_back' ? view.heldSince : (until ?? watchedSince);
  const at = plus(millis(Math.max(over, watchedSince)), GRACE);
  return at <= now ? step : { kind: 'wait', at };
}

/** How long who would serve a shard has the first turn. */
export const GRACE: Millis = plus(LEASE, LEASE_SKEW);
