import { type ActionInfo, authFailure, web, webFailure, webSuccess } from '../action.ts';

/** What an access log says of a request, by its status. */
export const HTTP_ACTIONS = {
  http_request: webSuccess('Status 100 to 399'),
  http_unauthorized: authFailure('Status 401 or 407, with a user name: credentials were sent and refused'),
  http_unauthenticated: webFailure('Status 401 or 407 without a user name: none were sent yet'),
  http_forbidden: webFailure('Status 403'),
  http_not_found: webFailure('Status 404 or 410'),
  http_client_error: webFailure('Any other status 400 to 499'),
  http_malformed: webFailure('Not a request of HTTP at all: TLS to a plain port, the probe of a scanner'),
  http_server_error: webFailure('Status 500 to 599'),
  http_other: web('No status, or another'),
} as const satisfies Readonly<Record<string, ActionInfo>>;

export type HttpAction = keyof typeof HTTP_ACTIONS;

/** What a web server's error log can say; nginx and Apache share the list. */
export const WEB_ERROR_ACTIONS = {
  web_auth_failed: authFailure('Basic or digest authentication failed: wrong password, unknown user'),
  web_forbidden: webFailure('Denied by rule, by permissions, listing of a folder'),
  web_not_found: webFailure('No such file'),
  web_bad_request: webFailure('Malformed or too long request, bad path, no host'),
  web_rate_limited: webFailure('Requests or connections limited'),
  web_tls_failed: webFailure('TLS handshake failed'),
  web_script_error: webFailure('A script or module of the site: PHP, CGI, FastCGI, ModSecurity'),
  web_upstream_error: webFailure('The server behind did not answer as it should'),
  web_client_error: webFailure('Any other message about a client'),
  web_server: web('The server itself'),
} as const satisfies Readonly<Record<string, ActionInfo>>;

export type WebErrorAction = keyof typeof WEB_ERROR_ACTIONS;
