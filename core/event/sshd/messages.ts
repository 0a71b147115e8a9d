import type { Fields } from '../fields.ts';
import type { SshAction } from './actions.ts';
import { accepted, failed, partial, postponed } from './auth.ts';
import { pamError, pamModule, pamSummary } from './pam.ts';
import {
  bannerExchange,
  connectionEnded,
  connectionFrom,
  connectionId,
  disconnecting,
  droppedConnection,
  graceTimeout,
  notAllowed,
  peerThen,
  penalty,
  type Reader,
  rejectedSignature,
  reverseMapping,
  says,
  sessionOf,
  textThenPeer,
  userFromPeer,
} from './readers.ts';

/**
 * sshd's messages by their opening words, OpenSSH 4 to 10. Which end of a message the client's own text can reach
 * decides which end its address is read from; that is the reader's part, and said there.
 */
const MESSAGES: readonly (readonly [opening: string, read: Reader])[] = [
  ['Failed ', failed],
  ['Accepted ', accepted],
  ['Partial ', partial],
  ['Postponed ', postponed],
  ['Invalid user ', invalidUser],
  ['Illegal user ', invalidUser],
  ['input_userauth_request: ', unknownUserRequest],
  ['maximum authentication attempts exceeded for ', userFromPeer('ssh_max_attempts', ' ssh2')],
  ['ROOT LOGIN REFUSED FROM ', peerThen('ssh_root_refused')],
  ['User child ', says('ssh_session')],
  ['User ', notAllowed],
  ['Access denied for user ', says('ssh_auth_refused')],
  ['administratively prohibited connection for ', userFromPeer('ssh_auth_refused')],
  ['Authentication refused', says('ssh_auth_refused')],
  ['Authentication tried for ', says('ssh_auth_refused')],
  ['Authentication key ', says('ssh_auth_refused')],
  ['Refusing certificate ', says('ssh_auth_refused')],
  ['Certificate invalid', says('ssh_auth_refused')],
  ['public key ', rejectedSignature],
  ['refusing ', says('ssh_auth_refused')],
  ['userauth_pubkey: ', says('ssh_auth_refused')],
  ['userauth_hostbased ', says('ssh_auth_refused')],
  ['Timeout before authentication for ', graceTimeout],

  ['Connection closed by ', connectionEnded('ssh_connection_closed')],
  ['Connection reset by ', connectionEnded('ssh_connection_reset')],
  ['Connection from ', connectionFrom],
  ['Connection timed out during banner exchange', says('ssh_bad_banner')],
  ['Disconnected from ', connectionEnded('ssh_connection_closed')],
  ['Disconnecting', disconnecting],
  ['Closing connection to ', peerThen('ssh_connection_closed')],
  ['Received disconnect from ', peerThen('ssh_received_disconnect')],
  ['Timeout, client not responding', clientTimeout],
  ['terminating inactive connection', clientTimeout],
  ['Read error from remote host ', peerThen('ssh_connection_reset')],
  ['Read from socket failed: ', says('ssh_connection_reset')],
  ['Write failed: ', says('ssh_connection_reset')],
  ['drop connection ', droppedConnection],
  ['beginning MaxStartups throttling', says('ssh_throttling')],
  ['in MaxStartups throttling', says('ssh_throttling')],
  ['exited MaxStartups throttling', says('ssh_throttling')],
  ['Maxstartups logging rate-limited', says('ssh_throttling')],
  ['PerSourcePenalties logging rate-limited', says('ssh_throttling')],
  ['srclimit_penalise: ', penalty],
  ['reverse mapping checking ', reverseMapping],
  ['Address ', peerThen('ssh_reverse_mapping')],
  ['Nasty PTR record ', nastyPtr],

  ['Did not receive identification string from ', peerThen('ssh_no_identification')],
  ['Bad protocol version identification ', textThenPeer('ssh_bad_banner', ' from ')],
  ['Bad remote protocol version identification', says('ssh_bad_banner')],
  ['Protocol major versions differ for ', peerThen('ssh_bad_banner')],
  ['Protocol major versions differ', says('ssh_bad_banner')],
  ['scanned from ', peerThen('ssh_bad_banner')],
  ['probed from ', peerThen('ssh_bad_banner')],
  ['kex_exchange_identification: ', says('ssh_bad_banner')],
  ['ssh_exchange_identification: ', says('ssh_bad_banner')],
  ['banner exchange: Connection from ', bannerExchange],
  ['Unable to negotiate with ', peerThen('ssh_negotiation_failed')],
  ['no matching ', says('ssh_negotiation_failed')],
  ['ssh_dispatch_run_fatal: Connection from ', connectionFrom],
  ['Bad packet length ', says('ssh_protocol_error')],
  ['Corrupted MAC on input', says('ssh_protocol_error')],
  ['Corrupted check bytes', says('ssh_protocol_error')],
  ['padding error: ', says('ssh_protocol_error')],
  ['Finished discarding for ', peerThen('ssh_protocol_error')],
  ['dispatch_protocol_error: ', says('ssh_protocol_error')],
  ['dispatch_protocol_ignore: ', says('ssh_protocol_error')],
  ['kex_protocol_error: ', says('ssh_protocol_error')],
  ['Hm, kex protocol error', says('ssh_protocol_error')],

  ['PAM: ', pamError],
  ['PAM ', pamSummary],
  ['Starting session: ', sessionOf(' for ')],
  ['Close session: ', sessionOf('user ')],
  ['subsystem request for ', says('ssh_session')],
  ['Transferred: ', says('ssh_session')],
  ['Received request ', says('ssh_forwarding')],
  ['refused local port forward', says('ssh_forwarding')],
  ['refused streamlocal port forward', says('ssh_forwarding')],
  ['connect_to ', says('ssh_forwarding')],

  ['Server listening on ', says('ssh_server')],
  ['Received signal ', says('ssh_server')],
  ['Received SIGHUP', says('ssh_server')],
  ['Exiting on signal ', says('ssh_server')],
  ['RESTART FAILED', says('ssh_server')],
  ['session process ', says('ssh_server')],
  ['Session process ', says('ssh_server')],
];

const BY_FIRST_WORD: ReadonlyMap<string, typeof MESSAGES> = Map.groupBy(MESSAGES, ([opening]) => firstWord(opening));

const PREAUTH = ' [preauth]';

/**
 * Reads one message of sshd.
 * @param fields takes what the message says
 * @returns undefined when it is none that is known
 */
export function readMessage(message: string, fields: Fields): SshAction | undefined {
  const level = levelOf(message);
  const start = level === undefined ? 0 : level.length + 2;
  const end = message.endsWith(PREAUTH) ? message.length - PREAUTH.length : message.length;
  const text = message.slice(start, end);
  if (text.startsWith('pam_')) return pamModule(text, fields);
  for (const [opening, read] of BY_FIRST_WORD.get(firstWord(text)) ?? []) {
    if (!text.startsWith(opening)) continue;
    const action = read(text.slice(opening.length), fields);
    if (action !== undefined) return action;
  }
  return level === undefined ? undefined : LEVELS[level];
}

const LEVELS: Readonly<Record<string, SshAction>> = {
  error: 'ssh_error',
  fatal: 'ssh_fatal',
  debug1: 'ssh_debug',
  debug2: 'ssh_debug',
  debug3: 'ssh_debug',
};

/** The level that sshd writes before the message, for those that are not informational. */
function levelOf(message: string): string | undefined {
  const first = message.charCodeAt(0);
  if (first !== 0x65 && first !== 0x66 && first !== 0x64) return undefined;
  const colon = message.indexOf(': ');
  const level = colon < 0 ? '' : message.slice(0, colon);
  return Object.hasOwn(LEVELS, level) ? level : undefined;
}

/** Up to the first space, colon or comma. */
function firstWord(text: string): string {
  let end = 0;
  for (; end < text.length; end++) {
    const code = text.charCodeAt(end);
    if (code === 0x20 || code === 0x3a || code === 0x2c) break;
  }
  return text.slice(0, end);
}

function invalidUser(rest: string, fields: Fields): SshAction | undefined {
  fields.userUnknown = true;
  return userFromPeer('ssh_invalid_user')(rest, fields);
}

function unknownUserRequest(rest: string, fields: Fields): SshAction | undefined {
  if (!/^(?:invalid|illegal) user /.test(rest)) return undefined;
  fields.userUnknown = true;
  const user = rest.slice('invalid user '.length);
  if (user !== '') fields.user = user;
  return 'ssh_invalid_user';
}

function clientTimeout(rest: string, fields: Fields): SshAction | undefined {
  const from = ' from ';
  if (rest.startsWith(from)) connectionId(rest.slice(from.length), fields);
  return 'ssh_connection_timeout';
}

function nastyPtr(rest: string, fields: Fields): SshAction | undefined {
  const tail = ', ignoring';
  return textThenPeer('ssh_reverse_mapping', ' is set up for ')(
    rest.endsWith(tail) ? rest.slice(0, -tail.length) : rest,
    fields,
  );
}
