import { type ActionInfo, authFailure, authSuccess, network, networkFailure, server, session } from '../action.ts';

/** What a file server can say that happened; vsftpd and proftpd share the list. */
export const FTP_ACTIONS = {
  ftp_login_failed: authFailure('Wrong password, unknown user, a user who may not log in'),
  ftp_max_attempts: authFailure('Too many tries on one connection, written beside the last ftp_login_failed'),
  ftp_root_refused: authFailure('Root tried to log in'),
  ftp_login: authSuccess('Login'),
  ftp_session: session('Session opened, closed, idle'),
  ftp_file: session('Upload, download, removal, renaming, change of mode; outcome in the message'),
  ftp_connection: network('Connected'),
  ftp_refused: networkFailure('Connection refused: too many, by address, by policy'),
  ftp_protocol_error: networkFailure('No FTP: HTTP or SMTP commands, malformed ones'),
  ftp_server: server('The server itself, and anything else it says'),
} as const satisfies Readonly<Record<string, ActionInfo>>;

export type FtpAction = keyof typeof FTP_ACTIONS;
