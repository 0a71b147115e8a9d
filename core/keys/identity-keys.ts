/** Keys of the credentials. A secret is filed under its SHA-256 (64 hex digits), never under itself. */
const TOKEN = 'identity!token!';
const SESSION = 'identity!session!';
const USED = 'identity!used!';
const KNOWN = 'identity!known!';

const under = (prefix: string) => ({ gte: prefix, lt: `${prefix.slice(0, -1)}"` });

export const identityKeys = {
  token: (digest: string): string => TOKEN + digest,
  tokens: under(TOKEN),
  tokenDigest: (key: string): string => key.slice(TOKEN.length),
  session: (digest: string): string => SESSION + digest,
  sessions: under(SESSION),
  sessionDigest: (key: string): string => key.slice(SESSION.length),
  /**
   * Start of the UTC day on which the token with this digest was last accepted. Apart from the token's own record, so
   * that a late note of its use cannot bring a revoked token back.
   */
  used: (digest: string): string => USED + digest,
  allUsed: under(USED),
  usedDigest: (key: string): string => key.slice(USED.length),
  /** When somebody got in last from a peer: its address, or the /64 of an IPv6 one. */
  known: (peer: string): string => KNOWN + peer,
  allKnown: under(KNOWN),
  knownPeer: (key: string): string => key.slice(KNOWN.length),
  /** The claim code's digest and what has been tried on it. */
  claim: 'identity!claim',
  /** Per-installation secret from which the CSRF token of a raw token in a cookie and the public ids are derived. */
  csrfSecret: 'identity!csrf-secret',
} as const;
