import type { Tally } from '../../core/query/tally.ts';
import type { Count, Value } from '../../core/query/tree.ts';
import type { Block } from './block.ts';
import { type Dictionary, textAt } from './column-readers.ts';
import { COLUMNS, FLAGS } from './layout.ts';
import { countOf, DECLARED_FIELD, type Mask, nameOf } from './select.ts';

/** Counts the rows of a mask; what a block can count by itself is told as one sum. */
export function countRows(block: Block, mask: Mask, { by, per }: Count, tally: Tally): void {
  const [only] = by;
  if (per === undefined && only === undefined) {
    const rows = countOf(mask);
    if (rows > 0) tally.add(0, [], rows);
    return;
  }
  const dictionary = per === undefined && only !== undefined && by.length === 1 ? dictionaryOf(block, only) : undefined;
  if (dictionary !== undefined) {
    countByText(dictionary, mask, tally);
    return;
  }
  const { moments } = block;
  const readers = by.map((field) => valueReader(block, field));
  for (let row = 0; row < mask.length; row++) {
    if (mask[row] === 0) continue;
    tally.add(
      moments[row] as number,
      readers.map((read) => read(row)),
    );
  }
}

function countByText({ ids, texts }: Dictionary, mask: Mask, tally: Tally): void {
  const counts = new Uint32Array(texts.length);
  for (let row = 0; row < mask.length; row++) {
    const id = ids[row] as number;
    counts[id] = (counts[id] as number) + (mask[row] as number);
  }
  for (const [id, count] of counts.entries()) if (count > 0) tally.add(0, [texts[id]], count);
}

/** Undefined for a field that is stored in another way, or in none of the rows. */
function dictionaryOf(block: Block, field: string): Dictionary | undefined {
  if (field.startsWith(DECLARED_FIELD)) return block.declared(field.slice(DECLARED_FIELD.length));
  const name = nameOf(field);
  return COLUMNS[name].storage === 'dictionary' ? block.dictionary(name) : undefined;
}

function valueReader(block: Block, field: string): (row: number) => Value | undefined {
  if (field.startsWith(DECLARED_FIELD)) {
    const dictionary = block.declared(field.slice(DECLARED_FIELD.length));
    return (row) => dictionary?.at(row);
  }
  const name = nameOf(field);
  const { storage } = COLUMNS[name];
  if (storage === 'dictionary') {
    const dictionary = block.dictionary(name);
    return (row) => dictionary?.at(row);
  }
  if (storage === 'bytes') return (row) => textAt(block.messages, row);
  const numbers = block.numbers(name);
  const number = (row: number): number => numbers?.[row] ?? Number.NaN;
  if (name === 'flags') return (row) => ((number(row) & FLAGS.userUnknown) === 0 ? undefined : 'yes');
  return (row) => (Number.isNaN(number(row)) ? undefined : number(row));
}
