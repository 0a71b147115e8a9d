import { type Fields, portOf, SYSLOG_BYTES, setName, setPeer } from '../fields.ts';
import { messageReader } from '../reader.ts';
import { SMTP_ACTIONS, type SmtpAction } from './smtp-actions.ts';

/**
 * Postfix: smtpd and postscreen; its other processes talk of queues and deliveries, not of clients.
 *
 * A client is `NAME[ADDRESS]`, with `:PORT` where that is logged. The name is a valid host name or `unknown`, so it has
 * no bracket, and all that the client says stands behind the address.
 */
export const POSTFIX = messageReader<SmtpAction>({
  name: 'postfix',
  description: 'Postfix: smtpd, submission, postscreen',
  programs: ['postfix', 'postfix/*', 'postfix-*'],
  senders: [
    {
      who: 'unit',
      exes: ['/usr/lib/postfix/sbin/*', '/usr/libexec/postfix/*', '/usr/lib/postfix/*'],
      units: ['postfix.service', 'postfix@*.service'],
    },
  ],
  actions: SMTP_ACTIONS,
  cutAt: SYSLOG_BYTES,
  read(message, fields, program) {
    const [service, process] = serviceOf(program);
    if (process === 'smtpd' || process === 'postscreen') {
      fields.service = service;
      return process === 'smtpd' ? ofSmtpd(message, fields) : ofPostscreen(message, fields);
    }
    return /^(?:warning|error|fatal|panic): /.test(message) ? 'smtp_server_error' : 'smtp_server';
  },
});

/** `postfix/smtpd` is the `smtp` service, `postfix/submission/smtpd` says its name itself. */
function serviceOf(program: string): readonly [service: string, process: string] {
  const parts = program.split('/');
  const process = parts.at(-1) ?? '';
  const service = parts.length > 2 ? parts.at(-2) : undefined;
  return [service || 'smtp', process];
}

const CLIENT = /(?:[A-Za-z0-9._-]+)?\[(?:IPv6:)?([0-9A-Fa-f.:]+)\](?::(\d{1,5}))?/y;

/** @returns the index behind the client at `start`, or -1 when there is none */
function clientAt(text: string, start: number, fields: Fields): number {
  const client = new RegExp(CLIENT);
  client.lastIndex = start;
  const match = client.exec(text);
  if (match === null) return -1;
  const [, address = '', port] = match;
  setPeer(address, port === undefined ? undefined : portOf(port), fields);
  return client.lastIndex;
}

/** `OPENING COMMAND from CLIENT`, the command one of SMTP's own words. */
const AFTER =
  /^(lost connection|timeout|too many errors|improper command pipelining) after ([A-Z]+|[A-Za-z .-]+)(?: \(\d+ bytes\))? from /;

function ofSmtpd(message: string, fields: Fields): SmtpAction | undefined {
  const after = AFTER.exec(message);
  if (after !== null) {
    clientAt(message, after[0].length, fields);
    return afterCommand(after[1] ?? '', after[2] ?? '');
  }
  for (const [opening, action] of SMTPD) {
    if (!message.startsWith(opening)) continue;
    clientAt(message, opening.length, fields);
    return action;
  }
  if (message.startsWith('warning: ')) return warning(message.slice('warning: '.length), fields);
  const queued = /^(?:NOQUEUE|[0-9A-Za-z]{6,20}): /.exec(message);
  if (queued !== null) return ofQueue(message.slice(queued[0].length), fields);
  return /^(?:error|fatal|panic): /.test(message) ? 'smtp_server_error' : 'smtp_server';
}

const SMTPD: readonly (readonly [opening: string, action: SmtpAction])[] = [
  ['connect from ', 'smtp_connection'],
  ['disconnect from ', 'smtp_connection'],
  ['SSL_accept error from ', 'smtp_tls_failed'],
  ['warning: non-SMTP command from ', 'smtp_protocol_error'],
  ['warning: Illegal address syntax from ', 'smtp_protocol_error'],
];

function afterCommand(what: string, command: string): SmtpAction {
  if (what === 'too many errors') return 'smtp_too_many_errors';
  if (what === 'improper command pipelining') return 'smtp_protocol_error';
  return command === 'AUTH' ? 'smtp_lost_after_auth' : 'smtp_lost_connection';
}

const SASL = /^: SASL ([A-Za-z0-9_-]+) authentication (failed|aborted)/;
/** No password was wrong: the mechanism is not offered, or the server had nobody to ask. */
const UNTRIED =
  /^: (?:Invalid authentication mechanism|Connection lost to authentication server|Temporary authentication failure)/;
const SASL_USER = ', sasl_username=';
const LIMIT =
  /^(?:Connection|Message|Recipient|New TLS session|AUTH command|Auth command) (?:rate|concurrency) limit exceeded: \d+ from /i;

function warning(text: string, fields: Fields): SmtpAction {
  const limit = LIMIT.exec(text);
  if (limit !== null) {
    clientAt(text, limit[0].length, fields);
    return 'smtp_rate_limited';
  }
  const unmapped = /^hostname \S+ does not resolve to address ([0-9A-Fa-f.:]+)(?:$|:)/.exec(text);
  if (unmapped !== null) {
    setPeer((unmapped[1] ?? '').replace(/:$/, ''), undefined, fields);
    return 'smtp_reverse_mapping';
  }
  const behind = clientAt(text, 0, fields);
  const sasl = behind < 0 ? null : SASL.exec(text.slice(behind));
  if (sasl === null) {
    delete fields.sourceIp;
    delete fields.sourcePort;
    return 'smtp_server_error';
  }
  fields.method = sasl[1] ?? '';
  const name = text.indexOf(SASL_USER, behind);
  const user = name < 0 ? '' : text.slice(name + SASL_USER.length);
  if (user !== '(unavailable)') setName(user, fields);
  const isTried = sasl[2] === 'failed' && !UNTRIED.test(text.slice(behind + sasl[0].length));
  return isTried ? 'smtp_auth_failed' : 'smtp_auth_aborted';
}

/** Behind `NOQUEUE: ` or a queue id: `reject: RCPT from CLIENT: 554 …`, `client=CLIENT, sasl_method=M, sasl_username=NAME` */
function ofQueue(text: string, fields: Fields): SmtpAction {
  const rejected = /^(?:milter-)?(?:reject|reject_warning|discard|hold|filter)(?:: [A-Z]+(?:-[A-Z]+)*)? from /.exec(
    text,
  );
  if (rejected !== null) {
    clientAt(text, rejected[0].length, fields);
    if (text.includes(': Relay access denied')) return 'smtp_relay_refused';
    return text.includes('User unknown') ? 'smtp_recipient_unknown' : 'smtp_rejected';
  }
  const client = 'client=';
  if (!text.startsWith(client)) return 'smtp_server';
  const behind = clientAt(text, client.length, fields);
  const sasl = behind < 0 ? null : /^, sasl_method=([A-Za-z0-9_-]+), sasl_username=(.*)$/.exec(text.slice(behind));
  if (sasl === null) return 'smtp_message';
  fields.method = sasl[1] ?? '';
  setName(sasl[2] ?? '', fields);
  return 'smtp_auth';
}

/** `CONNECT from [A]:P to [B]:25`, `PREGREET 11 after 0.05 from [A]:P: EHLO …`, `DNSBL rank 3 for [A]:P` */
function ofPostscreen(message: string, fields: Fields): SmtpAction {
  const match = /^(?:NOQUEUE: )?([A-Za-z ]+?)(?: \d+)?(?: after [\d.]+)?(?:: [A-Z]+)? (?:from|for) (?=\[)/.exec(
    message,
  );
  if (match === null) {
    const passed = /^(?:PASS (?:OLD|NEW)|HANGUP after [\d.]+ from|DISCONNECT|[A-Z]+) (?=\[)/.exec(message);
    if (passed === null) return 'smtp_server';
    clientAt(message, passed[0].length, fields);
    return message.startsWith('PASS') || message.startsWith('DISCONNECT') ? 'smtp_connection' : 'smtp_screened';
  }
  clientAt(message, match[0].length, fields);
  switch (match[1]) {
    case 'CONNECT':
      return 'smtp_connection';
    case 'HANGUP':
      return 'smtp_lost_connection';
    case 'reject':
      return 'smtp_rejected';
    default:
      return 'smtp_screened';
  }
}
