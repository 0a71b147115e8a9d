import type { Id } from '../base/ids.ts';
import { type Millis, minutes, plus, seconds } from '../base/time.ts';
import type { OrderOf } from './order.ts';
import type { StreamName } from './stream.ts';

/** Which controller serves a shard. */
export interface Lease {
  /** 0 to 63. */
  readonly shard: number;
  /** Name of the controller. */
  readonly holder: string;
  readonly until: Millis | 'given_back';
  /** As of this very word: with each renewal, and as the shard is given back. */
  readonly positions: readonly StreamPosition[];
}

/** The last item of a stream that a controller took. */
export interface StreamPosition {
  /** Serial. */
  readonly appliance: string;
  readonly stream: StreamName;
  readonly epoch: string;
  /** 0: none yet. */
  readonly sequence: number;
}

/** How long a lease is taken or renewed for. */
export const LEASE: Millis = minutes(1);
/** How far the clocks of controllers may lie apart: an end is waited out for so long before a lease is taken over. */
export const LEASE_SKEW: Millis = seconds(10);
/**
 * How long who took a lease waits before it serves: two may take the same one at the same moment, and either has to hear of
 * the other. It is to be longer than the difference in time with which the broker's messages reach two controllers.
 */
export const SETTLE: Millis = seconds(5);

/** How a shard's lease stands, as one controller has heard it. */
export interface LeaseView {
  readonly generation: number;
  /** Of the order. */
  readonly id: Id;
  readonly lease: Lease;
  /** Of all that were heard, also those that counted for nothing: the next one goes beyond. */
  readonly highest: number;
  /** When this controller heard that this holder has it, by its own clock. */
  readonly heldSince: Millis;
}

/**
 * What an accepted lease order changes. `older`: nothing; `overwritten`: nothing here, but the broker keeps the wrong one: its holder
 * renews at once; `too_early`: the holder's time was not over, so it counts for nothing, and the holder renews at once as well.
 */
export type LeaseNews = 'heard' | 'older' | 'overwritten' | 'too_early';

/**
 * Hears a lease. Every controller hears every lease and comes to the same holder: the highest generation has it, and of two
 * of the same generation the one with the smaller id. A take-over has to wait for the end of the lease that it follows; where others
 * came between that were not heard here, whoever made it knew them. A broker that keeps the lease of one from the other can have two
 * serve a shard: that costs messages and changes nothing, as orders are done once and items are taken by their numbers.
 * Who gives a lease back stops to serve before it says so.
 */
export function hear(
  view: LeaseView | undefined,
  order: OrderOf<'lease'>,
  now: Millis,
): { readonly view: LeaseView; readonly news: LeaseNews } {
  const { generation, id, lease } = order;
  const goesOn = view?.lease.holder === lease.holder && isRunning(view.lease, now);
  const highest = Math.max(view?.highest ?? 0, generation);
  const heard: LeaseView = { generation, id, lease, highest, heldSince: goesOn ? view.heldSince : now };
  if (view === undefined) return { view: heard, news: 'heard' };
  const unheard = { ...view, highest };
  if (generation < view.generation || id === view.id) return { view: unheard, news: 'older' };
  if (generation === view.generation) {
    return id < view.id ? { view: heard, news: 'heard' } : { view: unheard, news: 'overwritten' };
  }
  const isTakeOver = lease.holder !== view.lease.holder && isRunning(view.lease, now);
  const isNext = generation === view.generation + 1;
  return isNext && isTakeOver ? { view: unheard, news: 'too_early' } : { view: heard, news: 'heard' };
}

/** What a controller that wants a shard may do about it now. `keep`, `wait`: look again at `at`. */
export type LeaseStep =
  | { readonly kind: 'take' }
  | { readonly kind: 'renew' }
  | { readonly kind: 'keep' | 'wait'; readonly at: Millis };

/** @param view what was heard, once the broker has said what it keeps; undefined: it keeps none */
export function nextStep(view: LeaseView | undefined, me: string, now: Millis): LeaseStep {
  if (view === undefined || view.lease.until === 'given_back') return { kind: 'take' };
  const { holder, until } = view.lease;
  if (holder === me && isRunning(view.lease, now)) {
    const at = (until - LEASE / 2) as Millis;
    return at <= now ? { kind: 'renew' } : { kind: 'keep', at };
  }
  const free = holder === me ? until : plus(until, LEASE_SKEW);
  return free <= now ? { kind: 'take' } : { kind: 'wait', at: free };
}

/** Whether a controller may serve the shard now: it has the lease, and nobody else has said so since it took it. */
export const holds = (view: LeaseView | undefined, me: string, now: Millis): boolean =>
  view?.lease.holder === me && isRunning(view.lease, now) && view.heldSince + SETTLE <= now;

/** The next lease order of a shard: generation and body. */
export const leaseFor = (
  view: LeaseView | undefined,
  shard: number,
  me: string,
  until: Lease['until'],
  positions: readonly StreamPosition[],
): { readonly generation: number; readonly lease: Lease } => ({
  generation: (view?.highest ?? 0) + 1,
  lease: { shard, holder: me, until, positions },
});

const isRunning = ({ until }: Lease, now: Millis): boolean => until !== 'given_back' && now < until;
