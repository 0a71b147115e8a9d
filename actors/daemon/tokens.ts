import type { Config } from '../../core/config/settings.ts';
import type { ConfiguredToken } from '../identity/index.ts';

/** Name of the admin token that older configurations have as `webui.auth_token`. */
const LEGACY_NAME = 'legacy-auth-token';

/** All tokens that the config names. */
export const tokensOf = (webui: Config['webui']): readonly ConfiguredToken[] => [
  ...webui.tokens,
  ...(webui.metrics_token === undefined
    ? []
    : [{ name: 'metrics', scope: 'metrics' as const, token: webui.metrics_token }]),
  ...(webui.auth_token === undefined ? [] : [{ name: LEGACY_NAME, scope: 'admin' as const, token: webui.auth_token }]),
];
