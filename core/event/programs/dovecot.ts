import { type Fields, onlyIndexOf, SYSLOG_BYTES, setName, setPeer, setRepeats } from '../fields.ts';
import { messageReader } from '../reader.ts';
import { authMessage } from './dovecot-auth.ts';
import { MAIL_ACTIONS, type MailAction } from './mail-actions.ts';

/** Login processes by name, and what they serve. */
const LOGIN_PROCESSES: Readonly<Record<string, string>> = {
  'imap-login': 'imap',
  'pop3-login': 'pop3',
  'managesieve-login': 'managesieve',
  'submission-login': 'submission',
  'imap-urlauth-login': 'imap',
  'lmtp-login': 'lmtp',
};

/** Processes that serve a session: `imap(USER)<PID><SESSION>: …` */
const SESSION_PROCESSES: Readonly<Record<string, string>> = {
  imap: 'imap',
  pop3: 'pop3',
  sieve: 'managesieve',
  managesieve: 'managesieve',
  submission: 'submission',
};

/**
 * Dovecot 2.2 to 2.4: `PROCESS: message` or `PROCESS(USER…): message`, under the tag `dovecot`. All processes hand their
 * messages to the log process, which runs as root; only PAM's modules write past it, under the tag `auth`.
 */
export const DOVECOT = messageReader<MailAction>({
  name: 'dovecot',
  description: 'Dovecot: login processes and authentication (IMAP, POP3, ManageSieve, submission)',
  programs: ['dovecot', 'auth', 'auth-worker'],
  senders: [
    {
      who: 'root',
      exes: ['/usr/sbin/dovecot', '/usr/lib/dovecot/*', '/usr/libexec/dovecot/*'],
      units: ['dovecot.service'],
    },
  ],
  actions: MAIL_ACTIONS,
  cutAt: SYSLOG_BYTES,
  read(message, fields) {
    const process = processOf(message);
    const protocol = lookUp(LOGIN_PROCESSES, process);
    if (protocol !== undefined && message.startsWith(': ', process.length)) {
      fields.service = protocol;
      return loginMessage(message.slice(process.length + 2), fields);
    }
    if (process === 'auth' || process === 'auth-worker') return authMessage(message, fields);
    const served = lookUp(SESSION_PROCESSES, process);
    if (served === undefined || message.charCodeAt(process.length) !== OPEN) return 'mail_server';
    fields.service = served;
    const end = message.indexOf(')<');
    if (end > 0) setName(message.slice(process.length + 1, end), fields);
    return 'mail_session';
  },
});

const OPEN = 0x28;
const COLON = 0x3a;
const SPACE = 0x20;

const lookUp = (table: Readonly<Record<string, string>>, name: string): string | undefined =>
  Object.hasOwn(table, name) ? table[name] : undefined;

/** Up to the first colon, parenthesis or space. */
function processOf(message: string): string {
  let end = 0;
  for (; end < message.length; end++) {
    const code = message.charCodeAt(end);
    if (code === COLON || code === OPEN || code === SPACE) break;
  }
  return message.slice(0, end);
}

const FAILED = /\(auth failed, (\d{1,6}) attempts? in \d+ secs\)/;

/** Why dovecot 2.4 ends a connection, in its own word; 2.3 has sentences only. */
const REFUSED =
  /\((?:tried to use disallowed plaintext auth|tried to use disabled plaintext auth|cert required|no valid cert|login disabled|authentication service unavailable)/;

/**
 * `Disconnected: Connection closed (auth failed, 2 attempts in 5 secs): user=<U>, method=M, rip=A, lip=B, …`. The elements
 * stand in this order, and nothing behind `rip` is the client's: so the last one is the true one, whatever the name says.
 */
function loginMessage(text: string, fields: Fields): MailAction {
  const elements = text.indexOf(': user=<');
  const said = elements < 0 ? text : text.slice(0, elements);
  if (elements >= 0) readElements(text.slice(elements + 2), fields);
  if (said === 'Login' || said === 'Logged in') return 'mail_login';
  const failed = FAILED.exec(said);
  if (failed !== null) {
    setRepeats(Number(failed[1]), fields);
    return 'mail_login_failed';
  }
  if (REFUSED.test(said)) return 'mail_login_refused';
  if (/SSL|TLS/.test(said)) return 'mail_tls_failed';
  return elements < 0 ? 'mail_server' : 'mail_login_aborted';
}

const RIP = ', rip=';

function readElements(text: string, fields: Fields): void {
  const rip = text.lastIndexOf(RIP);
  if (rip < 0) return;
  if (!fields.isCut) setPeer(wordAt(text, rip + RIP.length), undefined, fields);
  const before = text.slice(0, rip);
  const method = before.lastIndexOf('>, method=');
  const end = method >= 0 ? method : before.endsWith('>') ? before.length - 1 : -1;
  if (end >= 'user=<'.length) setName(before.slice('user=<'.length, end), fields);
  if (method >= 0) fields.method = before.slice(method + '>, method='.length);
  if (fields.method === '') delete fields.method;
  const lip = onlyIndexOf(text, ', lip=', rip);
  if (lip >= 0) setDestination(wordAt(text, lip + ', lip='.length), fields);
}

/** Up to the next comma. */
function wordAt(text: string, start: number): string {
  const comma = text.indexOf(',', start);
  return text.slice(start, comma < 0 ? text.length : comma);
}

function setDestination(address: string, fields: Fields): void {
  const probe: Fields = { isCut: false };
  setPeer(address, undefined, probe);
  if (probe.sourceIp !== undefined) fields.destinationIp = probe.sourceIp;
}
