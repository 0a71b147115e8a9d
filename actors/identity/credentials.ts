import type { Principal } from '../../core/api/auth.ts';
import type {
  ClaimRefusal,
  Identity,
  MadeToken,
  RevokeRefusal,
  Session,
  SessionEntry,
  TokenEntry,
  TokenRefusal,
  TokenRequest,
} from '../../core/api/identity.ts';
import type { KnownPeers } from '../../core/api/throttle.ts';
import type { Clock, Log, Random } from '../../core/base/ports.ts';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import type { Millis } from '../../core/base/time.ts';
import { identityKeys } from '../../core/keys/identity-keys.ts';
import type { StoreOp, StorePort } from '../store/index.ts';
import { Claim, type ClaimStanding } from './claim.ts';
import { Endings } from './endings.ts';
import { Acquaintances } from './known-peers.ts';
import { type Live, type SessionLimits, Sessions } from './sessions.ts';
import { draftToken, TokenDesk } from './token-desk.ts';
import { staleUses, storedTokens, storedUses, type Uses } from './token-records.ts';
import { csrfOfToken, type Held, LONGEST_TOKEN, principalOf, publicId, type Token, Tokens } from './tokens.ts';
import { OrderedWriter } from './writer.ts';

export interface CredentialDeps {
  readonly store: StorePort;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly configured: readonly Token[];
  readonly sessions: SessionLimits;
}

export interface OpenedCredentials {
  readonly identity: Identity;
  /** To be printed once; only on an appliance without an admin credential. Valid for 24 h and five tries. */
  readonly claimCode?: string;
  claimStanding(): ClaimStanding;
  /** Stops the timers and waits for what is still to be written. */
  close(): Promise<void>;
}

/** Name under which the admin who claimed the appliance acts. */
const CLAIMED_NAME = 'claimed-admin';

/**
 * Takes up what is stored. Without an admin credential a claim code is made; a code of an earlier start is dead by then.
 * Records that cannot be read open nothing: what is in the config is accepted, the rest counts as somebody else's until
 * a start that can read it, and nobody can claim the appliance in between.
 */
export async function openCredentials(deps: CredentialDeps): Promise<OpenedCredentials> {
  const { clock, random, log } = deps;
  const read = await readStored(deps);
  const secret = read?.secret ?? Buffer.from(random.bytes(32)).toString('hex');
  const holders = holdersFor(deps, read, secret);
  const { tokens, endings, writer } = holders;
  const stored = read !== undefined && (await takeUp(deps, holders)) ? read : undefined;
  const isClaimed = tokens.hasAdmin() || stored === undefined || stored.damaged > 0;
  const claim = new Claim({ clock, random, log, writer }, isClaimed);
  const claimCode = claim.start();
  const due: StoreOp[] = [];
  if (stored !== undefined && stored.secret === undefined) due.push({ put: identityKeys.csrfSecret, value: secret });
  if (stored !== undefined) due.push(...staleUses(stored.uses, (digest) => tokens.has(digest)));
  if (claimCode !== undefined || stored?.oldClaim === true) due.push(...claim.ops());
  if (due.length > 0) await writer.kept(due);
  return {
    identity: new Credentials({ ...holders, clock, random, claim, secret, lifetime: deps.sessions.lifetime }),
    ...(claimCode === undefined ? {} : { claimCode }),
    claimStanding: () => claim.standing(),
    async close() {
      claim.stop();
      endings.stop();
      await writer.settled();
    },
  };
}

/** The tables, filled with the tokens, and who works on them. */
function holdersFor(
  { store, clock, random, log, configured, sessions: limits }: CredentialDeps,
  read: Stored | undefined,
  secret: string,
) {
  const writer = new OrderedWriter(store, log);
  const tokens = new Tokens(secret);
  for (const token of [...(read?.tokens ?? []), ...configured]) tokens.add(token, read?.uses.get(token.digest));
  const idOf = (digest: string): string => publicId(secret, 'session', digest);
  const endings: Endings = new Endings(clock, (id) => {
    const digest = tokens.withId(id)?.digest ?? sessions.withId(id)?.record.token;
    return digest !== undefined && tokens.withDigest(digest, clock.now()) !== undefined;
  });
  const sessions = new Sessions({ clock, random, writer, limits, idOf, onEnd: (id) => endings.end(id) });
  const desk = new TokenDesk({ clock, random, tokens, sessions, endings, writer });
  const known = new Acquaintances({ clock, writer, isInside: (key) => sessions.isFrom(key) });
  return { tokens, sessions, endings, desk, known, writer };
}

interface Stored {
  readonly tokens: readonly Token[];
  /** Token records that are none, any of which may have been the admin's. */
  readonly damaged: number;
  readonly uses: Uses;
  /** Made at the first start and kept, so that a page loaded before a restart can still write after it. */
  readonly secret: string | undefined;
  readonly oldClaim: boolean;
}

/** Undefined when something could not be read. */
async function readStored({ store, log }: CredentialDeps): Promise<Stored | undefined> {
  try {
    const secret = await store.get<unknown>(identityKeys.csrfSecret);
    return {
      ...(await storedTokens(store, log)),
      uses: await storedUses(store),
      secret: typeof secret === 'string' && secret.length === 64 ? secret : undefined,
      oldClaim: (await store.get(identityKeys.claim)) !== undefined,
    };
  } catch (cause) {
    return unreadable(log, cause);
  }
}

/** Sessions, and who got in before. @returns whether they could be read */
async function takeUp(
  { store, clock, log }: CredentialDeps,
  { tokens, sessions, known }: ReturnType<typeof holdersFor>,
): Promise<boolean> {
  try {
    await sessions.load(store, (digest) => tokens.withDigest(digest, clock.now()) !== undefined);
    await known.load(store);
    return true;
  } catch (cause) {
    unreadable(log, cause);
    return false;
  }
}

function unreadable(log: Log, cause: unknown): undefined {
  log('error', 'stored credentials cannot be read; until a restart only tokens of the config are sure to be accepted', {
    cause: messageOf(cause),
  });
}

interface Parts {
  readonly clock: Clock;
  readonly random: Random;
  readonly tokens: Tokens;
  readonly sessions: Sessions;
  readonly claim: Claim;
  readonly desk: TokenDesk;
  readonly known: Acquaintances;
  readonly endings: Endings;
  readonly writer: OrderedWriter;
  /** Of this installation: CSRF tokens of raw tokens and public ids are derived from it. */
  readonly secret: string;
  readonly lifetime: Millis;
}

/** Tokens, sessions and the claim behind the one interface the surfaces ask. */
class Credentials implements Identity {
  readonly #deps: Parts;
  readonly known: KnownPeers;

  constructor(deps: Parts) {
    this.#deps = deps;
    this.known = deps.known;
  }

  token(raw: string): Principal | undefined {
    const token = this.#deps.tokens.find(raw, this.#deps.clock.now());
    return token === undefined ? undefined : this.#used(token, { kind: 'token', id: token.id });
  }

  cookie(raw: string, look: 'use' | 'glance' = 'use'): Principal | undefined {
    if (raw.length > LONGEST_TOKEN) return undefined;
    const { clock, secret, sessions, tokens } = this.#deps;
    const session = look === 'use' ? sessions.seen(raw) : sessions.known(raw);
    if (session !== undefined) {
      const token = tokens.withDigest(session.record.token, clock.now());
      return token && this.#used(token, { kind: 'session', id: session.id, csrf: session.record.csrf });
    }
    const token = tokens.find(raw, clock.now());
    return token && this.#used(token, { kind: 'token', id: token.id, csrf: csrfOfToken(secret, token.digest) });
  }

  claimed(): boolean {
    return this.#deps.claim.claimed();
  }

  claim(code: string, peer: string): Promise<Result<Session, ClaimRefusal>> {
    return this.#deps.claim.attempt(code, peer, (also) => this.#grantAdmin(peer, also));
  }

  async login(raw: string, peer: string): Promise<Result<Session, 'wrong' | 'failed'>> {
    const token = this.#deps.tokens.find(raw, this.#deps.clock.now());
    // A scraper's token, or one of another surface, opens nothing that a browser would show.
    if (token === undefined || !token.scopes.some((scope) => scope === 'read' || scope === 'admin'))
      return fail('wrong', 'wrong token');
    return await this.#openSession(token, peer, []);
  }

  /** A failing disk may bring the session back at a restart, for its lifetime at most. */
  async logout({ kind, id = '' }: Principal): Promise<void> {
    if (kind === 'session') await this.#deps.writer.kept(this.#deps.sessions.end(id));
  }

  tokens(): readonly TokenEntry[] {
    return this.#deps.desk.list();
  }

  createToken(request: TokenRequest): Promise<Result<MadeToken, TokenRefusal>> {
    return this.#deps.desk.create(request);
  }

  revokeToken(id: string): Promise<Result<TokenEntry, RevokeRefusal>> {
    return this.#deps.desk.revoke(id);
  }

  sessions(): readonly SessionEntry[] {
    return this.#deps.sessions.list().flatMap((live) => this.#shown(live) ?? []);
  }

  async endSession(id: string): Promise<Result<SessionEntry, 'unknown' | 'failed'>> {
    const live = this.#deps.sessions.withId(id);
    const session = live && this.#shown(live);
    if (session === undefined) return fail('unknown', 'there is no such session');
    const kept = await this.#deps.writer.kept(this.#deps.sessions.end(id));
    return kept.ok
      ? ok(session)
      : fail('failed', 'the session is over, but that could not be stored: a restart may revive it', kept);
  }

  watch({ id }: Principal, ended: () => void): () => void {
    return id === undefined ? () => {} : this.#deps.endings.watch(id, ended);
  }

  /** Undefined for a session whose token is no more. */
  #shown({ id, record, lastSeenAt, expiresAt }: Live): SessionEntry | undefined {
    const token = this.#deps.tokens.withDigest(record.token, this.#deps.clock.now());
    if (token === undefined) return undefined;
    const { createdAt, peer } = record;
    return { id, tokenId: token.id, name: token.name, peer, createdAt, lastSeenAt, expiresAt };
  }

  /** Whom the token speaks for, after a note of the day. */
  #used(token: Held, as: Omit<Principal, 'name' | 'scopes'>): Principal {
    const { tokens, clock, writer } = this.#deps;
    const day = tokens.touch(token.digest, clock.now());
    if (day !== undefined) writer.inBackground([{ put: identityKeys.used(token.digest), value: day }]);
    return principalOf(token, as);
  }

  /** A first admin token and a session with it, in one batch with the end of the claim. */
  async #grantAdmin(peer: string, also: readonly StoreOp[]): Promise<Result<Session, 'failed'>> {
    const draft = draftToken({ name: CLAIMED_NAME, scopes: ['admin'], expiresAt: 'never' }, this.#deps);
    const opened = await this.#openSession(draft.token, peer, [...also, ...draft.ops]);
    if (!opened.ok) return opened;
    this.#deps.tokens.add(draft.token);
    return ok({ ...opened.value, token: draft.raw });
  }

  async #openSession(token: Token, peer: string, also: readonly StoreOp[]): Promise<Result<Session, 'failed'>> {
    const opened = await this.#deps.sessions.open({ token: token.digest, peer }, also);
    if (!opened.ok) return opened;
    const { id, cookie, csrf } = opened.value;
    const principal = principalOf(token, { kind: 'session', id, csrf });
    return ok({ cookie, csrf, maxAge: this.#deps.lifetime, principal });
  }
}
