import { compareKeys } from '../../core/keys/order.ts';
import type { BaseIterator } from './disk.ts';
import { unseal } from './record-text.ts';

type Change = readonly [key: string, json: string | undefined];

const FIRST_PAGE = 16;
const LARGEST_PAGE = 512;

/** A record of the disk that is not what was written under its key. */
export class DamagedRecord extends Error {
  readonly code = 'LEVEL_CORRUPTION';
}

/** Entries of the disk with `changes` over them: both in the same direction, `undefined` hides an entry. */
export async function* merged(
  changes: readonly Change[],
  iterator: BaseIterator | undefined,
  reverse: boolean,
): AsyncGenerator<readonly [key: string, json: string]> {
  const order = reverse ? -1 : 1;
  let next = 0;
  if (iterator !== undefined) {
    for await (const [key, text] of paged(iterator)) {
      for (let change = changes[next]; change !== undefined; change = changes[next]) {
        const [changed, json] = change;
        if (compareKeys(changed, key) * order >= 0) break;
        next++;
        if (json !== undefined) yield [changed, json];
      }
      if (changes[next]?.[0] !== key) yield [key, open(key, text)];
    }
  }
  for (const [key, json] of changes.slice(next)) if (json !== undefined) yield [key, json];
}

/** The JSON in a record of the disk. @throws DamagedRecord */
export function open(key: string, text: string): string {
  const json = unseal(key, text);
  if (json === undefined) throw new DamagedRecord('a record is not what was written');
  return json;
}

async function* paged(iterator: BaseIterator): AsyncGenerator<readonly [key: string, text: string]> {
  for (let count = FIRST_PAGE; ; count = Math.min(2 * count, LARGEST_PAGE)) {
    const page = await iterator.next(count);
    if (page.length === 0) return;
    yield* page;
  }
}
