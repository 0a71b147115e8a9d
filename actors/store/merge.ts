import { compareKeys } from '../../core/keys/order.ts';
import type { BaseIterator, Content } from './disk.ts';
import { holdsBytes, unseal, unsealRaw } from './record-text.ts';

type Change = readonly [key: string, content: Content | undefined];
type Entry = readonly [key: string, json: string];

const FIRST_PAGE = 16;
const LARGEST_PAGE = 512;

/** A record of the disk that is not what was written under its key. */
export class DamagedRecord extends Error {
  readonly code = 'LEVEL_CORRUPTION';
}

/**
 * Entries of the disk with `changes` over them, page by page: both in the same direction, `undefined` hides an entry. What
 * holds bytes is passed over.
 * @throws DamagedRecord
 */
export async function* merged(
  changes: readonly Change[],
  iterator: BaseIterator | undefined,
  reverse: boolean,
): AsyncGenerator<readonly Entry[]> {
  let next = 0;
  for (let count = FIRST_PAGE; iterator !== undefined; count = Math.min(2 * count, LARGEST_PAGE)) {
    const page = await iterator.next(count);
    const last = page.at(-1);
    if (last === undefined) break;
    const due = changes.slice(next, next + countUpTo(changes, next, last[0], reverse));
    next += due.length;
    yield mergePage(page, due, reverse);
  }
  yield changes.slice(next).filter(isEntry);
}

/** How many changes from `start` on do not lie beyond `key`. */
function countUpTo(changes: readonly Change[], start: number, key: string, reverse: boolean): number {
  let count = 0;
  for (let change = changes[start]; change !== undefined; change = changes[start + count]) {
    if (compareKeys(change[0], key) * (reverse ? -1 : 1) > 0) break;
    count++;
  }
  return count;
}

function mergePage(page: readonly Entry[], changes: readonly Change[], reverse: boolean): readonly Entry[] {
  if (changes.length === 0) return entriesIn(page);
  const hidden = new Set(changes.map(([key]) => key));
  const kept = entriesIn(page.filter(([key]) => !hidden.has(key)));
  const all = [...kept, ...changes.filter(isEntry)];
  return all.sort(([a], [b]) => compareKeys(a, b) * (reverse ? -1 : 1));
}

const entriesIn = (page: readonly Entry[]): readonly Entry[] =>
  page.filter(([, text]) => !holdsBytes(text)).map(([key, text]) => [key, open(key, text)]);

const isEntry = (change: Change): change is Entry => typeof change[1] === 'string';

/** The JSON in a record of the disk. @throws DamagedRecord */
export function open(key: string, text: string): string {
  const json = unseal(key, text);
  if (json === undefined) throw new DamagedRecord('a record is not what was written');
  return json;
}

/** What a record of the disk holds. @throws DamagedRecord */
export function openRaw(key: string, record: Uint8Array): Content {
  const content = unsealRaw(key, record);
  if (content === undefined) throw new DamagedRecord('a record is not what was written');
  return content;
}
