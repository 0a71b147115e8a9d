import { readCtime } from '../clock-text.ts';
import { type Fields, portOf, SYSLOG_BYTES, setName, setPeer } from '../fields.ts';
import type { OwnHeader } from '../message-parser.ts';
import { ownMessage } from '../own-header.ts';
import { messageReader } from '../reader.ts';
import { Scan } from '../scan.ts';
import type { ZoneOffset } from '../syslog-time.ts';
import { APACHE_SENDERS } from './access.ts';
import { WEB_ERROR_ACTIONS, type WebErrorAction } from './http-actions.ts';

/**
 * Apache's error log, 2.4: `[core:error] [pid 1:tid 2] [client A:PORT] AH00128: message, referer: X`, 2.2: `[error] [client
 * A] message`. Before the client stand only the module, the process and the system's own words on an error.
 */
export const APACHE_ERROR = messageReader<WebErrorAction>({
  name: 'apache-error',
  description: 'Apache: error log',
  programs: ['apache2', 'httpd'],
  senders: APACHE_SENDERS,
  actions: WEB_ERROR_ACTIONS,
  cutAt: SYSLOG_BYTES,
  read(message, fields) {
    const head = HEAD.exec(message);
    if (head === null) return undefined;
    const client = CLIENT.exec(message.slice(head[0].length));
    if (client === null) return 'web_server';
    const hasPort = head[1] !== undefined;
    setClient(client[1] ?? '', hasPort, fields);
    return judge(message.slice(head[0].length + client[0].length), fields);
  },
});

/** `[module:level] [pid N:tid N] `, or `[level] ` alone; then where in the sources and what the system says of it. */
const HEAD =
  /^\[(?:[a-z0-9_-]*:)?(?:emerg|alert|crit|error|warn|notice|info|debug|trace[1-8])\] (?:\[pid (\d+)(?::tid \d+)?\] )?(?:[a-z0-9_-]+\.c\(\d+\): )?(?:\(\d+\)[A-Za-z ]+: )?/;
const CLIENT = /^\[(?:client|remote) ([0-9A-Za-z.:-]+)\] (?:AH\d{5}: )?/;

/** 2.4, which names the process, writes `203.0.113.7:47769` and `2001:db8::7:47769`; 2.2 the address alone. */
function setClient(text: string, hasPort: boolean, fields: Fields): void {
  const colon = hasPort ? text.lastIndexOf(':') : -1;
  if (colon < 0) setPeer(text, undefined, fields);
  else setPeer(text.slice(0, colon), portOf(text.slice(colon + 1)), fields);
}

const MISMATCH = ': authentication failure for "';
const NOT_FOUND = ' not found: ';

function judge(text: string, fields: Fields): WebErrorAction {
  if (text.startsWith('user ') || text.startsWith('user `')) return ofUser(text, fields);
  if (text.startsWith('File does not exist: ') || text.includes(' not found or unable to stat')) return 'web_not_found';
  if (/^(?:client denied by server configuration|Directory index forbidden|Cannot serve directory)/.test(text)) {
    return 'web_forbidden';
  }
  if (text.startsWith('ModSecurity: ')) return 'web_script_error';
  if (/^(?:invalid URI path|Invalid URI in request|request failed|Invalid method in request|client sent)/.test(text)) {
    return 'web_bad_request';
  }
  if (/^(?:PHP |script |Premature end of script|End of script output|malformed header from script)/.test(text)) {
    return 'web_script_error';
  }
  if (/^SSL |handshake/.test(text)) return 'web_tls_failed';
  return /^(?:Error reading from remote server|proxy: )/.test(text) ? 'web_upstream_error' : 'web_client_error';
}

/** `user NAME: authentication failure for "URI": Password Mismatch`, `user NAME not found: URI`; the name is the client's. */
function ofUser(text: string, fields: Fields): WebErrorAction {
  const mismatch = text.lastIndexOf(MISMATCH);
  const unknown = text.lastIndexOf(NOT_FOUND);
  const end = Math.max(mismatch, unknown);
  if (end < 0) return text.includes('denied') ? 'web_forbidden' : 'web_auth_failed';
  setName(text.slice('user '.length, end), fields);
  if (unknown > mismatch) fields.userUnknown = true;
  return 'web_auth_failed';
}

/** `[Sun Nov 22 05:02:24.141433 2026] message` */
export const apacheErrorHeader =
  (zone: ZoneOffset): OwnHeader =>
  (text, receivedAt) => {
    if (text.charCodeAt(0) !== 0x5b || text.charCodeAt(4) !== 0x20) return undefined;
    const scan = new Scan(text, 1);
    const at = readCtime(scan, zone);
    if (at === undefined || !text.startsWith('] ', scan.at)) return undefined;
    const message = text.slice(scan.at + 2);
    const pid = HEAD.exec(message)?.[1];
    return ownMessage({ at, receivedAt, program: 'apache2', message, ...(pid === undefined ? {} : { pid }) });
  };
