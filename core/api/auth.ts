/** What a credential may do. `admin` includes `read` and `metrics`. */
export type Scope = 'read' | 'admin' | 'metrics';

/** Who is asking, as proven. */
export interface Principal {
  readonly kind: 'token' | 'session' | 'local' | 'anonymous';
  /** Token name, or `root` on the local socket. Goes into the audit log. */
  readonly name: string;
  readonly scopes: readonly Scope[];
  /** Public id of the token or session, as the lists show it. */
  readonly id?: string;
  /**
   * The CSRF token a write must carry when the browser sent the credential by itself, that is as a cookie: of the
   * session, or derived from a raw token in the cookie. Absent for a bearer token and on the local socket.
   */
  readonly csrf?: string;
}

export const ANONYMOUS: Principal = { kind: 'anonymous', name: '', scopes: [] };

export const mayDo = (principal: Principal, scope: Scope | 'none'): boolean =>
  scope === 'none' || principal.scopes.includes(scope) || principal.scopes.includes('admin');
