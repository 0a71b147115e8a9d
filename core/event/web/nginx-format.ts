import { TIME_FORMATS, type TimeReader } from '../time-format.ts';
import {
  badFormat,
  type Escaping,
  type Extent,
  type FormatItem,
  type FormatResult,
  finished,
  type Meaning,
  type Variable,
} from './log-format.ts';

const timeOf = (name: string): TimeReader => (TIME_FORMATS[name] as { readonly read: TimeReader }).read;

/** Variables whose value is nginx's own and what it becomes; any other may be the client's text. */
const KNOWN: Readonly<Record<string, readonly [meaning: Meaning, extent: Extent]>> = {
  remote_addr: ['source-ip', 'word'],
  remote_port: ['source-port', 'word'],
  remote_user: ['user', 'text'],
  request: ['request', 'text'],
  request_method: ['method', 'word'],
  request_uri: ['target', 'text'],
  uri: ['path', 'text'],
  document_uri: ['path', 'text'],
  args: ['query', 'text'],
  query_string: ['query', 'text'],
  status: ['status', 'word'],
  body_bytes_sent: ['bytes', 'word'],
  bytes_sent: ['bytes', 'word'],
  http_referer: ['referrer', 'text'],
  http_user_agent: ['user-agent', 'text'],
  host: ['host', 'word'],
  server_name: ['host', 'word'],
  http_host: ['host', 'text'],
  server_addr: ['destination-ip', 'word'],
  server_port: ['destination-port', 'word'],
  server_protocol: ['nothing', 'word'],
  scheme: ['nothing', 'word'],
  pid: ['nothing', 'word'],
  pipe: ['nothing', 'word'],
  connection: ['nothing', 'word'],
  connection_requests: ['nothing', 'word'],
  request_id: ['field', 'word'],
  request_length: ['nothing', 'word'],
  request_time: ['field', 'word'],
  request_completion: ['nothing', 'word'],
  gzip_ratio: ['nothing', 'word'],
  hostname: ['nothing', 'word'],
  realip_remote_addr: ['field', 'word'],
  realip_remote_port: ['nothing', 'word'],
  ssl_protocol: ['field', 'word'],
  ssl_cipher: ['field', 'word'],
  ssl_session_reused: ['nothing', 'word'],
  upstream_addr: ['field', 'list'],
  upstream_status: ['field', 'list'],
  upstream_response_time: ['field', 'list'],
  upstream_connect_time: ['field', 'list'],
  upstream_header_time: ['field', 'list'],
  upstream_response_length: ['nothing', 'list'],
  upstream_cache_status: ['field', 'word'],
};

const TIMES: Readonly<Record<string, TimeReader>> = {
  time_local: timeOf('common_log'),
  time_iso8601: timeOf('iso8601'),
  msec: timeOf('epoch'),
};

const VARIABLE = /\$(?:\{([A-Za-z0-9_]+)\}|([A-Za-z0-9_]+))/g;

/** What nginx escapes in a value; the word stands before the format in the `log_format` directive. */
const ESCAPE = /^escape=(\S+)\s+/;

/**
 * Reads what stands in nginx's `log_format` directive behind the name: the format, perhaps after `escape=json`. Refuses
 * `escape=none`, with which any client forges whole lines.
 */
export function parseNginxFormat(text: string): FormatResult {
  const leading = ESCAPE.exec(text);
  const format = leading === null ? text : text.slice(leading[0].length);
  if (leading !== null && leading[1] !== 'json' && leading[1] !== 'default') {
    return badFormat(`has escape=${leading[1]}: clients could forge whole lines; use escape=default or escape=json`);
  }
  const escaping: Escaping = leading?.[1] === 'json' ? 'json' : 'nginx';
  const items: FormatItem[] = [];
  let end = 0;
  for (const match of format.matchAll(VARIABLE)) {
    if (match.index > end) items.push({ literal: format.slice(end, match.index) });
    end = match.index + match[0].length;
    items.push(variable(match[1] ?? match[2] ?? '', match[0]));
  }
  if (end < format.length) items.push({ literal: format.slice(end) });
  return finished({ items, escaping, program: 'nginx' });
}

function variable(name: string, written: string): Variable {
  const time = Object.hasOwn(TIMES, name) ? TIMES[name] : undefined;
  if (time !== undefined) return { written, name, meaning: 'time', extent: 'clock', time };
  const [meaning, extent] = (Object.hasOwn(KNOWN, name) ? KNOWN[name] : undefined) ?? ['field', 'text'];
  return { written, name, meaning, extent };
}
