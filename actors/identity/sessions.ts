import { peerKey } from '../../core/api/rate.ts';
import type { Clock, Random } from '../../core/base/ports.ts';
import { fail, ok, type Result } from '../../core/base/result.ts';
import { hasPassed, type Millis, millis, minutes, plus } from '../../core/base/time.ts';
import { Turns } from '../../core/base/turns.ts';
import { identityKeys } from '../../core/keys/identity-keys.ts';
import type { StoreOp, StorePort } from '../store/index.ts';
import { sha256 } from './effects.ts';
import type { OrderedWriter } from './writer.ts';

/** Beyond it the session that was idle longest gives way; */
export const MOST_SESSIONS = 1000;
/** beyond this one of the same token does, so that nobody can push out the sessions of others. */
export const MOST_OF_ONE_TOKEN = 100;
/** How stale `lastSeenAt` on disk may be. */
const SEEN_INTERVAL = minutes(1);

export interface SessionLimits {
  /** A session ends when it was not used for this long, */
  readonly idle: Millis;
  /** and at this age at the latest, which is the cookie's Max-Age too. */
  readonly lifetime: Millis;
}

/** A session as it is kept, under the SHA-256 of its cookie. */
export interface SessionRecord {
  /** Digest of the token that logged in; its scopes are the session's, and the session ends with it. */
  readonly token: string;
  readonly csrf: string;
  readonly createdAt: Millis;
  readonly lastSeenAt: Millis;
  /** Where the login came from; shown, not enforced: addresses change under mobile clients. */
  readonly peer: string;
}

/** A session that is not over. */
export interface Live {
  readonly id: string;
  readonly record: SessionRecord;
  readonly lastSeenAt: Millis;
  readonly expiresAt: Millis;
}

/** Digest of the token, and where the login came from. */
export type Login = Pick<SessionRecord, 'token' | 'peer'>;

/** What only who logged in may know. */
export interface OpenedSession {
  readonly id: string;
  readonly cookie: string;
  readonly csrf: string;
}

interface Entry {
  readonly digest: string;
  readonly id: string;
  readonly record: SessionRecord;
  readonly peerKey: string;
  lastSeenAt: Millis;
  storedAt: Millis;
}

export interface SessionsDeps {
  readonly clock: Clock;
  readonly random: Random;
  readonly writer: OrderedWriter;
  readonly limits: SessionLimits;
  readonly idOf: (digest: string) => string;
  /** Told of every session that ends, by its public id. */
  readonly onEnd: (id: string) => void;
}

/** Sessions in memory, because every request asks; the store follows. */
export class Sessions {
  readonly #deps: SessionsDeps;
  /** One is opened at a time: each makes room for itself, then waits for the disk. */
  readonly #turns = new Turns();
  readonly #byDigest = new Map<string, Entry>();
  readonly #byId = new Map<string, Entry>();

  constructor(deps: SessionsDeps) {
    this.#deps = deps;
  }

  /** Takes up the stored sessions that are still good and deletes the others. */
  async load(store: StorePort, isGood: (token: string) => boolean): Promise<void> {
    const dead: StoreOp[] = [];
    for await (const [key, record] of store.entries<unknown>(identityKeys.sessions)) {
      const digest = identityKeys.sessionDigest(key);
      const entry = isSessionRecord(record) ? this.#entry(digest, record) : undefined;
      if (entry === undefined || this.#isOver(entry) || !isGood(entry.record.token)) dead.push({ del: key });
      else this.#add(entry);
    }
    dead.push(...this.#makeRoom(MOST_SESSIONS));
    if (dead.length > 0) this.#deps.writer.inBackground(dead);
  }

  /**
   * Opens a session; it exists once the store has it.
   * @param also written in the same batch
   */
  open(login: Login, also: readonly StoreOp[] = []): Promise<Result<OpenedSession, 'failed'>> {
    return this.#turns.run(() => this.#open(login, also));
  }

  async #open({ token, peer }: Login, also: readonly StoreOp[]): Promise<Result<OpenedSession, 'failed'>> {
    const { clock, random, writer } = this.#deps;
    const cookie = Buffer.from(random.bytes(32)).toString('base64url');
    const csrf = Buffer.from(random.bytes(32)).toString('hex');
    const now = clock.now();
    const record: SessionRecord = { token, csrf, createdAt: now, lastSeenAt: now, peer };
    const entry = this.#entry(sha256(cookie), record);
    const kept = await writer.kept([
      ...also,
      ...this.#makeRoom(MOST_OF_ONE_TOKEN - 1, token),
      ...this.#makeRoom(MOST_SESSIONS - 1),
      { put: identityKeys.session(entry.digest), value: record },
    ]);
    if (!kept.ok) return fail('failed', 'the session could not be stored', kept);
    this.#add(entry);
    return ok({ id: entry.id, cookie, csrf });
  }

  /** The session of this cookie, which has now been seen; undefined when there is none or it is over. */
  seen(cookie: string): Pick<Live, 'id' | 'record'> | undefined {
    const entry = this.#find(cookie);
    if (entry !== undefined) this.#touch(entry);
    return entry;
  }

  /** The same without counting as a use. */
  known(cookie: string): Pick<Live, 'id' | 'record'> | undefined {
    return this.#find(cookie);
  }

  /** Sessions that are not over, newest first. */
  list(): readonly Live[] {
    return [...this.#byDigest.values()]
      .filter((entry) => !this.#isOver(entry))
      .map((entry) => this.#shown(entry))
      .sort((a, b) => b.record.createdAt - a.record.createdAt);
  }

  /** The session with this public id, unless it is over. */
  withId(id: string): Live | undefined {
    const entry = this.#byId.get(id);
    return entry === undefined || this.#isOver(entry) ? undefined : this.#shown(entry);
  }

  /** Whether a session that is not over began at this peer, as `peerKey` has it. */
  isFrom(peer: string): boolean {
    return [...this.#byDigest.values()].some((entry) => entry.peerKey === peer && !this.#isOver(entry));
  }

  /** Ends this session at once. @returns what is to be written for it to stay so */
  end(id: string): readonly StoreOp[] {
    const entry = this.#byId.get(id);
    return entry === undefined ? [] : this.#forget(entry);
  }

  /** As `end`, for every session that this token made. */
  endOf(token: string): readonly StoreOp[] {
    return this.#forgetAll(({ record }) => record.token === token);
  }

  get count(): number {
    return this.#byDigest.size;
  }

  #find(cookie: string): Entry | undefined {
    const entry = this.#byDigest.get(sha256(cookie));
    if (entry === undefined || !this.#isOver(entry)) return entry;
    this.#deps.writer.inBackground(this.#forget(entry));
    return undefined;
  }

  #entry(digest: string, record: SessionRecord): Entry {
    const { lastSeenAt } = record;
    const id = this.#deps.idOf(digest);
    return { digest, id, record, peerKey: peerKey(record.peer), lastSeenAt, storedAt: lastSeenAt };
  }

  #add(entry: Entry): void {
    this.#byDigest.set(entry.digest, entry);
    this.#byId.set(entry.id, entry);
  }

  #shown(entry: Entry): Live {
    const { id, record, lastSeenAt } = entry;
    return { id, record, lastSeenAt, expiresAt: this.#endOf(entry) };
  }

  #touch(entry: Entry): void {
    const now = this.#deps.clock.now();
    entry.lastSeenAt = now;
    // The clock may have been set back: a difference either way is written.
    if (Math.abs(now - entry.storedAt) < SEEN_INTERVAL) return;
    entry.storedAt = now;
    const value: SessionRecord = { ...entry.record, lastSeenAt: now };
    this.#deps.writer.inBackground([{ put: identityKeys.session(entry.digest), value }]);
  }

  #endOf({ lastSeenAt, record }: Entry): Millis {
    const { idle, lifetime } = this.#deps.limits;
    return millis(Math.min(plus(lastSeenAt, idle), plus(record.createdAt, lifetime)));
  }

  /** Or from a future that is further than a session lives: the clock was wrong when it began. */
  #isOver(entry: Entry): boolean {
    const now = this.#deps.clock.now();
    return hasPassed(this.#endOf(entry), now) || entry.record.createdAt > plus(now, this.#deps.limits.lifetime);
  }

  /** Removes what is over, then the longest idle, until at most `most` are left, of one token where one is named. */
  #makeRoom(most: number, token?: string): readonly StoreOp[] {
    const ops = this.#forgetAll((entry) => this.#isOver(entry));
    const counted = [...this.#byDigest.values()].filter(({ record }) => token === undefined || record.token === token);
    const surplus = counted.length - most;
    if (surplus <= 0) return ops;
    const longestIdle = counted.sort((a, b) => a.lastSeenAt - b.lastSeenAt).slice(0, surplus);
    return [...ops, ...longestIdle.flatMap((entry) => this.#forget(entry))];
  }

  #forgetAll(isMeant: (entry: Entry) => boolean): readonly StoreOp[] {
    return [...this.#byDigest.values()].filter(isMeant).flatMap((entry) => this.#forget(entry));
  }

  #forget({ digest, id }: Entry): readonly StoreOp[] {
    this.#byDigest.delete(digest);
    this.#byId.delete(id);
    this.#deps.onEnd(id);
    return [{ del: identityKeys.session(digest) }];
  }
}

function isSessionRecord(record: unknown): record is SessionRecord {
  if (typeof record !== 'object' || record === null) return false;
  const { token, csrf, createdAt, lastSeenAt, peer } = record as Partial<SessionRecord>;
  return (
    typeof token === 'string' &&
    typeof csrf === 'string' &&
    typeof peer === 'string' &&
    csrf !== '' &&
    typeof createdAt === 'number' &&
    typeof lastSeenAt === 'number'
  );
}
