/** Keys of the credentials. A secret is filed under its SHA-256 (64 hex digits), never under itself. */
const TOKEN = 'identity!token!';
const SESSION = 'identity!session!';

const under = (prefix: string) => ({ gte: prefix, lt: `${prefix.slice(0, -1)}"` });

export const identityKeys = {
  token: (digest: string): string => TOKEN + digest,
  tokens: under(TOKEN),
  tokenDigest: (key: string): string => key.slice(TOKEN.length),
  session: (digest: string): string => SESSION + digest,
  sessions: under(SESSION),
  sessionDigest: (key: string): string => key.slice(SESSION.length),
  /** The claim code's digest and what has been tried on it. */
  claim: 'identity!claim',
  /** Per-installation secret from which the CSRF token of a raw token in a cookie is derived. */
  csrfSecret: 'identity!csrf-secret',
} as const;
