import type { Principal } from '../../core/api/auth.ts';
import type { ClaimRefusal, Identity, Session } from '../../core/api/identity.ts';
import type { Clock, Log, Random } from '../../core/base/ports.ts';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { identityKeys } from '../../core/keys/identity-keys.ts';
import type { StoreOp, StorePort } from '../store/index.ts';
import { Claim } from './claim.ts';
import { sha256 } from './effects.ts';
import { SESSION_LIFETIME, Sessions } from './sessions.ts';
import {
  csrfOfToken,
  LONGEST_TOKEN,
  principalOf,
  storedTokens,
  type Token,
  type TokenRecord,
  Tokens,
} from './tokens.ts';
import { OrderedWriter } from './writer.ts';

export interface CredentialDeps {
  readonly store: StorePort;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly configured: readonly Token[];
}

export interface OpenedCredentials {
  readonly identity: Identity;
  /** To be printed once; only on an appliance without an admin credential. Valid for 24 h and five tries. */
  readonly claimCode?: string;
  /** Stops the timers and waits for what is still to be written. */
  close(): Promise<void>;
}

/** Marks our tokens, so that a leaked one is recognised for what it is. */
const TOKEN_PREFIX = 'bzt_';
/** Name under which the admin who claimed the appliance acts. */
const CLAIMED_NAME = 'claimed-admin';

/**
 * Takes up what is stored. Without an admin credential a claim code is made; a code of an earlier start is dead by then.
 * Records that cannot be read open nothing: what is in the config is accepted, the rest counts as somebody else's until
 * a start that can read it, and nobody can claim the appliance in between.
 */
export async function openCredentials(deps: CredentialDeps): Promise<OpenedCredentials> {
  const { store, clock, random, log } = deps;
  const tokens = new Tokens();
  const writer = new OrderedWriter(store, log);
  const sessions = new Sessions({ clock, random, writer });
  const stored = await takeUp(deps, tokens, sessions);
  for (const token of deps.configured) tokens.add(token);
  const isClaimed = tokens.hasAdmin() || (stored?.mayBeClaimed ?? true);
  const claim = new Claim({ clock, random, log, writer }, isClaimed);
  const claimCode = claim.start();
  const csrfSecret = stored?.csrfSecret ?? Buffer.from(random.bytes(32)).toString('hex');
  const due: StoreOp[] = [];
  if (stored !== undefined && stored.csrfSecret === undefined) {
    due.push({ put: identityKeys.csrfSecret, value: csrfSecret });
  }
  if (claimCode !== undefined || stored?.oldClaim === true) due.push(...claim.ops());
  if (due.length > 0) await writer.kept(due);
  return {
    identity: new Credentials({ clock, random, tokens, sessions, claim, csrfSecret }),
    ...(claimCode === undefined ? {} : { claimCode }),
    async close() {
      claim.stop();
      await writer.settled();
    },
  };
}

interface Stored {
  /** A token record is damaged, which may have been the admin's. */
  readonly mayBeClaimed: boolean;
  /** Made at the first start and kept, so that a page loaded before a restart can still write after it. */
  readonly csrfSecret: string | undefined;
  readonly oldClaim: boolean;
}

/** Fills the tables from the store; undefined when something could not be read. */
async function takeUp(
  { store, clock, log, configured }: CredentialDeps,
  tokens: Tokens,
  sessions: Sessions,
): Promise<Stored | undefined> {
  try {
    const made = await storedTokens(store, log);
    for (const token of made.tokens) tokens.add(token);
    const known = new Set(configured.map(({ digest }) => digest));
    const isGood = (digest: string) => known.has(digest) || tokens.withDigest(digest, clock.now()) !== undefined;
    await sessions.load(store, isGood);
    const csrfSecret = await store.get<unknown>(identityKeys.csrfSecret);
    return {
      mayBeClaimed: made.damaged > 0,
      csrfSecret: typeof csrfSecret === 'string' && csrfSecret.length === 64 ? csrfSecret : undefined,
      oldClaim: (await store.get(identityKeys.claim)) !== undefined,
    };
  } catch (cause) {
    log(
      'error',
      'stored credentials cannot be read; until a restart only tokens of the config are sure to be accepted',
      {
        cause: messageOf(cause),
      },
    );
    return undefined;
  }
}

interface Parts {
  readonly clock: Clock;
  readonly random: Random;
  readonly tokens: Tokens;
  readonly sessions: Sessions;
  readonly claim: Claim;
  readonly csrfSecret: string;
}

/** Tokens, sessions and the claim behind the one interface the surfaces ask. */
class Credentials implements Identity {
  readonly #deps: Parts;

  constructor(deps: Parts) {
    this.#deps = deps;
  }

  token(raw: string): Principal | undefined {
    const token = this.#deps.tokens.find(raw, this.#deps.clock.now());
    return token === undefined ? undefined : principalOf(token, 'token');
  }

  cookie(raw: string, look: 'use' | 'glance' = 'use'): Principal | undefined {
    if (raw.length > LONGEST_TOKEN) return undefined;
    const { clock, csrfSecret, sessions, tokens } = this.#deps;
    const session = look === 'use' ? sessions.seen(raw) : sessions.known(raw);
    if (session !== undefined) {
      const token = tokens.withDigest(session.token, clock.now());
      return token === undefined ? undefined : principalOf(token, 'session', session.csrf);
    }
    const token = tokens.find(raw, clock.now());
    return token === undefined ? undefined : principalOf(token, 'token', csrfOfToken(csrfSecret, token.digest));
  }

  claimed(): boolean {
    return this.#deps.claim.claimed();
  }

  claim(code: string, peer: string): Promise<Result<Session, ClaimRefusal>> {
    return this.#deps.claim.attempt(code, peer, (also) => this.#grantAdmin(peer, also));
  }

  async login(raw: string, peer: string): Promise<Result<Session, 'wrong' | 'failed'>> {
    const token = this.#deps.tokens.find(raw, this.#deps.clock.now());
    // A scraper's token opens /metrics and nothing that a browser would show.
    if (token === undefined || token.scope === 'metrics') return fail('wrong', 'wrong token');
    return await this.#openSession(token, peer, []);
  }

  async logout({ kind, csrf }: Principal): Promise<void> {
    if (kind === 'session' && csrf !== undefined) await this.#deps.sessions.close(csrf);
  }

  /** A first admin token and a session with it, in one batch with the end of the claim. */
  async #grantAdmin(peer: string, also: readonly StoreOp[]): Promise<Result<Session, 'failed'>> {
    const { clock, random, tokens } = this.#deps;
    const raw = TOKEN_PREFIX + Buffer.from(random.bytes(32)).toString('base64url');
    const record: TokenRecord = { name: CLAIMED_NAME, scope: 'admin', createdAt: clock.now(), expiresAt: 'never' };
    const token: Token = { digest: sha256(raw), name: record.name, scope: record.scope, expiresAt: record.expiresAt };
    const opened = await this.#openSession(token, peer, [
      ...also,
      { put: identityKeys.token(token.digest), value: record },
    ]);
    if (!opened.ok) return opened;
    tokens.add(token);
    return ok({ ...opened.value, token: raw });
  }

  async #openSession(token: Token, peer: string, also: readonly StoreOp[]): Promise<Result<Session, 'failed'>> {
    const opened = await this.#deps.sessions.open({ token: token.digest, peer }, also);
    if (!opened.ok) return opened;
    const { cookie, csrf } = opened.value;
    return ok({ cookie, csrf, maxAge: SESSION_LIFETIME, principal: principalOf(token, 'session', csrf) });
  }
}
