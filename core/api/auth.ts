/** CSM's scopes, which our own endpoints share. */
export type CsmScope = 'read' | 'admin' | 'metrics';

/**
 * What a credential may do: a word of one surface, and worth nothing on any other. CSM's stand bare (`read`), another
 * surface's behind its name (`siem:read`). A surface's `admin` includes all of its others.
 */
export type Scope = CsmScope | `${string}:${string}`;

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

export const mayDo = ({ scopes }: Principal, scope: Scope | 'none'): boolean =>
  scope === 'none' || scopes.includes(scope) || scopes.includes(adminOf(scope));

const adminOf = (scope: Scope): Scope => {
  const colon = scope.indexOf(':');
  return colon < 0 ? 'admin' : `${scope.slice(0, colon)}:admin`;
};

const FORM = /^(?:read|admin|metrics|[a-z][a-z0-9-]{0,31}:[a-z][a-z0-9_.-]{0,63})$/;

export const isScope = (value: unknown): value is Scope => typeof value === 'string' && FORM.test(value);
