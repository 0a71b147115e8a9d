import type { Millis } from '../base/time.ts';
import { clamp, readIsoTime } from './clock-text.ts';
import type { Unparsed } from './event.ts';
import { Scan } from './scan.ts';
import { nil, readBsdTime, readHostAndTag, readPid, skipStructuredData } from './syslog.ts';
import type { ZoneOffset } from './syslog-time.ts';

/** What a message that came over the network says of itself. Any of it may be a lie. */
export interface NetworkMessage {
  /** The sender's time, clamped to `MAX_AHEAD` after it was received; when it came, if the message gives no usable time. */
  readonly at: Millis;
  /** Facility × 8 + severity, 0..191. */
  readonly priority: number | undefined;
  readonly host: string | undefined;
  readonly program: string | undefined;
  readonly pid: number | undefined;
  /** RFC 5424 STRUCTURED-DATA as it stood, brackets included. */
  readonly structuredData: string | undefined;
  readonly message: string;
}

/** The largest PRI: facility 23, severity 7. */
const MOST_PRIORITY = 191;

/** RFC 5424 lets a host name have 255 characters and an application 48; more is no header of anybody's. */
const HOST_LENGTH = 255;
const PROGRAM_LENGTH = 128;

/** No clock that was ever set shows less; a device without one begins at 1970 or 2000. */
const CLOCK_WAS_SET: number = Date.UTC(2001, 0, 1);

/** A tag without time and host before it: `sshd[12]: message`. */
const BARE_TAG = /([\w./-]{1,48})(?:\[(\d{1,10})\])?: ?/y;

/**
 * Reads one message as it came in a datagram or frame. The header may lack any part, as RFC 3164 section 4.3 foresees for
 * receivers: without a PRI there is no priority, without a time the moment it came counts, without a host the caller knows
 * from where it came. A text that follows no form at all is all message.
 *
 * - RFC 5424, with structured data; `-` for any field. A message that is all structured data has that as its text.
 * - RFC 3164, also with an RFC 3339 time, without host, or as a tag alone; in the receiver's zone, the year inferred.
 *
 * Total: any text gives a message, an empty one the reason.
 * @param text see `networkText`
 */
export function readNetworkSyslog(text: string, receivedAt: Millis, zone: ZoneOffset): NetworkMessage | Unparsed {
  const scan = new Scan(text);
  const priority = readPriority(scan);
  const start = scan.at;
  if (text.length === start || text.slice(start).trim() === '') return { unparsed: 'empty' };
  return (
    (priority !== undefined && text.startsWith('1 ', start) ? readNew(scan, priority, receivedAt) : undefined) ??
    readOld(scan, start, priority, receivedAt, zone) ??
    readBare(text, start, priority, receivedAt)
  );
}

/**
 * The text of a datagram or frame, in one line: trailing line ends and NULs go, and control characters but tab are
 * written as `#` and three octal digits, as rsyslog does, so that no message can pass itself off as two.
 */
export function networkText(bytes: Uint8Array): string {
  let end = bytes.length;
  while (end > 0 && isTrailer(bytes[end - 1] as number)) end--;
  const text = decoder.decode(bytes.subarray(0, end));
  return CONTROL.test(text) ? text.replace(CONTROLS, escapeControl) : text;
}

const decoder = new TextDecoder();

const isTrailer = (byte: number): boolean => byte === 0x0a || byte === 0x0d || byte === 0;

const CONTROL = /[^\P{Cc}\t]/u;
const CONTROLS = /[^\P{Cc}\t]/gu;

const escapeControl = (char: string): string => `#${(char.codePointAt(0) ?? 0).toString(8).padStart(3, '0')}`;

/** `<PRI>`, which is skipped; a number out of range is no PRI, and the text begins with it. */
function readPriority(scan: Scan): number | undefined {
  const { text } = scan;
  if (text.charCodeAt(0) !== 0x3c) return undefined;
  const end = text.indexOf('>');
  const priority = end < 2 || end > 4 ? undefined : readPid(text, 1, end);
  if (priority === undefined || priority > MOST_PRIORITY) return undefined;
  scan.at = end + 1;
  return priority;
}

/** RFC 5424 behind the PRI. */
function readNew(scan: Scan, priority: number, receivedAt: Millis): NetworkMessage | undefined {
  const { text } = scan;
  scan.at += 2;
  const at = text.startsWith('- ', scan.at) ? skipNil(scan) : readIsoTime(scan);
  if (at === undefined || !scan.skip(0x20)) return undefined;
  const host = nil(scan.word());
  const program = nil(scan.word());
  const procid = scan.word();
  const msgid = scan.word();
  const dataStart = scan.at;
  if (msgid === '' || isTooLong(host, program) || !skipStructuredData(scan)) return undefined;
  const data = nil(text.slice(dataStart, scan.at));
  if (scan.at < text.length && !scan.skip(0x20)) return undefined;
  scan.skip(0xfeff);
  // rsyslogd passes on in this form, as part of the message, the blank that stood behind an RFC 3164 tag.
  scan.skip(0x20);
  const said = text.slice(scan.at);
  return {
    at: believable(at, receivedAt),
    priority,
    host,
    program,
    pid: readPid(procid, 0, procid.length),
    structuredData: data,
    message: said === '' && data !== undefined ? data : said,
  };
}

function skipNil(scan: Scan): number {
  scan.at++;
  return Number.NaN;
}

/** RFC 3164 behind the PRI, and its variant with an RFC 3339 time. */
function readOld(
  scan: Scan,
  start: number,
  priority: number | undefined,
  receivedAt: Millis,
  zone: ZoneOffset,
): NetworkMessage | undefined {
  scan.at = start;
  const code = scan.text.charCodeAt(start);
  const at = code >= 0x30 && code <= 0x39 ? readIsoTime(scan) : readBsdTime(scan, receivedAt, zone);
  if (at === undefined || !scan.skip(0x20)) return undefined;
  const read = readHostAndTag(scan, believable(at, receivedAt));
  if ('unparsed' in read || isTooLong(read.host, read.program)) return undefined;
  const message = read.message.charCodeAt(0) === 0xfeff ? read.message.slice(1) : read.message;
  return { ...read, priority, structuredData: undefined, message };
}

/** No time and no host: perhaps a tag, else nothing but the message. */
function readBare(text: string, start: number, priority: number | undefined, at: Millis): NetworkMessage {
  BARE_TAG.lastIndex = start;
  const tag = BARE_TAG.exec(text);
  const [whole = '', program, digits] = tag ?? [];
  const pid = digits === undefined ? undefined : readPid(digits, 0, digits.length);
  const message = text.slice(start + whole.length);
  return { at, priority, host: undefined, program, pid, structuredData: undefined, message };
}

const isTooLong = (host: string | undefined, program: string | undefined): boolean =>
  (host?.length ?? 0) > HOST_LENGTH || (program?.length ?? 0) > PROGRAM_LENGTH;

/** @param at NaN for a time that is none */
const believable = (at: number, receivedAt: Millis): Millis =>
  at >= CLOCK_WAS_SET ? clamp(at, receivedAt) : receivedAt;
