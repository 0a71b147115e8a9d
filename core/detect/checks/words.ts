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

/** What sudo and su write themselves; PAM's lines beside it say the same. */
export const SUDO_FAILURE = 'sudo_auth_failure';
export const SU_FAILURE = 'su_failure';

/** What a packet filter's log rule that drops writes. */
export const PACKET_DROPPED = 'nft_drop';

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

/** Where a failed login says no service: what the program that wrote it serves. */
const FAILURES: ReadonlyMap<string, LoginService> = new Map([
  ['exim_auth_failure', 'smtp'],
  ['postfix_sasl_failure', 'smtp'],
  ['dovecot_auth_failure', 'mail'],
  ['vsftpd_login_failure', 'ftp'],
  ['proftpd_login_failure', 'ftp'],
]);

/** The family of services that a failed login of a mail or FTP server is at. */
export function loginServiceOf({ service, action, program }: Event): LoginService | undefined {
  // Programs that ask PAM have it write beside their own line.
  if (action.startsWith('pam_') || program === 'sshd') return undefined;
  return (service === undefined ? undefined : SERVICES.get(service)) ?? FAILURES.get(action);
}
