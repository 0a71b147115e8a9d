import { parseCursor } from './cursor.ts';
import { refuse } from './failure.ts';
import type { JournalFailure, JournalOptions, JournalTarget, ReadLimits } from './port.ts';

export const DEFAULT_MAX_VALUE = 256 * 1024;
export const DEFAULT_READ: ReadLimits = { entries: 1024, bytes: 1024 * 1024 };

const MOST_FIELDS = 64;
const MOST_MARKS = 64;
const MOST_VALUE_BYTES = 16 * 1024 * 1024;
const MOST_ENTRIES = 16_384;
const MOST_BATCH_BYTES = 256 * 1024 * 1024;
const LONGEST_WAIT = 2 ** 31 - 1;

/** journald's own rule for names, and no others are in a journal. */
const FIELD = /^[A-Z_][A-Z0-9_]{0,63}$/;

export function checkOptions(options: JournalOptions): JournalFailure | undefined {
  const { source, fields, matches = [], exclude = [], maxValueBytes = DEFAULT_MAX_VALUE } = options;
  const paths = source.kind === 'directory' ? [source.path] : source.kind === 'files' ? source.paths : ['/'];
  if (paths.length === 0) return refuse('a journal of files needs at least one');
  const odd = paths.find((path) => !path.startsWith('/') || path.includes('\0'));
  if (odd !== undefined) return refuse(`"${odd}" is no absolute path`);
  if (fields.length > MOST_FIELDS) return refuse(`at most ${MOST_FIELDS} fields of an entry are read`);
  if (new Set(fields).size < fields.length) return refuse('a field is named twice');
  const groups = [...matches, ...exclude];
  if (groups.some((group) => group.length === 0)) return refuse('a group of matches is empty');
  if (exclude.flat().length > MOST_MARKS) return refuse(`at most ${MOST_MARKS} values are excluded`);
  const names = [...fields, ...groups.flat().map(({ field }) => field)];
  const bad = names.find((name) => !FIELD.test(name));
  if (bad !== undefined) return refuse(`"${bad}" is no name of a journal field: 1-64 of A-Z 0-9 _`);
  return isCount(maxValueBytes, MOST_VALUE_BYTES)
    ? undefined
    : refuse(`maxValueBytes must be 1-${MOST_VALUE_BYTES}, not ${maxValueBytes}`);
}

export function checkLimits({ entries, bytes }: ReadLimits): JournalFailure | undefined {
  if (!isCount(entries, MOST_ENTRIES)) return refuse(`a batch has 1-${MOST_ENTRIES} entries, not ${entries}`);
  return isCount(bytes, MOST_BATCH_BYTES) ? undefined : refuse(`a batch has 1-${MOST_BATCH_BYTES} bytes, not ${bytes}`);
}

export function checkTarget(target: JournalTarget): JournalFailure | undefined {
  switch (target.to) {
    case 'head':
    case 'tail':
      return undefined;
    case 'cursor':
      return parseCursor(target.cursor) !== undefined ? undefined : refuse('not a cursor of a journal');
    case 'time':
      return isCount(target.at + 1, Number.MAX_SAFE_INTEGER / 1000) ? undefined : refuse('not a moment');
    case 'boot':
      if (!/^[0-9a-f]{32}$/.test(target.boot)) return refuse('a boot is named by 32 hex digits');
      return isCount(target.monotonic + 1, Number.MAX_SAFE_INTEGER) ? undefined : refuse('not a time since a boot');
  }
}

export const checkWait = (atMost: number): JournalFailure | undefined =>
  isCount(atMost + 1, LONGEST_WAIT) ? undefined : refuse(`a wait is 0-${LONGEST_WAIT - 1} ms, not ${atMost}`);

const isCount = (value: number, most: number): boolean => Number.isInteger(value) && value >= 1 && value <= most;
