import type { Event, Parser, RawLine, Unparsed } from './event.ts';
import { SSH_ACTIONS, type SshAction } from './sshd/actions.ts';
import { noFields, readMessage } from './sshd/messages.ts';
import { pamText } from './sshd/pam.ts';
import type { Fields } from './sshd/peer.ts';
import { parseSyslog, type SyslogMessage } from './syslog.ts';
import type { ZoneOffset } from './syslog-time.ts';

const OTHER_PROGRAM: Unparsed = { unparsed: 'other-program' };
const UNKNOWN_MESSAGE: Unparsed = { unparsed: 'unknown-message' };

/** OpenSSH 9.8 split the session, 10.0 the authentication from the listener; old PAM put its module into the tag. */
const PROGRAMS: ReadonlySet<string | undefined> = new Set(['sshd', 'sshd-session', 'sshd-auth']);
const OLD_PAM_TAG = 'sshd(pam_unix)';

/**
 * The parser of OpenSSH's server log: a syslog line (`parseSyslog`) whose program is sshd.
 *
 * The source address is the client's true one or absent, whatever the client put into a user name, a banner, a key id
 * or a disconnect message. Host names give no address.
 * @param zone of the lines that carry no zone of their own
 */
export function createSshdParser(zone: ZoneOffset): Parser {
  return (line) => {
    if (line.flaw !== undefined) return { unparsed: line.flaw };
    const syslog = parseSyslog(line.text, line.receivedAt, zone);
    if ('unparsed' in syslog) return syslog;
    const isOldPam = syslog.program === OLD_PAM_TAG;
    if (!isOldPam && !PROGRAMS.has(syslog.program)) return OTHER_PROGRAM;
    const { message, repeats } = unwrapRepeated(syslog.message);
    const fields = noFields(message);
    const action = isOldPam ? pamText(message, fields) : readMessage(message, fields);
    if (action === undefined) return UNKNOWN_MESSAGE;
    if (repeats >= 2) fields.repeats = repeats;
    return toEvent(line, syslog, action, fields);
  };
}

const REPEATED = 'message repeated ';

/** rsyslog folds like lines into `message repeated 5 times: [ MESSAGE]`; no message of sshd's own opens so. */
function unwrapRepeated(message: string): { readonly message: string; readonly repeats: number } {
  if (!message.startsWith(REPEATED) || !message.endsWith(']')) return { message, repeats: 1 };
  const match = /^(\d{1,9}) times: \[ ?/.exec(message.slice(REPEATED.length));
  if (match === null) return { message, repeats: 1 };
  return { message: message.slice(REPEATED.length + match[0].length, -1), repeats: Number(match[1]) };
}

function toEvent(line: RawLine, syslog: SyslogMessage, action: SshAction, fields: Fields): Event {
  const { category, outcome } = SSH_ACTIONS[action];
  const { position, provenance } = line;
  const event: { -readonly [K in keyof Event]: Event[K] } = {
    at: syslog.at,
    position,
    provenance,
    category,
    action,
    outcome,
    message: syslog.message,
  };
  if (syslog.host !== undefined) event.host = syslog.host;
  if (syslog.program !== undefined) event.program = syslog.program;
  if (syslog.pid !== undefined) event.pid = syslog.pid;
  if (fields.user !== undefined) event.user = fields.user;
  if (fields.userUnknown === true) event.userUnknown = true;
  if (fields.sourceIp !== undefined) event.sourceIp = fields.sourceIp;
  if (fields.sourcePort !== undefined) event.sourcePort = fields.sourcePort;
  if (fields.method !== undefined) event.method = fields.method;
  if (fields.repeats !== undefined) event.repeats = fields.repeats;
  return event;
}
