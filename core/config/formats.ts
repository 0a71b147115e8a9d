import { parseCidr, parseIp } from '../base/ip.ts';
import { compileLinearRegex } from '../base/linear-regex.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { type Millis, parseDuration } from '../base/time.ts';
import { compileGlob } from '../event/glob.ts';
import { compileTimeFormat } from '../event/time-format.ts';
import { parseApacheFormat } from '../event/web/apache-format.ts';
import { parseNginxFormat } from '../event/web/nginx-format.ts';
import { parseRung } from '../respond/ladder.ts';
import { wrongBroker, wrongProxy } from './broker-url.ts';
import { wrongInterfaceAddress, wrongUnicast } from './host-addresses.ts';
import { wrongSource, wrongUrl } from './list-source.ts';
import type { DurationText, Format, SchemaView, Surroundings } from './setting.ts';
import { expected } from './words.ts';

export interface ListenAddress {
  /** Address without brackets, or a host name. */
  readonly host: string;
  /** 0: any free port. */
  readonly port: number;
}

const HOST_NAME = /^(?=.{1,253}$)[A-Za-z0-9]([A-Za-z0-9-]{0,62})(\.[A-Za-z0-9]([A-Za-z0-9-]{0,62}))*$/;

/** An address or a host name. A name must have a letter, so that a bad address is no name. */
const isHost = (text: string): boolean => parseIp(text).ok || (/[A-Za-z]/.test(text) && HOST_NAME.test(text));

/** Reads `address:port`, `[IPv6]:port` or `name:port`. */
export function parseListen(text: string): Result<ListenAddress, 'bad_listen'> {
  const match = /^(?:\[([^\]]*)\]|([^:[\]]*)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] === undefined ? (match?.[2] ?? '') : hostOf6(match[1]);
  if (match === null || !isHost(host)) {
    return fail('bad_listen', 'must be ADDRESS:PORT, e.g. 127.0.0.1:9443, 0.0.0.0:9443 or [::]:9443');
  }
  return port > 65_535 ? fail('bad_listen', `port ${port} is out of range 0 to 65535`) : ok({ host, port });
}

const hostOf6 = (text: string): string => {
  const ip = text.includes(':') ? parseIp(text) : undefined;
  return ip?.ok ? ip.value.text : '';
};

/**
 * The length of a duration that was checked when it was read.
 * @throws on text that never was a valid duration: a bug.
 */
export function durationOf(text: DurationText): Millis | 'never' {
  const read = parseDuration(text);
  if (!read.ok) throw new Error(read.public);
  return read.value;
}

/** As `durationOf`, for a setting that has no "never". */
export function lengthOf(text: DurationText): Millis {
  const length = durationOf(text);
  if (length === 'never') throw new Error(`"${text}" is no length of time`);
  return length;
}

type Check = (text: string, schema: SchemaView, around: Surroundings) => string | undefined;

/** What is wrong with a text, or nothing. */
export const FORMAT_CHECKS: Readonly<Record<Format, Check>> = {
  duration: wrongDuration,
  rung: (text) => wrongLanguage(parseRung(text)),
  network: wrongNetwork,
  host: (text, schema) => (isHost(text) ? undefined : `must be ${expected(schema)}`),
  listen: (text) => {
    const read = parseListen(text);
    return read.ok ? undefined : read.public;
  },
  path: wrongPath,
  glob: (text) => {
    const read = compileGlob(text);
    return wrongPath(text) ?? (read.ok ? undefined : read.public);
  },
  parser: (text, _schema, { parsers }) =>
    parsers.includes(text) ? undefined : `must be the name of a parser: ${parsers.join(', ')}`,
  regex: (text) => wrongLanguage(compileLinearRegex(text)),
  time_format: (text) => wrongLanguage(compileTimeFormat(text)),
  nginx_log_format: (text) => wrongLanguage(parseNginxFormat(text)),
  apache_log_format: (text) => wrongLanguage(parseApacheFormat(text)),
  list_source: wrongSource,
  https_url: wrongUrl,
  broker_url: wrongBroker,
  proxy_url: wrongProxy,
  unicast: wrongUnicast,
  interface_address: wrongInterfaceAddress,
  timezone: wrongTimezone,
};

const wrongLanguage = (read: Result<unknown, string>): string | undefined => (read.ok ? undefined : read.public);

/** The database knows more spellings than files: whether one is there is for the machine to say. */
function wrongTimezone(text: string): string | undefined {
  const wrong = 'must be a time zone by its name, e.g. UTC or Europe/Berlin';
  if (!/^[A-Z][A-Za-z0-9_+-]*(?:\/[A-Za-z0-9][A-Za-z0-9_+-]*)*$/.test(text)) return wrong;
  try {
    new Intl.DateTimeFormat('en', { timeZone: text });
    return undefined;
  } catch {
    return wrong;
  }
}

function wrongPath(text: string): string | undefined {
  return text.startsWith('/') && !/\p{Cc}/u.test(text) ? undefined : 'must be an absolute path, beginning with /';
}

function wrongNetwork(text: string, schema: SchemaView): string | undefined {
  const { shortestPrefix = 0 } = schema;
  const read = parseCidr(text);
  return read.ok && read.value.prefix >= shortestPrefix ? undefined : `must be ${expected(schema)}`;
}

function wrongDuration(text: string, schema: SchemaView): string | undefined {
  const read = parseDuration(text);
  if (read.ok && read.value === 'never' && schema.permanent === true) return undefined;
  const inside =
    read.ok &&
    read.value !== 'never' &&
    read.value >= boundOf(schema.shortest) &&
    read.value <= boundOf(schema.longest);
  return inside ? undefined : `must be ${expected(schema)}`;
}

const boundOf = (text: string | undefined): Millis => lengthOf((text ?? '') as DurationText);
