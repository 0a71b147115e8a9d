import { makeCidr, parseIp } from '../base/ip.ts';
import type { Clock, Log } from '../base/ports.ts';
import { hours, minutes, seconds } from '../base/time.ts';
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
/** Wrong tries of strangers together. It refills steadily, so that no wait for it is ever longer than that for one try. */
export const STRANGERS: Rate = { burst: 60, perMinute: 30 };
/** What of it one network far away may use. */
export const SHARE: Rate = { burst: 10, perMinute: 5 };
/** Peers, and networks, whose tries are remembered; the one longest unheard of is forgotten first. */
export const MOST_PEERS = 10_000;

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

/** Who got in before. What it is told and asked are addresses as `peerKey` has them. */
export interface KnownPeers {
  /** Somebody got in from there within the last 30 days, or is in now. */
  isKnown(key: string): boolean;
  /** Somebody has got in from there. */
  gotIn(key: string): void;
}

export interface ThrottleDeps {
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
  readonly known: KnownPeers;
  /** Whether an address is of the networks around the appliance. */
  readonly isNear: (peer: string) => boolean;
}

/**
 * Slows the guessing of secrets down. Each peer (an IPv6 one by its /64) waits longer with every wrong try; a right one
 * wipes its slate. Against guessing from many addresses the strangers have slowly refilled budgets: those of the networks
 * around the appliance one of their own, all others together one, of which a /24 (IPv6 /48) gets no more than its share.
 *
 * So a storm from outside cannot keep out a peer that got in before (it has but its own slate to answer for), nor one
 * nearby; and a stranger from afar only while it comes from as many networks as it takes to use up the whole budget. The
 * budgets guard the login alone: a token sent with the request itself, as a bearer or in the cookie, is looked up and not
 * tried, and the local socket asks for none.
 */
export function throttle({ clock, log, known, isNear }: ThrottleDeps): Throttle {
  const peers = new Map<string, Peer>();
  const budgets = strangersBudgets(clock, log);
  return {
    enter(peer) {
      const key = peerKey(peer);
      const now = clock.now();
      const slate = slateOf(peers, key, now);
      const budget = known.isKnown(key) ? [] : isNear(peer) ? budgets.near : budgets.far(peer);
      const wait = Math.max(slate.until - now, ...budget.map((bucket) => bucket.wait()));
      if (wait > 0) return { ok: false, wait: Math.ceil(wait / 1000) };
      for (const bucket of budget) bucket.take();
      charge(slate, 1, now);
      if (slate.failures === FREE_TRIES + 1) log('warn', 'login is slowed down for a peer', { peer: key });
      remember(peers, key, slate, MOST_PEERS);
      return {
        ok: true,
        end(verdict) {
          if (verdict === 'wrong') return;
          for (const bucket of budget) bucket.giveBack();
          if (verdict === 'undecided') charge(slate, -1, now);
          if (verdict === 'right') known.gotIn(key);
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

/** What tries of strangers are taken from. */
function strangersBudgets(clock: Pick<Clock, 'now'>, log: Log) {
  const shares = new Map<string, Bucket>();
  const told = (from: string) => () => log('warn', `login is slowed down for strangers ${from}: too many wrong tries`);
  const all = bucketOf(STRANGERS, clock, told('from afar'));
  const near = [bucketOf(STRANGERS, clock, told('nearby'))];
  return {
    near,
    far(peer: string): readonly Bucket[] {
      const prefix = prefixOf(peer);
      const share = shares.get(prefix) ?? bucketOf(SHARE, clock);
      remember(shares, prefix, share, MOST_PEERS);
      return [share, all];
    },
  };
}

/** Whom one operator may have given many addresses: an IPv4 /24, an IPv6 /48. */
function prefixOf(peer: string): string {
  const parsed = parseIp(peer);
  if (!parsed.ok) return peer;
  const { family, bytes } = parsed.value;
  return makeCidr(family, bytes, family === 4 ? 24 : 48).text;
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

interface Bucket {
  /** Milliseconds until there will be a try, if nobody else takes it; 0 or less when there is one. */
  wait(): number;
  take(): void;
  giveBack(): void;
}

/** Kept as the moment at which it will be full again. @param empty called once each time that it runs dry */
function bucketOf({ burst, perMinute }: Rate, clock: Pick<Clock, 'now'>, empty = () => {}): Bucket {
  const perTry = 60_000 / perMinute;
  const whole = burst * perTry;
  let fullAt = 0;
  let told = false;
  return {
    wait() {
      const now = clock.now();
      fullAt = Math.min(Math.max(fullAt, now), now + whole);
      const missing = fullAt + perTry - (now + whole);
      if (missing > 0 && !told) empty();
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
