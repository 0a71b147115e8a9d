import { type Fields, setPeer } from '../fields.ts';
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
  ['Account ', says('ssh_user_not_allowed')],
  ['User ', says('ssh_notice')],
  ['Rhosts authentication refused for ', says('ssh_auth_refused')],
  ['Certificate extension ', says('ssh_auth_refused')],
  ['Authentication methods list ', says('ssh_notice')],
  ['Could not open user ', says('ssh_notice')],
  ['Refusing RSA key because ', says('ssh_auth_refused')],
  ['Root login accepted for forced command', says('ssh_key_matched')],
  ['Authorized to ', says('ssh_key_matched')],
  ['GSSAPI MIC check failed', says('ssh_failed_other')],
  ['password change not supported', says('ssh_auth_refused')],
  ['wrong user name passed to monitor', says('ssh_protocol_error')],

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
  ['refused connect from ', refusedByWrapper],
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
  ['Remote version ', says('ssh_negotiation_failed')],
  ['invalid public DH value', says('ssh_protocol_error')],
  ['Badly formed OID received', says('ssh_protocol_error')],
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
  ['Rejected X11 connection', says('ssh_forwarding')],
  ['X11 connection rejected', says('ssh_forwarding')],
  ['bind ', says('ssh_forwarding')],
  ['Changed root directory to ', says('ssh_session')],
  ['Setting tty modes failed', says('ssh_notice')],
  ['Non-public channel ', says('ssh_notice')],
  ['Received window adjust ', says('ssh_notice')],
  ['channel ', says('ssh_notice')],
  ['incoming seqnr wraps around', says('ssh_notice')],
  ['outgoing seqnr wraps around', says('ssh_notice')],
  ['Writing login record failed', says('ssh_notice')],
  ['Attempt to write login records', says('ssh_notice')],
  ['Excess permission or bad ownership on file ', says('ssh_notice')],
  ['Cannot initialize krb5 context', says('ssh_notice')],
  ['tcgetattr: ', says('ssh_notice')],
  ['client ', says('ssh_penalty')],

  ['Server listening on ', says('ssh_server')],
  ['Received signal ', says('ssh_server')],
  ['Received SIGHUP', says('ssh_server')],
  ['Exiting on signal ', says('ssh_server')],
  ['RESTART FAILED', says('ssh_server')],
  ['Unable to load host key', says('ssh_server')],
  ['Unable to shield host key', says('ssh_server')],
  ['sshd: no hostkeys available', says('ssh_server')],
  ['-r option is deprecated', says('ssh_server')],
  ['WARNING: ', says('ssh_server')],
  ['socket', says('ssh_server')],
  ['child ', says('ssh_server')],
  ['session process ', says('ssh_server')],
  ['Session process ', says('ssh_server')],
];

const BY_FIRST_WORD: ReadonlyMap<string, readonly { readonly opening: string; readonly read: Reader }[]> = Map.groupBy(
  MESSAGES.map(([opening, read]) => ({ opening, read })),
  ({ opening }) => firstWord(opening),
);

const NONE: NonNullable<ReturnType<(typeof BY_FIRST_WORD)['get']>> = [];
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
  if (text.startsWith('pam_')) return pamModule(text, fields) ?? furtherMessage(text);
  const candidates = BY_FIRST_WORD.get(firstWord(text)) ?? NONE;
  for (let i = 0; i < candidates.length; i++) {
    const { opening, read } = candidates[i] as (typeof candidates)[number];
    if (!text.startsWith(opening)) continue;
    const action = read(text.slice(opening.length), fields);
    if (action !== undefined) return action;
  }
  if (KEY_OPTIONS.test(text)) return 'ssh_auth_refused';
  return level === undefined ? furtherMessage(text) : LEVELS[level];
}

/** A line of an authorized_keys file that would have let the client in: `/root/.ssh/authorized_keys:3: Authentication tried …` */
const KEY_OPTIONS = /^\/\S*: Authentication tried for /;

/** What begins with the name of the function that says it, or with a number. */
const FURTHER: readonly (readonly [RegExp, SshAction])[] = [
  [/^\d+ active (?:startups|\S+ penalties)/, 'ssh_server'],
  [/^(?:PerSourcePenalties|Penalty|\S+) logging rate-limited: /, 'ssh_throttling'],
  [/^\S+ line \d+: /, 'ssh_server'],
  [/^[a-z][a-z0-9]*(?:_[a-z0-9]+)+(?:\(\))?: /, 'ssh_notice'],
  [/^(?:mkstemp|fchmod|gss_krb5_copy_ccache)\(\)/, 'ssh_notice'],
];

const furtherMessage = (text: string): SshAction | undefined => FURTHER.find(([form]) => form.test(text))?.[1];

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

const unknownUser = userFromPeer('ssh_invalid_user');

function invalidUser(rest: string, fields: Fields): SshAction | undefined {
  fields.userUnknown = true;
  return unknownUser(rest, fields);
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

/** Of libwrap, which Debian's sshd asks: `HOST (ADDRESS)`; an ident user of the client's may stand before the host. */
function refusedByWrapper(rest: string, fields: Fields): SshAction {
  const open = rest.lastIndexOf(' (');
  if (open >= 0 && rest.endsWith(')') && !fields.isCut) setPeer(rest.slice(open + 2, -1), undefined, fields);
  else if (open < 0) setPeer(rest, undefined, fields);
  return 'ssh_connection_dropped';
}
