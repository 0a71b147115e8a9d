import type { Clock, Log } from '../base/ports.ts';
import { days, hours, minutes, seconds } from '../base/time.ts';
import { peerKey } from './rate.ts';
import type { Rate } from './surface.ts';

/** Wrong tries of one peer that cost it nothing; */
export const FREE_TRIES = 5;
/** the wait after the next, which doubles with each further one, */
export const FIRST_WAIT = seconds(1);
/** up to this. */
export const LONGEST_WAIT = minutes(15);
/** A peer that held still for this long after its wait begins anew. */
export const FORGIVENESS = hours(1);
/** Wrong tries of all peers together. It refills steadily, so that no wait for it is ever longer than that for one try. */
export const ALL_PEERS: Rate = { burst: 60, perMinute: 30 };
/** Peers whose tries are remembered, and those who got in; the one longest unheard of is forgotten first. */
export const MOST_PEERS = 10_000;
export const MOST_KNOWN = 1000;
/** How long a peer that got in is no stranger. */
export const KNOWN_FOR = days(30);

/** What came of a try. `undecided`: the secret was not judged, so nothing was learnt about it. */
export type Verdict = 'right' | 'wrong' | 'undecided';

/** A try that may begin. */
export interface Try {
  readonly ok: true;
  /** To be called once. */
  end(verdict: Verdict): void;
}

/** One that may not. */
export interface TooEarly {
  readonly ok: false;
  /** Whole seconds after which the peer may try again. */
  readonly wait: number;
}

export interface Throttle {
  /** Lets a try of this peer begin, or says how long it has to wait. */
  enter(peer: string): Try | TooEarly;
  /** Peers remembered. */
  readonly size: number;
}

interface Peer {
  /** Tries that were wrong or are under way: of a thousand at once not one gets ahead of the count. */
  failures: number;
  /** When the next may begin. */
  until: number;
}

/**
 * Slows the guessing of secrets down. Each peer (an IPv6 one by its /64) waits longer with every wrong try; a right one
 * wipes its slate. All peers together have one slowly refilled budget, against guessing from many addresses.
 *
 * Nobody can use that to keep an admin out. The shared budget holds for strangers only: a peer that got in during the last
 * 30 days has but its own slate to answer for. And it guards the login alone: a token sent with the request itself, as a
 * bearer or in the cookie, is looked up and not tried, and the local socket asks for none.
 */
export function throttle(clock: Pick<Clock, 'now'>, log: Log): Throttle {
  const peers = new Map<string, Peer>();
  const known = new Map<string, number>();
  const budget = sharedBudget(clock, log);
  return {
    enter(peer) {
      const key = peerKey(peer);
      const now = clock.now();
      const slate = slateOf(peers, key, now);
      const stranger = now - (known.get(key) ?? Number.NEGATIVE_INFINITY) > KNOWN_FOR;
      const wait = Math.max(slate.until - now, stranger ? budget.wait() : 0);
      if (wait > 0) return { ok: false, wait: Math.ceil(wait / 1000) };
      if (stranger) budget.take();
      charge(slate, 1, now);
      if (slate.failures === FREE_TRIES + 1) log('warn', 'login is slowed down for a peer', { peer: key });
      remember(peers, key, slate, MOST_PEERS);
      return {
        ok: true,
        end(verdict) {
          if (verdict === 'wrong') return;
          if (stranger) budget.giveBack();
          if (verdict === 'undecided') charge(slate, -1, now);
          if (verdict === 'right') remember(known, key, clock.now(), MOST_KNOWN);
          const clean = slate.failures === 0 && peers.get(key) === slate;
          if (verdict === 'right' || clean) peers.delete(key);
        },
      };
    },
    get size() {
      return peers.size;
    },
  };
}

/** Milliseconds to hold still after that many wrong tries. */
export const waitAfter = (failures: number): number =>
  failures < FREE_TRIES ? 0 : Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** (failures - FREE_TRIES));

/** What is held against a peer. A clock that was set back does not make the wait longer than it was. */
function slateOf(peers: ReadonlyMap<string, Peer>, key: string, now: number): Peer {
  const slate = peers.get(key);
  if (slate === undefined || now > slate.until + FORGIVENESS) return { failures: 0, until: now };
  slate.until = Math.min(slate.until, now + waitAfter(slate.failures));
  return slate;
}

function charge(slate: Peer, tries: 1 | -1, now: number): void {
  slate.failures += tries;
  slate.until = now + waitAfter(slate.failures);
}

/** The maps are in order of last use. */
function remember<V>(map: Map<string, V>, key: string, value: V, most: number): void {
  map.delete(key);
  map.set(key, value);
  const oldest = map.size > most ? map.keys().next() : undefined;
  if (oldest?.done === false) map.delete(oldest.value);
}

/** One bucket, kept as the moment at which it will be full again. */
function sharedBudget(clock: Pick<Clock, 'now'>, log: Log) {
  const perTry = 60_000 / ALL_PEERS.perMinute;
  const whole = ALL_PEERS.burst * perTry;
  let fullAt = 0;
  let told = false;
  return {
    /** Milliseconds until there will be a try, if nobody else takes it; 0 or less when there is one. */
    wait(): number {
      const now = clock.now();
      fullAt = Math.min(Math.max(fullAt, now), now + whole);
      const missing = fullAt + perTry - (now + whole);
      if (missing > 0 && !told)
        log('warn', 'login is slowed down for strangers: too many wrong tries from all over', {});
      told = missing > 0 || (told && fullAt > now);
      return missing;
    },
    take() {
      fullAt += perTry;
    },
    giveBack() {
      fullAt -= perTry;
    },
  };
}
