import { type Actor, ALL_ACTORS, AUTH_ACTORS } from './actors.ts';
import { type Chance, chance } from './chance.ts';
import {
  acceptedKey,
  closedByUser,
  cronSession,
  failedPassword,
  invalidUser,
  type MixedLine,
  newSession,
  type Peer,
  sshSession,
  sudoCommand,
} from './lines.ts';

export interface MixOptions {
  /** Lines in all. */
  readonly lines: number;
  readonly seed: number;
  /** Lines a second. */
  readonly rate?: number;
  /** Sources of the steady attack. */
  readonly attackers?: number;
  /** Of the first line; milliseconds since 1970. */
  readonly start?: number;
  /** Only what stands in the authentication log. */
  readonly isAuthOnly?: boolean;
  /** The rest of the log, in order of time and long enough; instead of the steady attack and daily business made here. */
  readonly rest?: Iterable<MixedLine>;
}

const START = Date.UTC(2026, 10, 21, 10);
const USERS =
  'root admin test oracle ubuntu git postgres pi guest ftpuser deploy jenkins user1 mysql www-data backup'.split(' ');
/** Of all lines, those of actors with a plan. */
const PLANNED = 0.05;

/**
 * The log of a busy host, in order of time; the same seed gives the same.
 *
 * Most of it is a steady attack on sshd among daily business: 55 % failed passwords, 15 % invalid users, 10 % abandoned
 * connections, 10 % logins by key and their sessions, 10 % of other programs, from sources of very unequal zeal. In
 * between act people and attackers with a plan (`actors.ts`): users who mistype, names that try to look like addresses,
 * attackers one below the threshold or exactly one window apart, and at the mail and web server as well.
 */
export function* mixedLog(options: MixOptions): Generator<MixedLine> {
  const { lines, seed, rate = 50, start = START, isAuthOnly = false } = options;
  const random = chance(seed);
  const length = (lines / rate) * 1000;
  const planned = plan(isAuthOnly ? AUTH_ACTORS : ALL_ACTORS, {
    count: Math.floor(lines * PLANNED),
    start,
    length,
    random,
  });
  const rest = (options.rest ?? business({ start, rate, random, ...options }))[Symbol.iterator]();
  let following = rest.next();
  let next = 0;
  for (let i = 0; i < lines; i++) {
    const due = planned[next];
    // All that is planned has its place: towards the end nothing else comes in between.
    if (due !== undefined && (following.done || due.at <= following.value.at || lines - i <= planned.length - next)) {
      next++;
      yield due;
      continue;
    }
    if (following.done) return;
    yield following.value;
    following = rest.next();
  }
}

interface Business {
  readonly start: number;
  readonly rate: number;
  readonly random: Chance;
  readonly attackers?: number;
}

/** The steady attack among daily business, without end. */
function* business({ start, rate, random, attackers = 400 }: Business): Generator<MixedLine> {
  const source = sourcesOf(attackers, random);
  for (let at = start, i = 0; ; i++) {
    yield steady(Math.floor(at), i, source, random);
    at += (-Math.log(1 - random.next()) * 1000) / rate;
  }
}

interface PlanOptions {
  readonly count: number;
  readonly start: number;
  readonly length: number;
  readonly random: Chance;
}

/** Actors begin at random moments until there are lines enough. */
function plan(actors: readonly Actor[], { count, start, length, random }: PlanOptions): readonly MixedLine[] {
  const lines: MixedLine[] = [];
  for (let i = 0; lines.length < count; i++) {
    const actor = actors[i % actors.length] as Actor;
    lines.push(...actor(Math.floor((start + random.next() * length) / 1000) * 1000, random));
  }
  return lines.sort((a, b) => a.at - b.at);
}

/** Each twice as likely as the one that is about three times further back. */
function sourcesOf(count: number, { below, next }: Chance): () => string {
  const addresses = Array.from({ length: count }, () => {
    const net = next();
    if (net < 0.2) return `203.0.113.${1 + below(254)}`;
    if (net < 0.4) return `198.51.100.${1 + below(254)}`;
    return net < 0.5 ? `192.0.2.${1 + below(254)}` : `198.${18 + below(2)}.${below(256)}.${1 + below(254)}`;
  });
  return () => addresses[Math.floor(next() ** 2.5 * count)] as string;
}

function steady(at: number, number: number, source: () => string, random: Chance): MixedLine {
  const peer: Peer = { ip: source(), port: 1025 + random.below(60_000) };
  const user = random.oneOf(USERS);
  const kind = random.next();
  if (kind < 0.35) return failedPassword(at, user, peer);
  if (kind < 0.55) return failedPassword(at, `invalid user ${user}`, peer);
  if (kind < 0.7) return invalidUser(at, user, peer);
  if (kind < 0.8) return closedByUser(at, user, peer);
  if (kind < 0.85) return acceptedKey(at, 'ops', { ...peer, ip: `10.20.0.${2 + random.below(12)}` });
  if (kind < 0.9) return sshSession(at, 'ops');
  if (kind < 0.94) return cronSession(at);
  return kind < 0.97 ? sudoCommand(at) : newSession(at, number);
}

/** The lines' text in chunks of about `size` bytes, each line ended. */
export function* chunksOf(lines: Iterable<MixedLine>, size = 64 * 1024): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  let text = '';
  for (const line of lines) {
    text += `${line.text}\n`;
    if (text.length < size) continue;
    yield encoder.encode(text);
    text = '';
  }
  yield encoder.encode(text);
}
