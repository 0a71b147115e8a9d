import type { Clock, Random } from '../../core/base/ports.ts';
import { fail, ok, type Result } from '../../core/base/result.ts';
import { hasPassed, hours, type Millis, minutes, plus } from '../../core/base/time.ts';
import { identityKeys } from '../../core/keys/identity-keys.ts';
import type { StoreOp, StorePort } from '../store/index.ts';
import { sha256 } from './effects.ts';
import type { OrderedWriter } from './writer.ts';

/** A session ends when it was idle this long, */
export const IDLE_LIFETIME = hours(12);
/** and at this age at the latest, which is the cookie's Max-Age too. */
export const SESSION_LIFETIME = hours(24);
/** Beyond it the session that was idle longest gives way. */
export const MOST_SESSIONS = 1000;
/** How stale `lastSeenAt` on disk may be. */
const SEEN_INTERVAL = minutes(1);

/** A session as it is kept, under the SHA-256 of its cookie. */
export interface SessionRecord {
  /** Digest of the token that logged in; its scope is the session's, and the session ends with it. */
  readonly token: string;
  readonly csrf: string;
  readonly createdAt: Millis;
  readonly lastSeenAt: Millis;
  /** Where the login came from; shown, not enforced: addresses change under mobile clients. */
  readonly peer: string;
}

interface Live {
  readonly digest: string;
  readonly record: SessionRecord;
  lastSeenAt: Millis;
  storedAt: Millis;
}

export interface SessionsDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly writer: OrderedWriter;
}

/** Sessions in memory, because every request asks; the store follows. */
export class Sessions {
  readonly #deps: SessionsDeps;
  readonly #byDigest = new Map<string, Live>();

  constructor(deps: SessionsDeps) {
    this.#deps = deps;
  }

  /** Takes up the stored sessions that are still good and deletes the others. */
  async load(store: StorePort, isGood: (token: string) => boolean): Promise<void> {
    const dead: StoreOp[] = [];
    for await (const [key, record] of store.entries<unknown>(identityKeys.sessions)) {
      const digest = identityKeys.sessionDigest(key);
      const live = isSessionRecord(record) ? asLive(digest, record) : undefined;
      if (live === undefined || this.#isOver(live) || !isGood(live.record.token)) dead.push({ del: key });
      else this.#byDigest.set(digest, live);
    }
    dead.push(...this.#makeRoom(0));
    if (dead.length > 0) this.#deps.writer.inBackground(dead);
  }

  /**
   * Opens a session; it exists once the store has it.
   * @param also written in the same batch
   */
  async open(
    { token, peer }: { readonly token: string; readonly peer: string },
    also: readonly StoreOp[] = [],
  ): Promise<Result<{ readonly cookie: string; readonly csrf: string }, 'failed'>> {
    const { clock, random, writer } = this.#deps;
    const cookie = Buffer.from(random.bytes(32)).toString('base64url');
    const csrf = Buffer.from(random.bytes(32)).toString('hex');
    const now = clock.now();
    const record: SessionRecord = { token, csrf, createdAt: now, lastSeenAt: now, peer };
    const digest = sha256(cookie);
    const kept = await writer.kept([
      ...also,
      ...this.#makeRoom(1),
      { put: identityKeys.session(digest), value: record },
    ]);
    if (!kept.ok) return fail('failed', 'the session could not be stored', kept);
    this.#byDigest.set(digest, asLive(digest, record));
    return ok({ cookie, csrf });
  }

  /** The session of this cookie, which has now been seen; undefined when there is none or it is over. */
  seen(cookie: string): SessionRecord | undefined {
    const live = this.#find(cookie);
    if (live !== undefined) this.#touch(live);
    return live?.record;
  }

  /** The same without counting as a use. */
  known(cookie: string): SessionRecord | undefined {
    return this.#find(cookie)?.record;
  }

  /** Ends the session with this CSRF token. A failing disk may bring it back at a restart, for a day at most. */
  async close(csrf: string): Promise<void> {
    const live = [...this.#byDigest.values()].find(({ record }) => record.csrf === csrf);
    if (live !== undefined) await this.#deps.writer.kept(this.#forget(live));
  }

  get count(): number {
    return this.#byDigest.size;
  }

  #find(cookie: string): Live | undefined {
    const live = this.#byDigest.get(sha256(cookie));
    if (live === undefined || !this.#isOver(live)) return live;
    this.#deps.writer.inBackground(this.#forget(live));
    return undefined;
  }

  #touch(live: Live): void {
    const now = this.#deps.clock.now();
    live.lastSeenAt = now;
    // The clock may have been set back: a difference either way is written.
    if (Math.abs(now - live.storedAt) < SEEN_INTERVAL) return;
    live.storedAt = now;
    const value: SessionRecord = { ...live.record, lastSeenAt: now };
    this.#deps.writer.inBackground([{ put: identityKeys.session(live.digest), value }]);
  }

  #isOver({ lastSeenAt, record }: Live): boolean {
    const now = this.#deps.clock.now();
    return hasPassed(plus(lastSeenAt, IDLE_LIFETIME), now) || hasPassed(plus(record.createdAt, SESSION_LIFETIME), now);
  }

  /** Removes what is over, then the longest idle, until `wanted` more fit. */
  #makeRoom(wanted: number): StoreOp[] {
    const over = [...this.#byDigest.values()].filter((live) => this.#isOver(live));
    const ops = over.flatMap((live) => this.#forget(live));
    const surplus = this.#byDigest.size + wanted - MOST_SESSIONS;
    if (surplus <= 0) return ops;
    const byIdleness = [...this.#byDigest.values()].sort((a, b) => a.lastSeenAt - b.lastSeenAt);
    return [...ops, ...byIdleness.slice(0, surplus).flatMap((live) => this.#forget(live))];
  }

  #forget({ digest }: Live): StoreOp[] {
    this.#byDigest.delete(digest);
    return [{ del: identityKeys.session(digest) }];
  }
}

const asLive = (digest: string, record: SessionRecord): Live => ({
  digest,
  record,
  lastSeenAt: record.lastSeenAt,
  storedAt: record.lastSeenAt,
});

function isSessionRecord(record: unknown): record is SessionRecord {
  if (typeof record !== 'object' || record === null) return false;
  const { token, csrf, createdAt, lastSeenAt } = record as Partial<SessionRecord>;
  return (
    typeof token === 'string' &&
    typeof csrf === 'string' &&
    csrf !== '' &&
    typeof createdAt === 'number' &&
    typeof lastSeenAt === 'number'
  );
}
