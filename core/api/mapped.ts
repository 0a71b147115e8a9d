import type { Breathe } from './endpoint.ts';

/** Entries turned into rows in one go: a few milliseconds. */
const BITE = 1000;

/** `list.map(rowOf)` for a list that may be long, so that it holds nobody up. */
export async function mapped<V, W>(list: readonly V[], rowOf: (entry: V) => W, breathe: Breathe): Promise<W[]> {
  const rows: W[] = [];
  for (const entry of list) {
    if (rows.length > 0 && rows.length % BITE === 0) await breathe();
    rows.push(rowOf(entry));
  }
  return rows;
}
