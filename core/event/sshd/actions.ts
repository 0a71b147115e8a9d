import type { Category, EventOutcome } from '../event.ts';

/** One word of a parser's closed list of actions. */
export interface ActionInfo {
  readonly category: Category;
  readonly outcome: EventOutcome;
  /** The messages it stands for, for the documentation. */
  readonly description: string;
}

const authFailure = (description: string): ActionInfo => ({
  category: 'authentication',
  outcome: 'failure',
  description,
});
const authSuccess = (description: string): ActionInfo => ({
  category: 'authentication',
  outcome: 'success',
  description,
});
const authStep = (description: string): ActionInfo => ({ category: 'authentication', outcome: 'unknown', description });
const session = (description: string): ActionInfo => ({ category: 'session', outcome: 'success', description });
const network = (description: string): ActionInfo => ({ category: 'network', outcome: 'unknown', description });
const networkFailure = (description: string): ActionInfo => ({ category: 'network', outcome: 'failure', description });
const server = (description: string): ActionInfo => ({ category: 'process', outcome: 'unknown', description });
const serverFailure = (description: string): ActionInfo => ({ category: 'process', outcome: 'failure', description });

/** Everything the sshd parser can say that happened. Documentation is generated from here. */
export const SSH_ACTIONS = {
  ssh_failed_password: authFailure('Failed password'),
  ssh_failed_publickey: authFailure('Failed publickey'),
  ssh_failed_keyboard_interactive: authFailure('Failed keyboard-interactive'),
  ssh_failed_none: authFailure('Failed none: the probe with which a client asks for the methods offered'),
  ssh_failed_other: authFailure('Failed by any other method: hostbased, gssapi-with-mic'),
  ssh_accepted_password: authSuccess('Accepted password'),
  ssh_accepted_publickey: authSuccess('Accepted publickey'),
  ssh_accepted_keyboard_interactive: authSuccess('Accepted keyboard-interactive'),
  ssh_accepted_other: authSuccess('Accepted by any other method'),
  ssh_partial: authStep('Partial: one of several required methods succeeded'),
  ssh_postponed: authStep('Postponed: the method needs another round trip'),
  ssh_key_matched: authStep('A key or certificate was found acceptable; the login is not decided yet'),
  ssh_invalid_user: authFailure('Invalid user: the name is unknown to the host'),
  ssh_max_attempts: authFailure('MaxAuthTries exceeded'),
  ssh_auth_abandoned: authFailure('Connection ended before authentication, with a user name already given'),
  ssh_auth_timeout: authFailure('LoginGraceTime passed before authentication'),
  ssh_auth_refused: authFailure(
    'Refused by policy: key options, key revoked, file modes, PAM account, hostbased mismatch',
  ),
  ssh_root_refused: authFailure('Root login refused'),
  ssh_user_not_allowed: authFailure('User not allowed: AllowUsers, DenyUsers, groups, shell, locked account'),
  ssh_pam_failure: authFailure('PAM authentication failure, written beside "Failed …" for the same attempt'),
  ssh_pam_other: authStep('Any other message of a PAM module within sshd'),
  ssh_session_opened: session('PAM session opened'),
  ssh_session_closed: session('PAM session closed'),
  ssh_session: session('Session started, closed, its process, its subsystem, its traffic'),
  ssh_connection: network('Connection accepted'),
  ssh_connection_closed: network('Connection closed by either side, with no user name given or after login'),
  ssh_connection_reset: network('Connection reset'),
  ssh_connection_timeout: networkFailure('Connection or client timed out'),
  ssh_connection_dropped: networkFailure('Connection dropped: MaxStartups, PerSourceMaxStartups, a penalty'),
  ssh_received_disconnect: network('The client sent a disconnect message'),
  ssh_disconnecting: networkFailure('The server disconnects, with its reason'),
  ssh_no_identification: networkFailure('The client closed without identifying itself'),
  ssh_bad_banner: networkFailure('Banner exchange failed: not SSH, wrong version, a scanner'),
  ssh_negotiation_failed: networkFailure('No common algorithm'),
  ssh_protocol_error: networkFailure('Malformed or unexpected packet'),
  ssh_throttling: server('MaxStartups throttling began, goes on, ended'),
  ssh_penalty: networkFailure('PerSourcePenalties: a penalty set or made active'),
  ssh_reverse_mapping: networkFailure('Address and host name do not map to each other'),
  ssh_forwarding: network('Port forwarding requested, refused or failed'),
  ssh_server: server('The server itself: listening, signals, restarts, its children'),
  ssh_error: serverFailure('Any other message at level error'),
  ssh_fatal: serverFailure('Any other message at level fatal'),
  ssh_debug: server('Any message at a debug level'),
} as const satisfies Readonly<Record<string, ActionInfo>>;

export type SshAction = keyof typeof SSH_ACTIONS;
