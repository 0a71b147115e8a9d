import type { Entries, Read } from './entries.ts';

/** How a list is written. `auto` tells by its first line that is neither blank nor a comment. */
export const LIST_FORMATS = ['auto', 'plain', 'csv', 'dshield', 'drop', 'ipset'] as const;
export type ListFormat = (typeof LIST_FORMATS)[number];

/** What one line came to; `none`: it holds no entry and is not wrong. */
export type LineRead = Read | 'none';

/** Reads one line, without blanks at its ends and never empty. */
export interface LineReader {
  line(bytes: Uint8Array, from: number, to: number, entries: Entries): LineRead;
}

/** The format of a list by its first line; undefined where it is a page of a web site or the like. */
export function formatBy(bytes: Uint8Array, from: number, to: number): Exclude<ListFormat, 'auto'> | undefined {
  const text = textOf(bytes, from, Math.min(to, from + 200));
  if (text.startsWith('<')) return undefined;
  if (text.startsWith('{')) return 'drop';
  if (/^(?:add|create|flush|-N|-A)\s/.test(text)) return 'ipset';
  if (/^(?:start\t|[\d.]+\t[\d.]+\t\d{1,2}(?:\t|$))/i.test(text)) return 'dshield';
  return /^[^#;\s]*[,|"]|^[A-Za-z_ ]+[;\t]/.test(text) ? 'csv' : 'plain';
}

/** @param column of a `csv`: a number from 1 on, or what the first line calls it; without it the first field that is an entry */
export function lineReader(format: Exclude<ListFormat, 'auto'>, column: string | undefined): LineReader {
  switch (format) {
    case 'plain':
      return { line: plainLine };
    case 'csv':
      return new CsvReader(column);
    case 'dshield':
      return { line: dshieldLine };
    case 'drop':
      return { line: dropLine };
    case 'ipset':
      return { line: ipsetLine };
  }
}

const [TAB, BLANK, QUOTE, HASH, COMMA, DASH, SEMICOLON, BRACE] = [0x09, 0x20, 0x22, 0x23, 0x2c, 0x2d, 0x3b, 0x7b];

/** Whether a comment begins there: `#`, `;`, or `//`. */
export const isComment = (bytes: Uint8Array, at: number): boolean =>
  bytes[at] === HASH || bytes[at] === SEMICOLON || (bytes[at] === 0x2f && bytes[at + 1] === 0x2f);

const isBlank = (byte: number | undefined): boolean => byte === BLANK || byte === TAB;

/** Where the word that begins at `from` ends: at a blank, a comma or a comment. */
function wordEnd(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to) {
    const byte = bytes[at] as number;
    if (byte === BLANK || byte === TAB || byte === HASH || byte === SEMICOLON || byte === COMMA) break;
    at++;
  }
  return at;
}

function skipBlanks(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && isBlank(bytes[at])) at++;
  return at;
}

/** An address, network or range; what stands behind it is a remark. `a - b` may have blanks. */
function plainLine(bytes: Uint8Array, from: number, to: number, entries: Entries): LineRead {
  const end = wordEnd(bytes, from, to);
  const dash = skipBlanks(bytes, end, to);
  if (dash > end && dash < to && bytes[dash] === DASH) {
    const second = skipBlanks(bytes, dash + 1, to);
    const last = wordEnd(bytes, second, to);
    const joined = Uint8Array.of(...bytes.subarray(from, end), DASH, ...bytes.subarray(second, last));
    if (second > dash + 1 && last > second) return entries.read(joined, 0, joined.length);
  }
  return entries.read(bytes, from, end);
}

/** `start end prefix`, between tabs or blanks; the head of the table begins with a letter that no address has. */
function dshieldLine(bytes: Uint8Array, from: number, to: number, entries: Entries): LineRead {
  const start = wordEnd(bytes, from, to);
  if ((bytes[from] as number) > 0x66 || bytes[from] === 0x53) return 'none';
  const second = skipBlanks(bytes, start, to);
  const end = wordEnd(bytes, second, to);
  const third = skipBlanks(bytes, end, to);
  const prefix = wordEnd(bytes, third, to);
  if (prefix === third) return 'bad';
  const joined = Uint8Array.of(...bytes.subarray(from, start), 0x2f, ...bytes.subarray(third, prefix));
  return entries.read(joined, 0, joined.length);
}

/** Spamhaus DROP: text (`network ; SBL`), or an object a line with its `cidr`. */
function dropLine(bytes: Uint8Array, from: number, to: number, entries: Entries): LineRead {
  if (bytes[from] !== BRACE) return plainLine(bytes, from, to, entries);
  const row = objectOf(textOf(bytes, from, to));
  if (row === undefined) return 'bad';
  const { cidr, type } = row;
  if (typeof cidr !== 'string') return type === 'metadata' ? 'none' : 'bad';
  const text = new TextEncoder().encode(cidr.slice(0, 64));
  return entries.read(text, 0, text.length);
}

function objectOf(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

/** `add SET ENTRY …` as `ipset save` writes it; what makes sets is passed over. */
function ipsetLine(bytes: Uint8Array, from: number, to: number, entries: Entries): LineRead {
  const verbEnd = wordEnd(bytes, from, to);
  const verb = textOf(bytes, from, verbEnd);
  if (['create', 'flush', 'destroy', 'swap', '-N', '-F', 'COMMIT'].includes(verb)) return 'none';
  if (verb !== 'add' && verb !== '-A') return 'bad';
  const set = skipBlanks(bytes, verbEnd, to);
  const key = skipBlanks(bytes, wordEnd(bytes, set, to), to);
  return key >= to ? 'bad' : entries.read(bytes, key, wordEnd(bytes, key, to));
}

/** Delimited fields, in quotes or without. A first line without an entry is the head. */
class CsvReader implements LineReader {
  readonly #wanted: string | undefined;
  /** From 0; -1: the first field that is an entry. */
  #column: number | undefined;
  #delimiter = COMMA;
  #isFirst = true;

  constructor(wanted: string | undefined) {
    this.#wanted = wanted;
    if (wanted === undefined) this.#column = -1;
    else if (/^[1-9]\d{0,2}$/.test(wanted)) this.#column = Number(wanted) - 1;
  }

  line(bytes: Uint8Array, from: number, to: number, entries: Entries): LineRead {
    const isHead = this.#isFirst;
    this.#isFirst = false;
    if (isHead) {
      this.#delimiter = delimiterOf(bytes, from, to);
      if (this.#column === undefined) {
        const names = fieldsOf(bytes, from, to, this.#delimiter).map(([at, end]) =>
          textOf(bytes, at, end).toLowerCase(),
        );
        this.#column = names.indexOf((this.#wanted ?? '').toLowerCase());
        if (this.#column >= 0) return 'none';
        // No field is taken for another that was not named.
        this.#column = Number.POSITIVE_INFINITY;
      }
    }
    const read = this.#entry(bytes, from, to, entries);
    return read === 'bad' && isHead ? 'none' : read;
  }

  #entry(bytes: Uint8Array, from: number, to: number, entries: Entries): LineRead {
    const fields = fieldsOf(bytes, from, to, this.#delimiter);
    const column = this.#column ?? -1;
    for (const [at, end] of column < 0 ? fields : fields.slice(column, column + 1)) {
      const read = entries.read(bytes, at, end);
      if (read !== 'bad') return read;
    }
    return 'bad';
  }
}

/** Of the delimiters in use the one that is most in this line. */
function delimiterOf(bytes: Uint8Array, from: number, to: number): number {
  const counted = [COMMA, SEMICOLON, TAB, 0x7c].map((byte) => {
    let count = 0;
    for (let at = from; at < to; at++) if (bytes[at] === byte) count++;
    return { byte, count };
  });
  return counted.reduce((most, one) => (one.count > most.count ? one : most)).byte;
}

/** Where the fields are, without quotes and blanks around them. */
function fieldsOf(bytes: Uint8Array, from: number, to: number, delimiter: number): [from: number, to: number][] {
  const fields: [number, number][] = [];
  let start = from;
  let isQuoted = false;
  for (let at = from; at <= to; at++) {
    if (at < to && bytes[at] === QUOTE) isQuoted = !isQuoted;
    if (at < to && (isQuoted || bytes[at] !== delimiter)) continue;
    fields.push(trimmed(bytes, start, at));
    start = at + 1;
  }
  return fields;
}

function trimmed(bytes: Uint8Array, from: number, to: number): [number, number] {
  let [start, end] = [from, to];
  while (start < end && (isBlank(bytes[start]) || bytes[start] === QUOTE)) start++;
  while (end > start && (isBlank(bytes[end - 1]) || bytes[end - 1] === QUOTE)) end--;
  return [start, end];
}

/** The bytes as Latin-1: total, and the same for what is ASCII. */
function textOf(bytes: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let at = from; at < to; at++) text += String.fromCharCode(bytes[at] as number);
  return text;
}
