/**
 * The actions that checks go by where category, outcome and service do not say enough: the only place where the words of
 * the parsers' lists stand in this folder.
 */
import type { Event } from '../../event/event.ts';
import type { SshAction } from '../../event/sshd/actions.ts';

/** sshd's `Failed METHOD`, but for the method `none`, with which a client asks what is offered. */
export const SSH_FAILED: ReadonlySet<string> = new Set<SshAction>([
  'ssh_failed_password',
  'ssh_failed_publickey',
  'ssh_failed_keyboard_interactive',
  'ssh_failed_other',
]);

export const SSH_ABANDONED: SshAction = 'ssh_auth_abandoned';

export const SSH_LOGIN: ReadonlySet<string> = new Set<SshAction>([
  'ssh_accepted_password',
  'ssh_accepted_publickey',
  'ssh_accepted_keyboard_interactive',
  'ssh_accepted_other',
]);

/** Actions of sshd alone; those of others about it (PAM as its own program) are not, for they say it a second time. */
export const isSsh = (action: string): boolean => action.startsWith('ssh_');

/** What sudo and su say themselves of a wrong password or a user who may not; PAM's lines beside it say the same. */
export const SUDO_FAILED: ReadonlySet<string> = new Set(['sudo_failed', 'sudo_refused']);
export const SU_FAILED = 'su_failed';

/** What a packet filter's log rule that drops writes. */
export const PACKET_DROPPED = 'packet_dropped';

export type LoginService = 'smtp' | 'mail' | 'ftp';

/** Protocols by the family of services whose logins they are. */
const SERVICES: ReadonlyMap<string, LoginService> = new Map([
  ['smtp', 'smtp'],
  ['smtps', 'smtp'],
  ['submission', 'smtp'],
  ['submissions', 'smtp'],
  ['imap', 'mail'],
  ['imaps', 'mail'],
  ['pop3', 'mail'],
  ['pop3s', 'mail'],
  ['sieve', 'mail'],
  ['managesieve', 'mail'],
  ['ftp', 'ftp'],
  ['ftps', 'ftp'],
]);

/** Where a failed login says no service. */
const FAILURES: ReadonlyMap<string, LoginService> = new Map([
  ['smtp_auth_failed', 'smtp'],
  ['mail_login_failed', 'mail'],
  ['ftp_login_failed', 'ftp'],
]);

/** Failures that another line tells of as well, or in which no password was tried. */
const NOT_COUNTED: ReadonlySet<string> = new Set([
  'mail_auth_failed',
  'mail_auth_user_unknown',
  'mail_login_refused',
  'smtp_auth_aborted',
  'ftp_max_attempts',
]);

/** The family of services that a failed login is at, of a mail or FTP server. */
export function loginServiceOf({ service, action }: Event): LoginService | undefined {
  // Programs that ask PAM have it write beside their own line.
  if (action.startsWith('pam_') || NOT_COUNTED.has(action)) return undefined;
  return (service === undefined ? undefined : SERVICES.get(service)) ?? FAILURES.get(action);
}
