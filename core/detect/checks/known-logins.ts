import { days, type Millis } from '../../base/time.ts';
import type { Event } from '../../event/event.ts';
import { type CheckInfo, type Detector, NO_FINDINGS, type StateChange } from '../detector.ts';
import { displayName } from '../display.ts';
import type { Finding } from '../finding.ts';
import { findingIdOf } from '../finding-id.ts';
import { LONGEST_TEXT } from '../sliding/accounts.ts';
import { type SourceGroups, SourceKeys } from '../trail/keys.ts';
import { detached } from '../trail/texts.ts';
import { isCount } from '../trail/trail-codec.ts';
import { LOGIN, reports } from './grants.ts';
import { byMethod, onHost } from './phrases.ts';
import { SSH_LOGIN } from './words.ts';

export interface KnownLoginSettings {
  readonly enabled?: boolean;
  /** From the first login that is judged at all, so long all are only learnt. */
  readonly learning: Millis;
  /** So long a user's source stays known after its last login. */
  readonly remember: Millis;
}

export const KNOWN_LOGIN_PRESETS: KnownLoginSettings = { learning: days(7), remember: days(90) };

export const SSH_LOGIN_UNKNOWN_IP: CheckInfo = {
  name: 'ssh_login_unknown_ip',
  category: LOGIN,
  severity: 'warning',
  description: 'An SSH login succeeds from a source that the user never logged in from, or not for long',
  response: reports('the login succeeded, and people travel'),
};

/** Sources remembered of one user at most; beyond, the one that was not used for longest is forgotten. */
export const MOST_SOURCES = 64;

/** The key of the entry with the time of the first login; no key of a user begins with a space. */
const SINCE_KEY = ' since';

const USER_BYTES = 320;
const SOURCE_BYTES = 160;

interface Known {
  readonly user: string;
  /** Number of the write that made it what it is. */
  turn: number;
  /** Sources with their latest login. */
  readonly sources: Map<string, Millis>;
}

/**
 * Remembers where users log in from, and finds logins from elsewhere.
 *
 * Every successful SSH login with a user and an address counts, by user (whatever the host) and source (the address by its
 * network). The source is known when the user logged in from it less than `remember` before, by event time; a line that
 * comes late does not make the latest login earlier. A login from a source that is not known is a finding, unless it
 * happened less than `learning` after the first login of any user; in either case the source is known from then on.
 *
 * Only who can log in makes it grow. Beyond the memory it may hold, the user who was not written for longest is forgotten.
 */
export class KnownLogins implements Detector {
  readonly name = 'ssh_known_logins';
  readonly checks = [SSH_LOGIN_UNKNOWN_IP];
  readonly #settings: KnownLoginSettings;
  readonly #groups: SourceKeys;
  /** The least recently written first. */
  readonly #users = new Map<string, Known>();
  readonly #changed = new Set<string>();
  #since: Millis | undefined;
  #turn = 0;
  #bytes = 0;

  constructor(settings: KnownLoginSettings, groups: SourceGroups) {
    this.#settings = settings;
    this.#groups = new SourceKeys(groups);
  }

  wants(...[category, action]: Parameters<Detector['wants']>): boolean {
    return category === 'authentication' && SSH_LOGIN.has(action);
  }

  step(event: Event): readonly Finding[] {
    const { at, user, sourceIp } = event;
    if (!SSH_LOGIN.has(event.action) || user === undefined || sourceIp === undefined) return NO_FINDINGS;
    const name = user.slice(0, LONGEST_TEXT);
    const source = this.#groups.nameOf(sourceIp);
    if (this.#since === undefined) {
      this.#since = at;
      this.#changed.add(SINCE_KEY);
    }
    const seen = this.#users.get(name)?.sources.get(source);
    this.#remember(name, source, Math.max(at, seen ?? 0) as Millis);
    const isKnown = seen !== undefined && at < seen + this.#settings.remember;
    return isKnown || at < this.#since + this.#settings.learning ? NO_FINDINGS : [findingOf(event, name, sourceIp)];
  }

  snapshot(): readonly StateChange[] {
    const changes = [...this.#changed].map((key): StateChange => {
      if (key === SINCE_KEY) return [key, this.#since];
      const known = this.#users.get(key.slice(1));
      return [key, known && [known.turn, ...[...known.sources].flat()]];
    });
    this.#changed.clear();
    return changes;
  }

  restore(entries: Iterable<StateChange>): { readonly skipped: number } {
    let skipped = 0;
    const users: Known[] = [];
    for (const [key, value] of entries) {
      if (value === undefined) continue;
      const known = key.startsWith('=') ? readKnown(key.slice(1), value) : undefined;
      if (key === SINCE_KEY && isCount(value)) this.#since = value as Millis;
      else if (known === undefined) skipped++;
      else users.push(known);
    }
    for (const known of users.sort((a, b) => a.turn - b.turn)) {
      this.#users.set(known.user, known);
      this.#bytes += sizeOf(known);
      this.#turn = known.turn;
    }
    return { skipped };
  }

  /** From where a user logs in is no tally. */
  forget(): void {}

  bytes(): number {
    return this.#bytes;
  }

  evict(bytes: number): number {
    let gone = 0;
    for (const [name, known] of this.#users) {
      if (this.#bytes <= bytes) break;
      this.#users.delete(name);
      this.#bytes -= sizeOf(known);
      this.#changed.add(`=${name}`);
      gone++;
    }
    return gone;
  }

  #remember(name: string, source: string, at: Millis): void {
    const before = this.#users.get(name);
    const known: Known = before ?? { user: detached(name), turn: 0, sources: new Map() };
    if (before !== undefined) this.#bytes -= sizeOf(before);
    known.turn = ++this.#turn;
    known.sources.set(known.sources.has(source) ? source : detached(source), at);
    if (known.sources.size > MOST_SOURCES) {
      const [longest] = [...known.sources].reduce((a, b) => (b[1] < a[1] ? b : a));
      known.sources.delete(longest);
    }
    this.#users.delete(known.user);
    this.#users.set(known.user, known);
    this.#bytes += sizeOf(known);
    this.#changed.add(`=${known.user}`);
  }
}

function findingOf(event: Event, user: string, ip: string): Finding {
  const { at, position, provenance } = event;
  const finding = {
    at,
    check: SSH_LOGIN_UNKNOWN_IP.name,
    severity: SSH_LOGIN_UNKNOWN_IP.severity,
    subject: { kind: 'ip', value: ip },
    message: `SSH login as ${displayName(user)}${onHost(event)} from ${ip}${byMethod(event)}: the user is not known to log in from there`,
    firstAt: at,
    count: 1,
    first: position,
    last: position,
    provenance,
  } as const;
  return { id: findingIdOf(finding), ...finding };
}

/** `[turn, source, at, source, at, …]` */
function readKnown(user: string, value: unknown): Known | undefined {
  if (!Array.isArray(value)) return undefined;
  const [turn, ...flat] = value;
  if (!isCount(turn) || flat.length === 0 || flat.length % 2 !== 0) return undefined;
  const sources = new Map<string, Millis>();
  for (let i = 0; i < flat.length; i += 2) {
    const [source, at] = [flat[i], flat[i + 1]];
    if (typeof source !== 'string' || !isCount(at)) return undefined;
    sources.set(source, at as Millis);
  }
  return { user, turn, sources };
}

const sizeOf = ({ user, sources }: Known): number => USER_BYTES + 2 * user.length + sources.size * SOURCE_BYTES;
