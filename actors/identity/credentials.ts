import type { Principal } from '../../core/api/auth.ts';
import type { ClaimRefusal, Identity, Session } from '../../core/api/identity.ts';
import type { Clock, Log, Random } from '../../core/base/ports.ts';
import { fail, ok, type Result } from '../../core/base/result.ts';
import { identityKeys } from '../../core/keys/identity-keys.ts';
import type { StoreOp, StorePort } from '../store/port.ts';
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
 * A store that refuses to keep the code is survived: it says so elsewhere, and the code works until this process ends.
 */
export async function openCredentials(deps: CredentialDeps): Promise<OpenedCredentials> {
  const { store, clock, random, log } = deps;
  const tokens = new Tokens();
  for (const token of [...(await storedTokens(store, log)), ...deps.configured]) tokens.add(token);
  const writer = new OrderedWriter(store, log);
  const sessions = new Sessions({ clock, random, writer });
  await sessions.load(store, (token) => tokens.withDigest(token, clock.now()) !== undefined);
  const { csrfSecret, ops } = await csrfSecretOf(store, random);
  const claim = new Claim({ clock, random, log, writer }, tokens.hasAdmin());
  const claimCode = claim.start();
  const isSettled = claimCode === undefined && (await store.get(identityKeys.claim)) === undefined;
  const due = isSettled ? ops : [...ops, ...claim.ops()];
  if (due.length > 0) await writer.durable(due);
  return {
    identity: new Credentials({ clock, random, tokens, sessions, claim, csrfSecret }),
    ...(claimCode === undefined ? {} : { claimCode }),
    async close() {
      claim.stop();
      await writer.settled();
    },
  };
}

/** Made at the first start; kept, so that a page loaded before a restart can still write after it. */
async function csrfSecretOf(
  store: StorePort,
  random: Random,
): Promise<{ readonly csrfSecret: string; readonly ops: readonly StoreOp[] }> {
  const kept = await store.get<unknown>(identityKeys.csrfSecret);
  if (typeof kept === 'string' && kept.length === 64) return { csrfSecret: kept, ops: [] };
  const csrfSecret = Buffer.from(random.bytes(32)).toString('hex');
  return { csrfSecret, ops: [{ put: identityKeys.csrfSecret, value: csrfSecret }] };
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

  cookie(raw: string): Principal | undefined {
    if (raw.length > LONGEST_TOKEN) return undefined;
    const { clock, csrfSecret, sessions, tokens } = this.#deps;
    const session = sessions.seen(raw);
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
