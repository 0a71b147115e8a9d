import { isId } from '../base/ids.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { Millis } from '../base/time.ts';
import { type Change, type ChangeId, SPANS, VERDICT_BY, type Verdict } from './change.ts';

/** What a start, and a reverter without Node, must know of a trial: `pending/trial`. */
export interface TrialFacts extends Pick<Change, 'id' | 'subject' | 'spans' | 'bootId' | 'trial' | 'before' | 'after'> {
  /** On the boot-time clock of `bootId`, ms; 0: the new state was not in place yet. */
  readonly deadline: Millis;
  readonly forced: boolean;
}

/** What `verdict` says: all that a reverter can know of an end. */
export type VerdictFacts = Pick<Verdict, 'result' | 'by' | 'why' | 'at'>;

/** Mode (permission bits), owner and group of a file. */
export interface FileAttributes {
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

type Decoded<V> = Result<V, 'damaged'>;

const LONGEST_WHY = 500;
const LARGEST_ID = 0xffff_fffe;
/** What a shell's `while IFS='=' read -r key value` takes apart again, and `.`-sourcing would not run. */
const PLAIN_VALUE = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}"'`\\]*$/u;
const HASH = /^sha256:[0-9a-f]{64}$/;

/** @throws RangeError for a value that the form cannot carry: a bug of the caller */
export const encodeTrial = (facts: TrialFacts): string =>
  encodeLines({
    id: facts.id,
    subject: facts.subject,
    spans: facts.spans,
    boot_id: facts.bootId,
    deadline: String(facts.deadline),
    trial: String(facts.trial),
    forced: facts.forced ? '1' : '0',
    before: facts.before,
    after: facts.after,
  });

/** Total. Keys it does not know are passed over; a text that was cut off is `damaged`. */
export function decodeTrial(text: string): Decoded<TrialFacts> {
  const lines = decodeLines(text);
  if (!lines.ok) return lines;
  const read = (key: string): string => lines.value.get(key) ?? '';
  const [id, spans, forced] = [read('id'), read('spans'), read('forced')];
  const [deadline, trial] = [wholeNumber(read('deadline')), wholeNumber(read('trial'))];
  const [before, after, subject, bootId] = [read('before'), read('after'), read('subject'), read('boot_id')];
  if (!isId(id)) return damaged('id');
  if (subject === '') return damaged('subject');
  if (!isOneOf(SPANS, spans)) return damaged('spans');
  if (bootId === '') return damaged('boot_id');
  if (deadline === undefined) return damaged('deadline');
  if (trial === undefined) return damaged('trial');
  if (forced !== '0' && forced !== '1') return damaged('forced');
  if (!HASH.test(before)) return damaged('before');
  if (!HASH.test(after)) return damaged('after');
  return ok({ id: id as ChangeId, subject, spans, bootId, deadline, trial, forced: forced === '1', before, after });
}

/** A `why` that the form cannot carry is bent until it can: quotes and control characters become spaces. */
export const encodeVerdict = ({ result, by, why, at }: VerdictFacts): string =>
  encodeLines({ result, by, why: plain(why), at: String(at) });

/** Total, as `decodeTrial`. */
export function decodeVerdict(text: string): Decoded<VerdictFacts> {
  const lines = decodeLines(text);
  if (!lines.ok) return lines;
  const read = (key: string): string => lines.value.get(key) ?? '';
  const [result, by, at] = [read('result'), read('by'), wholeNumber(read('at'))];
  if (result !== 'confirmed' && result !== 'reverted') return damaged('result');
  if (!isOneOf(VERDICT_BY, by)) return damaged('by');
  if (at === undefined) return damaged('at');
  return ok({ result, by, why: read('why'), at });
}

/** `MODE UID GID`, the mode octal. */
export const encodeAttributes = ({ mode, uid, gid }: FileAttributes): string => `${mode.toString(8)} ${uid} ${gid}\n`;

/** Total. */
export function decodeAttributes(text: string): Decoded<FileAttributes> {
  const [, octal, ...owners] = /^([0-7]{1,4}) (0|[1-9]\d{0,9}) (0|[1-9]\d{0,9})\n$/.exec(text) ?? [];
  const [uid = Number.NaN, gid = Number.NaN] = owners.map(Number);
  if (octal === undefined || uid > LARGEST_ID || gid > LARGEST_ID) return damaged('attributes');
  return ok({ mode: Number.parseInt(octal, 8), uid, gid });
}

/** @throws RangeError for a path that is not absolute or has a line break: a bug of the caller */
export function encodePath(path: string): string {
  if (!isPath(path)) throw new RangeError(`${JSON.stringify(path)} cannot be the path of a snapshot`);
  return `${path}\n`;
}

/** Total. */
export function decodePath(text: string): Decoded<string> {
  const path = text.slice(0, -1);
  return text.endsWith('\n') && isPath(path) ? ok(path) : damaged('path');
}

/** How many starts failed during a trial: a line each. */
export const countFailures = (text: string): number => text.split('\n').filter((line) => line !== '').length;

// biome-ignore lint/suspicious/noControlCharactersInRegex: NUL ends a path for the kernel
const isPath = (path: string): boolean => /^\/[^\u0000\n]*[^\u0000\n/]$/.test(path);

const damaged = (what: string): Decoded<never> => fail('damaged', `${what} is missing or unreadable`);

const isOneOf = <T extends string>(all: readonly T[], text: string): text is T => all.includes(text as T);

const plain = (text: string): string =>
  [...text]
    .map((char) => (PLAIN_VALUE.test(char) ? char : ' '))
    .join('')
    .trim()
    .slice(0, LONGEST_WHY);

function wholeNumber(text: string): Millis | undefined {
  const value = Number(text);
  return /^(?:0|[1-9]\d{0,15})$/.test(text) && Number.isSafeInteger(value) ? (value as Millis) : undefined;
}

function encodeLines(values: Readonly<Record<string, string>>): string {
  return Object.entries(values)
    .map(([key, value]) => {
      if (!PLAIN_VALUE.test(value)) throw new RangeError(`${JSON.stringify(value)} cannot be the value of ${key}`);
      return `${key}=${value}\n`;
    })
    .join('');
}

function decodeLines(text: string): Decoded<ReadonlyMap<string, string>> {
  if (!text.endsWith('\n')) return damaged('the end');
  const values = new Map<string, string>();
  for (const line of text.slice(0, -1).split('\n')) {
    const [, key, value] = /^([a-z_]+)=(.*)$/s.exec(line) ?? [];
    if (key === undefined || value === undefined || values.has(key) || !PLAIN_VALUE.test(value))
      return damaged('a line');
    values.set(key, value);
  }
  return ok(values);
}
