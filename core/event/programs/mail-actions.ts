import {
  type ActionInfo,
  authFailure,
  authStep,
  authSuccess,
  network,
  networkFailure,
  server,
  session,
} from '../action.ts';

/** What dovecot can say that happened. */
export const MAIL_ACTIONS = {
  mail_login_failed: authFailure(
    'A login process ends a connection on which authentication failed; repeats says how often. Count these',
  ),
  mail_login: authSuccess('Login, Logged in'),
  mail_login_aborted: network('A connection ended before authentication was tried or done'),
  mail_login_refused: authFailure(
    'Refused before the password was looked at: TLS required, login disabled, no permission',
  ),
  mail_auth_failed: authFailure(
    'The authentication process: wrong password, disallowed name. Written for each try when auth_verbose is on, beside mail_login_failed',
  ),
  mail_auth_user_unknown: authFailure(
    'The authentication process: unknown to one of its databases; as mail_auth_failed',
  ),
  mail_auth_other: authStep('Any other message of the authentication process'),
  mail_session: session('A session after login: ended, its traffic'),
  mail_tls_failed: networkFailure('TLS handshake failed'),
  mail_server: server('Any other message of dovecot'),
} as const satisfies Readonly<Record<string, ActionInfo>>;

export type MailAction = keyof typeof MAIL_ACTIONS;
