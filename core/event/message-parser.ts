import { clamp } from './clock-text.ts';
import type { Event, Parser, Provenance, RawLine, Unparsed } from './event.ts';
import { type Fields, mayBeCut, noFields, setRepeats } from './fields.ts';
import type { MessageReader } from './reader.ts';
import { isExpected, type SenderRule } from './sender.ts';
import { type SyslogMessage, SyslogReader } from './syslog.ts';
import type { ZoneOffset } from './syslog-time.ts';

const EMPTY: Unparsed = { unparsed: 'empty' };
const OTHER_PROGRAM: Unparsed = { unparsed: 'other-program' };
const UNKNOWN_MESSAGE: Unparsed = { unparsed: 'unknown-message' };

/** Reads what stands before the message in a program's own log file. @returns undefined when the line has not that form */
export type OwnHeader = (text: string, receivedAt: RawLine['receivedAt']) => SyslogMessage | Unparsed | undefined;

export interface MessageParserSettings {
  readonly readers: readonly MessageReader[];
  /** Reads what PAM's modules say within the programs of `readers`, or with `anyProgram` within any. */
  readonly pam?: MessageReader;
  readonly anyProgram?: boolean;
  /** Tried before syslog's form. */
  readonly ownHeader?: OwnHeader;
  /** Of lines that carry no zone of their own. */
  readonly zone: ZoneOffset;
}

/**
 * A parser that takes off what stands before the message, finds the reader of the program it came from, and judges who
 * sent it. Sources that keep the header apart give the message alone (`RawLine.header`).
 */
export function createMessageParser(settings: MessageParserSettings): Parser {
  const find = finder(settings);
  const { ownHeader } = settings;
  const syslog = new SyslogReader(settings.zone);
  return (line) => {
    if (line.flaw !== undefined) return { unparsed: line.flaw };
    const written = line.header === undefined ? fileHeader(line, ownHeader, syslog) : journalHeader(line);
    if ('unparsed' in written) return written;
    const found = written.program === undefined ? undefined : find(written.program, written.message);
    if (found === undefined) return OTHER_PROGRAM;
    return readWith(found, line, written);
  };
}

/** Who reads a message, and who may have sent it: a module of PAM speaks with the voice of the program around it. */
interface Found {
  readonly reader: MessageReader;
  readonly senders: readonly SenderRule[];
}

function readWith({ reader, senders }: Found, line: RawLine, written: SyslogMessage): Event | Unparsed {
  const folded = written.message.startsWith(REPEATED) ? unfold(written.message) : undefined;
  const message = folded?.message ?? written.message;
  const program = written.program ?? '';
  const fields = noFields(mayBeCut(message, reader.cutAt));
  const action = reader.read(message, fields, program);
  if (action === undefined) return UNKNOWN_MESSAGE;
  if (folded !== undefined) setRepeats(folded.times, fields);
  const about = reader.actions[action];
  if (about === undefined) throw new Error(`${reader.name} says ${action}, which is not on its list`);
  return makeEvent(line, written, action, about, fields, provenanceOf(line, senders, program, fields));
}

function journalHeader(line: RawLine): SyslogMessage | Unparsed {
  const { header, text, receivedAt } = line;
  if (header === undefined || text.trim() === '') return EMPTY;
  return {
    at: clamp(header.at, receivedAt),
    host: header.host,
    program: header.program,
    pid: header.pid,
    message: text,
  };
}

const fileHeader = (
  { text, receivedAt }: RawLine,
  ownHeader: OwnHeader | undefined,
  syslog: SyslogReader,
): SyslogMessage | Unparsed => ownHeader?.(text, receivedAt) ?? syslog.read(text, receivedAt);

/** The line's own, or worse: the journal's word is only as good as the sender's right to say this. */
export function provenanceOf(
  { provenance, sender }: RawLine,
  senders: readonly SenderRule[],
  program: string,
  { sourceIp }: Fields,
): Provenance {
  if (sender === undefined) return provenance;
  // A process that writes to the kernel's ring buffer has the kernel's transport, but is not the kernel.
  if (sender.transport === 'kernel' && provenance !== 'kernel') return 'spoofable';
  return isExpected(senders, sender, program, sourceIp !== undefined) ? provenance : 'spoofable';
}

const REPEATED = 'message repeated ';

/** rsyslog folds like lines into `message repeated 5 times: [ MESSAGE]`; no program's own message opens so. */
function unfold(written: string): { readonly message: string; readonly times: number } | undefined {
  if (!written.endsWith(']')) return undefined;
  const match = /^(\d{1,9}) times: \[ ?/.exec(written.slice(REPEATED.length));
  if (match === null) return undefined;
  return { message: written.slice(REPEATED.length + match[0].length, -1), times: Number(match[1]) };
}

/** What a module of PAM says within a program begins so; up to 2006 its name stood in the tag: `su(pam_unix)`. */
const PAM_OPENING = 'pam_';
const PAM_IN_TAG = '(pam_';

function finder({
  readers,
  pam,
  anyProgram = false,
}: MessageParserSettings): (program: string, message: string) => Found | undefined {
  const byTag = new Map<string, Found>();
  const byOpening: { readonly opening: string; readonly found: Found }[] = [];
  const asPam = new Map<Found, Found>();
  for (const reader of readers) {
    const found = { reader, senders: reader.senders };
    if (pam !== undefined) asPam.set(found, reader.readsPam ? found : { reader: pam, senders: reader.senders });
    for (const tag of reader.programs) {
      if (tag.endsWith('*')) byOpening.push({ opening: tag.slice(0, -1), found });
      else byTag.set(tag, found);
    }
  }
  const pamOfAny = pam !== undefined && anyProgram ? { reader: pam, senders: pam.senders } : undefined;
  const named = (tag: string): Found | undefined =>
    byTag.get(tag) ?? byOpening.find(({ opening }) => tag.startsWith(opening))?.found;
  const pamWithin = (found: Found | undefined): Found | undefined => (found && asPam.get(found)) ?? pamOfAny;

  return (program, message) => {
    const found = named(program);
    if (message.startsWith(PAM_OPENING)) return pamWithin(found) ?? found;
    if (found !== undefined) return found;
    const inTag = program.indexOf(PAM_IN_TAG);
    return inTag < 0 ? undefined : pamWithin(named(program.slice(0, inTag)));
  };
}

type Growing = { -readonly [K in keyof Event]: Event[K] };

/** Builds the event; fields that were not given stay absent. */
export function makeEvent(
  { position }: RawLine,
  written: SyslogMessage,
  action: string,
  { category, outcome }: Pick<Event, 'category' | 'outcome'>,
  fields: Fields,
  provenance: Provenance,
): Event {
  const { at, message, host, program, pid } = written;
  // Nearly every line has all three. What an object is made with costs a fraction of what is added to it.
  const isWhole = host !== undefined && program !== undefined && pid !== undefined;
  const event: Growing = isWhole
    ? { at, position, provenance, category, action, outcome, message, host, program, pid }
    : { at, position, provenance, category, action, outcome, message };
  if (!isWhole) addHeader(event, written);
  addFields(event, fields);
  return event;
}

function addHeader(event: Growing, { host, program, pid }: SyslogMessage): void {
  if (host !== undefined) event.host = host;
  if (program !== undefined) event.program = program;
  if (pid !== undefined) event.pid = pid;
}

function addFields(event: Growing, fields: Fields): void {
  if (fields.user !== undefined) event.user = fields.user;
  if (fields.userUnknown === true) event.userUnknown = true;
  if (fields.targetUser !== undefined) event.targetUser = fields.targetUser;
  if (fields.sourceIp !== undefined) event.sourceIp = fields.sourceIp;
  if (fields.sourcePort !== undefined) event.sourcePort = fields.sourcePort;
  if (fields.destinationIp !== undefined) event.destinationIp = fields.destinationIp;
  if (fields.destinationPort !== undefined) event.destinationPort = fields.destinationPort;
  if (fields.transport !== undefined) event.transport = fields.transport;
  if (fields.service !== undefined) event.service = fields.service;
  if (fields.http !== undefined) event.http = fields.http;
  if (fields.fields !== undefined) event.fields = fields.fields;
  if (fields.method !== undefined) event.method = fields.method;
  if (fields.repeats !== undefined) event.repeats = fields.repeats;
}
