/**
 * How far the events are durable. Kept in the same batch as the cursors of their sources: at a restart everything behind
 * it is cut off, because the sources give it again.
 */
export interface SegmentPosition {
  readonly segment: number;
  /** Bytes of its file; 0: it was not begun. */
  readonly length: number;
  /** Rows in these bytes. */
  readonly rows: number;
  /** The tail that holds the rows of the block being filled. */
  readonly generation: number;
  readonly tailRows: number;
}

export const samePosition = (a: SegmentPosition, b: SegmentPosition): boolean =>
  a.segment === b.segment &&
  a.length === b.length &&
  a.rows === b.rows &&
  a.generation === b.generation &&
  a.tailRows === b.tailRows;

/** Whether what a store gave back is one: it may be of another version. */
export const isPosition = (value: unknown): value is SegmentPosition =>
  typeof value === 'object' &&
  value !== null &&
  ['segment', 'length', 'rows', 'generation', 'tailRows'].every((key) => {
    const number: unknown = (value as Record<string, unknown>)[key];
    return Number.isSafeInteger(number) && (number as number) >= 0;
  });
