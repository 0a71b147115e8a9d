import type { Result } from '../../base/result.ts';
import { clamp } from '../clock-text.ts';
import type { Parser, Unparsed } from '../event.ts';
import { makeEvent, provenanceOf } from '../message-parser.ts';
import type { SenderRule } from '../sender.ts';
import type { SyslogMessage } from '../syslog.ts';
import type { ZoneOffset } from '../syslog-time.ts';
import { type AccessReader, compileAccessReader } from './access-reader.ts';
import { parseApacheFormat } from './apache-format.ts';
import { HTTP_ACTIONS } from './http-actions.ts';
import type { FormatResult, LogFormat } from './log-format.ts';
import { parseNginxFormat } from './nginx-format.ts';

const EMPTY: Unparsed = { unparsed: 'empty' };
const BAD_TIME: Unparsed = { unparsed: 'bad-time' };
const UNKNOWN_MESSAGE: Unparsed = { unparsed: 'unknown-message' };

export const NGINX_SENDERS: readonly SenderRule[] = [
  { who: 'unit', exes: ['/usr/sbin/nginx'], units: ['nginx.service'] },
];
export const APACHE_SENDERS: readonly SenderRule[] = [
  {
    who: 'unit',
    exes: ['/usr/sbin/apache2', '/usr/sbin/httpd'],
    units: ['apache2.service', 'apache2@*.service', 'httpd.service'],
  },
];

export interface AccessParserSettings {
  readonly read: AccessReader;
  /** The event's program where the line comes without one. */
  readonly program: string;
  readonly senders: readonly SenderRule[];
  readonly zone: ZoneOffset;
}

/** The parser of an access log: a file of its own, or messages whose header the source keeps apart. */
export function createAccessParser({ read, program, senders, zone }: AccessParserSettings): Parser {
  return (line) => {
    if (line.flaw !== undefined) return { unparsed: line.flaw };
    const { text, header, receivedAt } = line;
    if (text.trim() === '') return EMPTY;
    const found = read(text, receivedAt, zone);
    if (found === undefined) return UNKNOWN_MESSAGE;
    const at = header?.at ?? found.at;
    if (Number.isNaN(at)) return BAD_TIME;
    const written: SyslogMessage = {
      at: clamp(at, receivedAt),
      host: header?.host,
      program: header?.program ?? program,
      pid: header?.pid,
      message: text,
    };
    const { action, fields } = found;
    const provenance = provenanceOf(line, senders, written.program ?? '', fields);
    return makeEvent(line, written, action, HTTP_ACTIONS[action], fields, provenance);
  };
}

/** The access log of nginx as it comes, and Debian's `combined`; fields that somebody appended are not read. */
export const nginxAccess = (): AccessReader =>
  builtIn(
    parseNginxFormat(
      '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent"',
    ),
  );

/** Apache's `combined`, `common` and `vhost_combined`, told apart line by line; appended fields are not read. */
export function apacheAccess(): AccessReader {
  const common = '%h %l %u %t "%r" %>s %O';
  const combined = `${common} "%{Referer}i" "%{User-Agent}i"`;
  const [isCombined, isCommon] = [combined, common].map((format) => builtIn(parseApacheFormat(format)));
  const [isHostCombined, isHostCommon] = [combined, common].map((format) =>
    builtIn(parseApacheFormat(`%v:%p ${format}`)),
  );
  return (line, receivedAt, zone) => {
    const isHost = beginsWithHost(line);
    return (
      (isHost ? isHostCombined : isCombined)?.(line, receivedAt, zone) ??
      (isHost ? isHostCommon : isCommon)?.(line, receivedAt, zone)
    );
  };
}

/** `shop.example:443 `: a port behind a name. An address has no colon, or several. */
function beginsWithHost(line: string): boolean {
  const space = line.indexOf(' ');
  const colon = line.indexOf(':');
  if (colon < 0 || colon > space) return false;
  return line.startsWith('[') || line.lastIndexOf(':', space) === colon;
}

function builtIn(format: FormatResult): AccessReader {
  const reader = format.ok ? compileAccessReader(format.value, { open: true }) : format;
  if (!reader.ok) throw new Error(reader.public);
  return reader.value;
}

/** A reader of lines in a format that an operator wrote down. */
export const customAccess = (format: LogFormat): Result<AccessReader, 'bad_format'> => compileAccessReader(format);
