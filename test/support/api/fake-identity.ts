import type { Principal } from '../../../core/api/auth.ts';
import type { ClaimRefusal, Identity, Session } from '../../../core/api/identity.ts';
import { fail, ok, type Result } from '../../../core/base/result.ts';
import { hours } from '../../../core/base/time.ts';

export const TOKENS: Readonly<Record<string, Principal>> = {
  'admin-token': { kind: 'token', name: 'operator', scopes: ['admin'] },
  'read-token': { kind: 'token', name: 'panel', scopes: ['read'] },
  'metrics-token': { kind: 'token', name: 'metrics', scopes: ['metrics'] },
};

export const CSRF = 'csrf-of-the-session';

const SESSION: Principal = { kind: 'session', name: 'operator', scopes: ['admin'], csrf: CSRF };

/** Three tokens, one session with the cookie `session-cookie`, the claim code `CODE`. */
export class FakeIdentity implements Identity {
  readonly asked: unknown[] = [];
  claimRefusal: ClaimRefusal | undefined;
  isClaimed = true;
  /** Tokens and cookies that were good once. */
  readonly revoked = new Set<string>();
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
}

const session: Session = { cookie: 'session-cookie', csrf: CSRF, maxAge: hours(24), principal: SESSION };
