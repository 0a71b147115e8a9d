import {
  type ActionInfo,
  authFailure,
  authSuccess,
  mail,
  mailFailure,
  network,
  networkFailure,
  server,
  serverFailure,
} from '../action.ts';

/** What a mail server can say that happened on its SMTP ports; exim and postfix share the list. */
export const SMTP_ACTIONS = {
  smtp_auth_failed: authFailure('Authentication failed'),
  smtp_auth_aborted: authFailure('Authentication given up, by a mechanism that is not offered, or with nobody to ask'),
  smtp_auth: authSuccess('A message was taken from an authenticated client'),
  smtp_lost_after_auth: networkFailure('The client hung up right after AUTH, as password guessers do'),
  smtp_lost_connection: network('Lost connection or timeout after any other command'),
  smtp_too_many_errors: networkFailure('Too many errors, unknown or non-mail commands'),
  smtp_relay_refused: mailFailure('Relaying refused'),
  smtp_recipient_unknown: mailFailure('Recipient unknown'),
  smtp_rejected: mailFailure('Any other rejection: sender, client, greeting, content'),
  smtp_protocol_error: networkFailure('Talks before its turn, sends HTTP or other non-mail commands, a bad greeting'),
  smtp_rate_limited: networkFailure('Too many connections or messages'),
  smtp_tls_failed: networkFailure('TLS handshake failed'),
  smtp_reverse_mapping: networkFailure('Address and host name do not map to each other'),
  smtp_connection: network('Connected, disconnected'),
  smtp_screened: networkFailure('postscreen: listed in a block list, failed a test before the greeting'),
  smtp_message: mail('A message was taken, without authentication'),
  smtp_server: server('The server itself'),
  smtp_server_error: serverFailure('The server itself: warnings and errors that concern no client'),
} as const satisfies Readonly<Record<string, ActionInfo>>;

export type SmtpAction = keyof typeof SMTP_ACTIONS;
