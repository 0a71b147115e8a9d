import { readLocalTime } from '../clock-text.ts';
import { type Fields, mayBeCut, setName, setPeer } from '../fields.ts';
import type { OwnHeader } from '../message-parser.ts';
import { ownMessage } from '../own-header.ts';
import { messageReader } from '../reader.ts';
import { Scan } from '../scan.ts';
import { UTC, type ZoneOffset } from '../syslog-time.ts';
import { NGINX_SENDERS } from './access.ts';
import { WEB_ERROR_ACTIONS, type WebErrorAction } from './http-actions.ts';
import { type Request, readRequestLine } from './request.ts';

/** nginx cuts a line at 2,048 bytes; with the time and level that stand before the message, this much is certain. */
const MESSAGE_BYTES = 1900;

/** `[error] 67#67: *2 ` */
const LEVEL = /^\[(?:debug|info|notice|warn|error|crit|alert|emerg)\] (\d+)#\d+: (?:\*\d+ )?/;

/**
 * nginx's error log: `message, client: A, server: S, request: "R", upstream: "U", host: "H", referrer: "X"`. Nothing in it
 * is escaped. A path stands decoded before the client, the request as it came behind it, so either may hold the same
 * words again: the client is believed only where it is named once, or always alike.
 */
export const NGINX_ERROR = messageReader<WebErrorAction>({
  name: 'nginx-error',
  description: 'nginx: error log',
  programs: ['nginx'],
  senders: NGINX_SENDERS,
  actions: WEB_ERROR_ACTIONS,
  cutAt: MESSAGE_BYTES,
  read(message, fields) {
    const text = withoutHeader(message);
    if (text === undefined) return undefined;
    const isLong = mayBeCut(message, MESSAGE_BYTES);
    const client = clientIn(text);
    if (client === undefined) return text.includes(CLIENT) ? 'web_client_error' : 'web_server';
    if (!isLong) setPeer(client.address, undefined, fields);
    readItems(text.slice(client.end), fields);
    return judge(text.slice(0, client.start), fields);
  },
});

/**
 * Through syslog nginx's own time stands before the level. What has no level is no message of this log: it may be a line
 * of the access log, where anything may stand anywhere.
 */
function withoutHeader(message: string): string | undefined {
  const scan = new Scan(message);
  const isDated = readLocalTime(scan, '/', UTC) !== undefined && scan.skip(0x20);
  const rest = isDated ? message.slice(scan.at) : message;
  const level = LEVEL.exec(rest);
  return level === null ? undefined : rest.slice(level[0].length);
}

const CLIENT = ', client: ';

interface Client {
  readonly address: string;
  readonly start: number;
  readonly end: number;
}

/** The client, if all places that look like one agree. */
function clientIn(text: string): Client | undefined {
  let found: Client | undefined;
  for (let at = text.indexOf(CLIENT); at >= 0; at = text.indexOf(CLIENT, at + 1)) {
    const start = at + CLIENT.length;
    const comma = text.indexOf(',', start);
    const end = comma < 0 ? text.length : comma;
    const address = text.slice(start, end);
    if (found !== undefined && found.address !== address) return undefined;
    found ??= { address, start: at, end };
  }
  return found;
}

/** `, request: "GET / HTTP/1.1"` and `, host: "H"`, behind the client. */
function readItems(items: string, fields: Fields): void {
  const request: Request = {};
  const line = quotedAfter(items, ', request: "');
  if (line !== undefined) readRequestLine(line, request);
  const host = quotedAfter(items, ', host: "');
  if (host !== undefined && host !== '') request.host = host;
  if (Object.keys(request).length > 0) fields.http = request;
}

function quotedAfter(items: string, lead: string): string | undefined {
  const start = items.indexOf(lead);
  const end = start < 0 ? -1 : items.indexOf('"', start + lead.length);
  return end < 0 ? undefined : items.slice(start + lead.length, end);
}

const MISMATCH = '": password mismatch';
const NOT_FOUND = '" was not found in "';

function judge(text: string, fields: Fields): WebErrorAction {
  if (text.startsWith('user "')) {
    const known = text.lastIndexOf(MISMATCH);
    const unknown = text.lastIndexOf(NOT_FOUND);
    if (known < 0 && unknown < 0) return 'web_client_error';
    setName(text.slice('user "'.length, Math.max(known, unknown)), fields);
    if (unknown > known) fields.userUnknown = true;
    return 'web_auth_failed';
  }
  if (text.includes('(2: No such file or directory)')) return 'web_not_found';
  if (/\(13: Permission denied\)|access forbidden by rule|is forbidden$/.test(text)) return 'web_forbidden';
  if (text.startsWith('limiting ') || text.startsWith('delaying request')) return 'web_rate_limited';
  if (text.startsWith('client sent ') || text.startsWith('client intended to send too large')) return 'web_bad_request';
  if (text.startsWith('FastCGI sent in stderr') || text.startsWith('PHP message')) return 'web_script_error';
  if (/^ModSecurity|\[client \S+\] ModSecurity/.test(text)) return 'web_script_error';
  if (/^SSL_(?:do_handshake|read|write)/.test(text)) return 'web_tls_failed';
  return /upstream|connect\(\) failed/.test(text) ? 'web_upstream_error' : 'web_client_error';
}

/** `2026/11/22 05:02:17 [error] 67#67: *2 message` */
export const nginxErrorHeader =
  (zone: ZoneOffset): OwnHeader =>
  (text, receivedAt) => {
    if (text.charCodeAt(4) !== 0x2f || text.charCodeAt(10) !== 0x20) return undefined;
    const scan = new Scan(text);
    const at = readLocalTime(scan, '/', zone);
    if (at === undefined || !scan.skip(0x20)) return undefined;
    const message = text.slice(scan.at);
    const level = LEVEL.exec(message);
    if (level === null) return undefined;
    return ownMessage({ at, receivedAt, program: 'nginx', pid: level[1] ?? '', message });
  };
