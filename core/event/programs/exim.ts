import { readLocalTime } from '../clock-text.ts';
import { type Fields, SYSLOG_BYTES, setName } from '../fields.ts';
import type { OwnHeader } from '../message-parser.ts';
import { ownMessage } from '../own-header.ts';
import { messageReader } from '../reader.ts';
import { Scan } from '../scan.ts';
import { UTC, type ZoneOffset } from '../syslog-time.ts';
import { hostAfter, hostAt } from './exim-host.ts';
import { SMTP_ACTIONS, type SmtpAction } from './smtp-actions.ts';

/**
 * Exim 4: mainlog and rejectlog, as files and through syslog, where its own time stands in the message. A rejection is
 * written to both logs: whoever follows both, or lets both go to syslog, sees it twice.
 */
export const EXIM = messageReader<SmtpAction>({
  name: 'exim',
  description: 'Exim: mainlog or rejectlog, or through syslog',
  programs: ['exim', 'exim4'],
  senders: [{ who: 'unit', exes: ['/usr/sbin/exim4', '/usr/sbin/exim'], units: ['exim4.service', 'exim.service'] }],
  actions: SMTP_ACTIONS,
  cutAt: SYSLOG_BYTES,
  read(message, fields) {
    fields.service = 'smtp';
    return ofMessage(withoutPid(withoutOwnTime(withoutPart(message))), fields);
  },
});

/** A long message is split for syslog: `[1/2] …`, with `\` where the cut stands for a line break. */
const withoutPart = (message: string): string =>
  message.startsWith('[') ? message.replace(/^\[\d+[\\/]\d+\] /, '') : message;

function withoutOwnTime(message: string): string {
  const scan = new Scan(message);
  return readLocalTime(scan, '-', UTC) === undefined || !scan.skip(0x20) ? message : message.slice(scan.at);
}

/** `log_selector = +pid` */
const withoutPid = (message: string): string => (message.startsWith('[') ? message.replace(/^\[\d+\] /, '') : message);

/** A message id: `1vMnCT-0000001Q-0ah5`, before 4.97 `1a2b3c-000DEF-4g`. */
const MESSAGE_ID = /^[0-9A-Za-z]{6}-(?:[0-9A-Za-z]{6}|[0-9A-Za-z]{11})-[0-9A-Za-z]{2,4} /;

/** Messages by their opening words, each followed at once by the host. */
const OPENINGS: readonly (readonly [opening: string, action: SmtpAction])[] = [
  ['no MAIL in SMTP connection from ', 'smtp_lost_connection'],
  ['unexpected disconnection while reading SMTP command from ', 'smtp_lost_connection'],
  ['SMTP command timeout on connection from ', 'smtp_lost_connection'],
  ['SMTP data timeout (message abandoned) on connection from ', 'smtp_lost_connection'],
  ['SMTP syntax error in ', 'smtp_protocol_error'],
  ['rejected EHLO from ', 'smtp_protocol_error'],
  ['rejected HELO from ', 'smtp_protocol_error'],
  ['rejected MAIL from ', 'smtp_rejected'],
  ['rejected connection from ', 'smtp_rejected'],
  ['refused connection from ', 'smtp_rejected'],
  ['Connection from ', 'smtp_rate_limited'],
  ['SMTP connection from ', 'smtp_connection'],
  ['TLS error on connection from ', 'smtp_tls_failed'],
  ['ident connection to ', 'smtp_connection'],
  ['no IP address found for host ', 'smtp_reverse_mapping'],
  ['no host name found for IP address ', 'smtp_reverse_mapping'],
];

function ofMessage(message: string, fields: Fields): SmtpAction | undefined {
  const failed = authenticatorFailed(message, fields);
  if (failed !== undefined) return failed;
  for (const [opening, action] of OPENINGS) {
    if (!message.startsWith(opening)) continue;
    hostAt(message, opening.length, fields);
    return action;
  }
  const call = 'SMTP call from ';
  if (message.startsWith(call)) {
    hostAt(message, call.length, fields);
    return 'smtp_too_many_errors';
  }
  if (message.startsWith('SMTP protocol synchronization error') || message.startsWith('SMTP protocol error')) {
    hostAfter(message, ' H=', fields);
    return 'smtp_protocol_error';
  }
  if (message.startsWith('H=')) {
    hostAt(message, 2, fields);
    return rejection(message);
  }
  return MESSAGE_ID.test(message) ? delivery(message, fields) : serverMessage(message);
}

/** `plain authenticator failed for (HELO) [ADDRESS]: 535 Incorrect authentication data (set_id=NAME)` */
function authenticatorFailed(message: string, fields: Fields): SmtpAction | undefined {
  const words = ' authenticator failed for ';
  const start = message.indexOf(words);
  if (start <= 0 || message.lastIndexOf(' ', start - 1) >= 0) return undefined;
  fields.method = message.slice(0, start);
  const end = hostAt(message, start + words.length, fields);
  const id = end < 0 ? -1 : message.indexOf(' (set_id=', end);
  if (id >= 0 && message.endsWith(')')) setName(message.slice(id + ' (set_id='.length, -1), fields);
  return 'smtp_auth_failed';
}

function rejection(message: string): SmtpAction {
  if (message.includes(' rejected AUTH') || message.includes(' rejected EXPN') || message.includes(' rejected VRFY')) {
    return 'smtp_rejected';
  }
  if (!message.includes(' rejected ')) return 'smtp_server';
  if (message.includes(' temporarily rejected ')) return 'smtp_rejected';
  if (/relay(?:ing)? (?:not permitted|denied)|not permitted to relay/i.test(message)) return 'smtp_relay_refused';
  return /unknown user|unrouteable address|no such user|user unknown/i.test(message)
    ? 'smtp_recipient_unknown'
    : 'smtp_rejected';
}

/** `ID <= SENDER H=HOST P=esmtpa A=plain:NAME S=…`; the sender is the client's. */
function delivery(message: string, fields: Fields): SmtpAction {
  const text = message.slice(message.indexOf(' ') + 1);
  if (!text.startsWith('<= ')) {
    if (!text.startsWith('H=')) return 'smtp_server';
    hostAt(text, 2, fields);
    return rejection(text);
  }
  if (hostAfter(text, ' H=', fields) < 0) return 'smtp_message';
  const match = / A=([A-Za-z0-9_-]+)(?::(\S+))? /.exec(text);
  if (match === null) return 'smtp_message';
  fields.method = match[1] ?? '';
  setName(match[2] ?? '', fields);
  return 'smtp_auth';
}

const serverMessage = (message: string): SmtpAction =>
  /(?:^| )(?:failed|error|panic|denied|unable|cannot)/i.test(message) ? 'smtp_server_error' : 'smtp_server';

/** `2026-11-22 05:01:37 message`; a line that only goes on with the one before has no time. */
export const eximHeader =
  (zone: ZoneOffset): OwnHeader =>
  (text, receivedAt) => {
    if (text.charCodeAt(4) !== 0x2d || text.charCodeAt(10) !== 0x20) return undefined;
    const scan = new Scan(text);
    const at = readLocalTime(scan, '-', zone);
    if (at === undefined || !scan.skip(0x20)) return undefined;
    return ownMessage({ at, receivedAt, program: 'exim', message: text.slice(scan.at) });
  };
