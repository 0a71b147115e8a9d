import { fail, ok, type Result } from '../base/result.ts';
import { FAMILIES, type ListColumns } from '../respond/lists/columns.ts';
import type { ListChange, ListContent } from './list.ts';
import { decodeInto, encodeRows } from './list-numbers.ts';
import { columnsOfRows, Grown, joined, type ListRows, lacking, NO_ROWS, rowsOf, rowWidth } from './list-rows.ts';

/**
 * The content of a list in canonical form: by family, entries sorted by their first address, none within another. Each is
 * the difference of its first address to that of the entry before (of the first entry to zero) as an unsigned LEB128 number.
 * Where the prefix is not the longest, or the difference is 0, a zero byte and the prefix length stand before it.
 */
export const encodeContent = (columns: ListColumns): ListContent => contentOf(rowsOf(columns));
export const contentOf = (rows: ListRows): ListContent => ({ v4: encodeRows(rows[4], 4), v6: encodeRows(rows[6], 6) });

/** The same cut into contents of so many entries at most, each beginning anew; none for an empty list. */
export const encodeParts = (columns: ListColumns, most: number): readonly ListContent[] =>
  cut(rowsOf(columns), most).map(contentOf);

/** Rows of so many entries at most. */
export function cut(rows: ListRows, most: number): readonly ListRows[] {
  return FAMILIES.flatMap((family) => {
    const [own, size] = [rows[family], most * rowWidth(family)];
    return Array.from({ length: Math.ceil(own.length / size) }, (_, i) => {
      const some = own.subarray(i * size, (i + 1) * size);
      return family === 4 ? { 4: some, 6: NO_ROWS } : { 4: NO_ROWS, 6: some };
    });
  });
}

/**
 * Reads contents that follow each other: parts of a whole, in their order. Total: whatever comes in is read or refused.
 * @param most entries that are taken
 */
export function decodeContents(contents: readonly ListContent[], most: number): Result<ListColumns, 'malformed'> {
  const rows = decodeRows(contents, most);
  return rows.ok ? ok(columnsOfRows(rows.value)) : rows;
}

/** As `decodeContents`. */
export function decodeRows(contents: readonly ListContent[], most: number): Result<ListRows, 'malformed'> {
  const rows = { 4: new Grown(0), 6: new Grown(0) };
  for (const content of contents) {
    for (const family of FAMILIES) {
      const bytes = family === 4 ? content.v4 : content.v6;
      const trouble = decodeInto(rows[family], bytes, family, most);
      if (trouble !== undefined) return fail('malformed', `version ${family}: ${trouble}`);
    }
  }
  return rows[4].length / rowWidth(4) + rows[6].length / rowWidth(6) > most
    ? fail('malformed', `more than ${most} entries`)
    : ok({ 4: rows[4].copy(), 6: rows[6].copy() });
}

/** What came and what went. */
export interface RowsChange {
  readonly added: ListRows;
  readonly removed: ListRows;
}

/** What came and what went from one content to another. */
export const changeBetween = (before: ListColumns, after: ListColumns): ListChange =>
  encodeChange(differenceOf(rowsOf(before), rowsOf(after)));

export const differenceOf = (before: ListRows, after: ListRows): RowsChange => ({
  added: minus(after, before),
  removed: minus(before, after),
});

export const encodeChange = ({ added, removed }: RowsChange): ListChange => ({
  added: contentOf(added),
  removed: contentOf(removed),
});

export function decodeChange({ added, removed }: ListChange): Result<RowsChange, 'malformed'> {
  const most = Number.MAX_SAFE_INTEGER;
  const [more, less] = [decodeRows([added], most), decodeRows([removed], most)];
  if (!more.ok) return more;
  return less.ok ? ok({ added: more.value, removed: less.value }) : less;
}

/** One change that does what both do, the second after the first. @returns malformed: it is no change of what the first makes */
export function composed(first: RowsChange, second: RowsChange): Result<RowsChange, 'malformed'> {
  const added = plus(minus(first.added, second.removed), minus(second.added, first.removed));
  const removed = plus(minus(first.removed, second.added), minus(second.removed, first.added));
  return added === undefined || removed === undefined
    ? fail('malformed', 'the changes do not follow each other')
    : ok({ added, removed });
}

/** Makes the change. @returns malformed: it is no change of this content */
export function changed(columns: ListColumns, change: ListChange): Result<ListColumns, 'malformed'> {
  const read = decodeChange(change);
  if (!read.ok) return read;
  const { added, removed } = read.value;
  const rows = rowsOf(columns);
  const left = minus(rows, removed);
  const isOfThis = FAMILIES.every((family) => left[family].length + removed[family].length === rows[family].length);
  const after = isOfThis ? plus(left, added) : undefined;
  return after === undefined ? fail('malformed', 'the change is of another content') : ok(columnsOfRows(after));
}

const minus = (a: ListRows, b: ListRows): ListRows => ({
  4: lacking(a[4], b[4], rowWidth(4)),
  6: lacking(a[6], b[6], rowWidth(6)),
});

function plus(a: ListRows, b: ListRows): ListRows | undefined {
  const [four, six] = [joined(a[4], b[4], rowWidth(4)), joined(a[6], b[6], rowWidth(6))];
  return four === undefined || six === undefined ? undefined : { 4: four, 6: six };
}
