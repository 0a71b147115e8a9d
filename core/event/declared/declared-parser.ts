import { clamp } from '../clock-text.ts';
import type { Event, Parser, RawLine, Unparsed } from '../event.ts';
import { makeEvent, provenanceOf } from '../message-parser.ts';
import { Scan } from '../scan.ts';
import type { SenderRule } from '../sender.ts';
import { type SyslogMessage, SyslogReader } from '../syslog.ts';
import type { ZoneOffset } from '../syslog-time.ts';
import { compileTimeFormat, type TimeReader } from '../time-format.ts';
import { createAccessParser } from '../web/access.ts';
import { parseApacheFormat } from '../web/apache-format.ts';
import { parseNginxFormat } from '../web/nginx-format.ts';
import { type CompiledMessage, compileDeclaredAccess, compileMessage, type ParserDeclaration } from './declaration.ts';
import { type Matched, takeGroups } from './groups.ts';

/** A pattern's time grows with the line; what no program of sense writes in one line is not tried. */
export const LONGEST_MATCHED = 16 * 1024;

const EMPTY: Unparsed = { unparsed: 'empty' };
const BAD_TIME: Unparsed = { unparsed: 'bad-time' };
const TOO_LONG: Unparsed = { unparsed: 'too-long' };
const OTHER_PROGRAM: Unparsed = { unparsed: 'other-program' };
const UNKNOWN_MESSAGE: Unparsed = { unparsed: 'unknown-message' };

/**
 * The parser that a declaration describes.
 * @throws Error when `declarationProblems` finds any: configuration is checked before
 */
export function createDeclaredParser(declaration: ParserDeclaration, zone: ZoneOffset): Parser {
  const { nginx_log_format: nginx, apache_log_format: apache } = declaration;
  const senders = sendersOf(declaration);
  if (nginx !== undefined) {
    return createAccessParser({ ...compileDeclaredAccess(parseNginxFormat(nginx)), senders, zone });
  }
  if (apache !== undefined) {
    return createAccessParser({ ...compileDeclaredAccess(parseApacheFormat(apache)), senders, zone });
  }
  const messages = (declaration.messages ?? []).map(compileMessage);
  const time = timeReader(declaration);
  const header = headerReader(declaration, zone);
  return (line) => {
    if (line.flaw !== undefined) return { unparsed: line.flaw };
    if (line.text.length > LONGEST_MATCHED) return TOO_LONG;
    const written = header(line);
    if ('unparsed' in written) return written;
    return readMessage({ line, written, messages, time, zone, senders });
  };
}

/** Units alone name a sender; an executable without its unit would prove nothing. */
const sendersOf = ({ units, executables }: ParserDeclaration): readonly SenderRule[] =>
  units === undefined ? [] : [{ who: 'unit', units, ...(executables && { exes: executables }) }];

function timeReader({ time_format: format = 'iso8601' }: ParserDeclaration): TimeReader {
  const compiled = compileTimeFormat(format);
  if (!compiled.ok) throw new Error(compiled.public);
  return compiled.value;
}

type Header = (line: RawLine) => SyslogMessage | Unparsed;

/** What stands before the message: nothing, when no programs are named and the source keeps no header apart. */
function headerReader({ name, programs }: ParserDeclaration, zone: ZoneOffset): Header {
  const syslog = new SyslogReader(zone);
  const isAny = programs?.includes('*') ?? true;
  const isOurs = (program: string | undefined): boolean =>
    isAny || (program !== undefined && programs?.includes(program) === true);
  return ({ text, receivedAt, header }) => {
    if (text.trim() === '') return EMPTY;
    const { at = receivedAt, host, program, pid } = header ?? {};
    const plain = {
      at: clamp(at, receivedAt),
      host,
      program: header === undefined ? name : program,
      pid,
      message: text,
    };
    const written = header === undefined && programs !== undefined ? syslog.read(text, receivedAt) : plain;
    if ('unparsed' in written) return written;
    return isOurs(written.program) || programs === undefined ? written : OTHER_PROGRAM;
  };
}

interface Reading {
  readonly line: RawLine;
  readonly written: SyslogMessage;
  readonly messages: readonly CompiledMessage[];
  readonly time: TimeReader;
  readonly zone: ZoneOffset;
  readonly senders: readonly SenderRule[];
}

function readMessage({ line, written, messages, time, zone, senders }: Reading): Event | Unparsed {
  for (const message of messages) {
    const values = message.pattern.match(written.message);
    if (values === undefined) continue;
    const matched: Matched = { fields: { isCut: false }, http: {} };
    takeGroups(message.pattern.groups, values, matched);
    const at = matched.time === undefined ? written.at : readTime(matched.time, time, line, zone);
    if (at === undefined || Number.isNaN(at)) return BAD_TIME;
    const said: SyslogMessage = {
      at: clamp(at, line.receivedAt),
      host: matched.host ?? written.host,
      program: matched.program ?? written.program,
      pid: matched.pid ?? written.pid,
      message: written.message,
    };
    const provenance = provenanceOf(line, senders, written.program ?? '', matched.fields);
    return makeEvent(line, said, message.action, message, matched.fields, provenance);
  }
  return UNKNOWN_MESSAGE;
}

/** The whole of what the group matched must be a time. */
function readTime(text: string, time: TimeReader, { receivedAt }: RawLine, zone: ZoneOffset): number | undefined {
  const scan = new Scan(text);
  const at = time(scan, receivedAt, zone);
  return scan.at === text.length ? at : undefined;
}
