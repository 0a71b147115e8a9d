import { type Millis, millis } from '../base/time.ts';
import type { LineHeader, Position, RawLine, Sender } from './event.ts';

/** What is read of each journal entry, in this order. Names with an underscore are journald's own knowledge. */
export const JOURNAL_FIELDS = [
  'MESSAGE',
  'SYSLOG_IDENTIFIER',
  'SYSLOG_FACILITY',
  'SYSLOG_PID',
  '_TRANSPORT',
  '_COMM',
  '_PID',
  '_UID',
  '_SYSTEMD_UNIT',
  '_EXE',
  '_HOSTNAME',
] as const;

const column = (name: (typeof JOURNAL_FIELDS)[number]): number => JOURNAL_FIELDS.indexOf(name);
const MESSAGE = column('MESSAGE');
const IDENTIFIER = column('SYSLOG_IDENTIFIER');
const FACILITY = column('SYSLOG_FACILITY');
const CLAIMED_PID = column('SYSLOG_PID');
const TRANSPORT = column('_TRANSPORT');
const COMM = column('_COMM');
const PID = column('_PID');
const UID = column('_UID');
const UNIT = column('_SYSTEMD_UNIT');
const EXE = column('_EXE');
const HOSTNAME = column('_HOSTNAME');

/** Journal entries as columns; a field is its index in `JOURNAL_FIELDS`. */
export interface JournalColumns {
  readonly length: number;
  text(entry: number, field: number): string | undefined;
  hasControls(entry: number, field: number): boolean;
  /** The value was too long and is not whole. */
  isCutOff(entry: number, field: number): boolean;
  seqnum(entry: number): number;
  seqnumId(entry: number): string;
  /** Microseconds since 1970. */
  realtime(entry: number): number;
}

/**
 * Journal entries as lines; an entry without a message is none.
 *
 * A line's position is the entry's sequence number in its sequence of files, which is what survives rotation and what
 * the journal can be asked for again (`journalctl --cursor='s=SOURCE;i=HEX'`). The time since boot would survive the
 * flush from /run to /var too, but several entries may share one.
 *
 * The message is text as rsyslog would have written it to a file: control characters are `#ooo`, so that a line break in
 * a user's name neither hides a line from its parser nor makes two of it.
 */
export function linesOf(columns: JournalColumns, receivedAt: Millis): RawLine[] {
  const lines: RawLine[] = [];
  let sender: Sender = {};
  for (let entry = 0; entry < columns.length; entry++) {
    const message = columns.text(entry, MESSAGE);
    if (message === undefined) continue;
    sender = senderOf(columns, entry, sender);
    const isKernel = sender.transport === 'kernel' && columns.text(entry, FACILITY) === KERNEL;
    const about = {
      position: positionOf(columns, entry),
      receivedAt,
      provenance: isKernel ? 'kernel' : 'journal',
      header: headerOf(columns, entry),
      sender,
    } as const;
    lines.push(
      columns.isCutOff(entry, MESSAGE)
        ? { text: '', flaw: 'too-long', ...about }
        : { text: columns.hasControls(entry, MESSAGE) ? escaped(message) : message, ...about },
    );
  }
  return lines;
}

/**
 * The facility of the kernel's own messages. What a process writes to /dev/kmsg has the kernel's transport too, but the
 * kernel gives nobody else its facility.
 */
const KERNEL = '0';

const positionOf = (columns: JournalColumns, entry: number): Position => ({
  source: `journal:${columns.seqnumId(entry)}`,
  offset: columns.seqnum(entry),
});

function headerOf(columns: JournalColumns, entry: number): LineHeader {
  const host = columns.text(entry, HOSTNAME);
  const program = columns.text(entry, IDENTIFIER) ?? columns.text(entry, COMM);
  const pid = numberIn(columns.text(entry, PID) ?? columns.text(entry, CLAIMED_PID));
  return {
    at: millis(Math.floor(columns.realtime(entry) / 1000)),
    ...(host === undefined ? undefined : { host }),
    ...(program === undefined ? undefined : { program }),
    ...(pid === undefined ? undefined : { pid }),
  };
}

/** @param before of the entry before, which often has the same */
function senderOf(columns: JournalColumns, entry: number, before: Sender): Sender {
  const uid = numberIn(columns.text(entry, UID));
  const unit = columns.text(entry, UNIT);
  const exe = columns.text(entry, EXE);
  const transport = columns.text(entry, TRANSPORT);
  const isSame =
    uid === before.uid && unit === before.unit && exe === before.exe && transport === before.transport && entry > 0;
  if (isSame) return before;
  return {
    ...(uid === undefined ? undefined : { uid }),
    ...(unit === undefined ? undefined : { unit }),
    ...(exe === undefined ? undefined : { exe }),
    ...(transport === undefined ? undefined : { transport }),
  };
}

const numberIn = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,10}$/.test(text) ? Number(text) : undefined;

/** A line end behind the message is none of it. */
const escaped = (message: string): string =>
  message
    .replace(/\r?\n$/, '')
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    .replace(/[\x00-\x08\x0a-\x1f\x7f]/g, (char) => `#${char.charCodeAt(0).toString(8).padStart(3, '0')}`);
