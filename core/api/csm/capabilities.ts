/** What orchestrators may count on; a name is added with the feature, never before it. */
export const CAPABILITIES = [
  'events.sse.v1',
  'bartizan.claim.v1',
  'bartizan.mode.v1',
  'bartizan.tokens.v1',
  'bartizan.sessions.v1',
] as const;
