import type { Principal } from '../../../core/api/auth.ts';
import type {
  ClaimRefusal,
  Identity,
  RevokeRefusal,
  Session,
  SessionEntry,
  TokenEntry,
  TokenRefusal,
  TokenRequest,
} from '../../../core/api/identity.ts';
import { fail, ok, type Result } from '../../../core/base/result.ts';
import { hours, millis } from '../../../core/base/time.ts';

export const TOKENS: Readonly<Record<string, Principal>> = {
  'admin-token': { kind: 'token', name: 'operator', scopes: ['admin'], id: 'id-of-operator' },
  'read-token': { kind: 'token', name: 'panel', scopes: ['read'], id: 'id-of-panel' },
  'metrics-token': { kind: 'token', name: 'metrics', scopes: ['metrics'], id: 'id-of-metrics' },
};

export const CSRF = 'csrf-of-the-session';

const SESSION: Principal = { kind: 'session', name: 'operator', scopes: ['admin'], csrf: CSRF, id: 'id-of-session' };

const AT = millis(Date.UTC(2026, 0, 1));

export const TOKEN_ENTRY: TokenEntry = {
  id: 'id-of-operator',
  name: 'operator',
  scopes: ['admin'],
  source: 'api',
  createdAt: AT,
  expiresAt: 'never',
  lastUsedOn: AT,
  state: 'active',
};

const sessionOf = (id: string, tokenId: string, name: string): SessionEntry => ({
  id,
  tokenId,
  name,
  peer: '198.51.100.1',
  createdAt: AT,
  lastSeenAt: AT,
  expiresAt: millis(AT + hours(12)),
});

/** Three tokens, a session with the cookie `session-cookie` and one of another token, the claim code `CODE`. */
export class FakeIdentity implements Identity {
  readonly asked: unknown[] = [];
  claimRefusal: ClaimRefusal | undefined;
  isClaimed = true;
  tokenRefusal: TokenRefusal | undefined;
  revokeRefusal: RevokeRefusal | undefined;
  endRefusal: 'unknown' | 'failed' | undefined;
  open: readonly SessionEntry[] = [
    sessionOf('id-of-session', 'id-of-operator', 'operator'),
    sessionOf('id-of-another', 'id-of-panel', 'panel'),
  ];
  readonly #watchers = new Map<() => void, Principal>();
  /** Tokens and cookies that were good once. */
  readonly revoked = new Set<string>();
  /** Peers that got in. */
  readonly peers = new Set<string>();
  readonly known = { isKnown: (key: string) => this.peers.has(key), gotIn: (key: string) => void this.peers.add(key) };
  /** Looks at the session that did not count as a use. */
  glances = 0;

  token(raw: string) {
    return Object.hasOwn(TOKENS, raw) && !this.revoked.has(raw) ? TOKENS[raw] : undefined;
  }
  cookie(raw: string, look: 'use' | 'glance' = 'use') {
    if (look === 'glance') this.glances++;
    if (raw === 'session-cookie') return this.revoked.has(raw) ? undefined : SESSION;
    const principal = this.token(raw);
    return principal && { ...principal, csrf: `csrf-of-${raw}` };
  }
  claimed() {
    return this.isClaimed;
  }
  claim(code: string, peer: string): Promise<Result<Session, ClaimRefusal>> {
    this.asked.push(['claim', code, peer]);
    const refusal = this.claimRefusal ?? (code === 'CODE' ? undefined : 'wrong');
    return Promise.resolve(
      refusal === undefined ? ok({ ...session, token: 'new-token' }) : fail(refusal, `no: ${refusal}`),
    );
  }
  login(token: string, peer: string): Promise<Result<Session, 'wrong' | 'failed'>> {
    this.asked.push(['login', token, peer]);
    return Promise.resolve(token === 'admin-token' ? ok(session) : fail('wrong', 'wrong token'));
  }
  logout(principal: Principal) {
    this.asked.push(['logout', principal]);
    return Promise.resolve();
  }
  tokens(): readonly TokenEntry[] {
    return [{ ...TOKEN_ENTRY, id: 'id-of-panel', name: 'panel', scopes: ['read'], source: 'config' }, TOKEN_ENTRY];
  }
  createToken(request: TokenRequest) {
    this.asked.push(['createToken', request]);
    const { tokenRefusal: refusal } = this;
    const made = { ...TOKEN_ENTRY, ...request, token: 'new-token' };
    return Promise.resolve(refusal === undefined ? ok(made) : fail(refusal, `no: ${refusal}`));
  }
  revokeToken(id: string) {
    this.asked.push(['revokeToken', id]);
    const { revokeRefusal: refusal } = this;
    return Promise.resolve(refusal === undefined ? ok({ ...TOKEN_ENTRY, id }) : fail(refusal, `no: ${refusal}`));
  }
  sessions() {
    return this.open;
  }
  endSession(id: string) {
    this.asked.push(['endSession', id]);
    const session = this.open.find((one) => one.id === id);
    const refusal = this.endRefusal ?? (session === undefined ? 'unknown' : undefined);
    return Promise.resolve(
      refusal === undefined && session ? ok(session) : fail(refusal ?? 'unknown', `no: ${refusal}`),
    );
  }
  watch(principal: Principal, ended: () => void) {
    this.#watchers.set(ended, principal);
    return () => this.#watchers.delete(ended);
  }

  get watched(): number {
    return this.#watchers.size;
  }
  /** Ends every credential there is. */
  endAll(): void {
    for (const ended of [...this.#watchers.keys()]) ended();
  }
  /** Ends what was given to the holder of this name. */
  end(name: string): void {
    for (const [ended, principal] of [...this.#watchers]) if (principal.name === name) ended();
  }
}

const session: Session = { cookie: 'session-cookie', csrf: CSRF, maxAge: hours(24), principal: SESSION };
