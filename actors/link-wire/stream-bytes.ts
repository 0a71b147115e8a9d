import type { Gap, StreamItem } from '../../core/link/stream.ts';
import { v1 } from '../../proto/index.ts';
import { itemMessage } from './stream-said.ts';

/** An item as it stands in a batch, its tag and length ahead. */
export const itemBytes = (item: StreamItem): Uint8Array =>
  v1.StreamBatch.encode({ items: [itemMessage(item)] }).finish();

export interface BatchHead {
  readonly epoch: string;
  /** Of the first item. */
  readonly number: number;
  readonly isReplayed?: boolean;
}

/** A batch of items that are bytes already. */
export const batchBytes = (
  { epoch, number, isReplayed = false }: BatchHead,
  items: readonly Uint8Array[],
): Uint8Array =>
  Buffer.concat([v1.StreamBatch.encode({ epoch, first: number, replayed: isReplayed }).finish(), ...items]);

/** A batch that is a gap and nothing else. */
export const gapBytes = (head: BatchHead, gap: Gap): Uint8Array => batchBytes(head, [itemBytes({ kind: 'gap', gap })]);

/** A part of a batch, and how many numbers it stands for. */
export interface Part {
  readonly bytes: Uint8Array;
  readonly number: number;
}

/**
 * The same items in messages of at most so many bytes, from one number to another. An item that alone is too long for the
 * broker is a gap: it would keep all behind it waiting for ever.
 */
export function partsOf(
  body: Uint8Array,
  {
    most,
    from = 0,
    to = Number.MAX_SAFE_INTEGER,
    isReplayed = false,
  }: {
    readonly most: number;
    readonly from?: number;
    readonly to?: number;
    readonly isReplayed?: boolean;
  },
): readonly Part[] {
  const { epoch = '', first = 0 } = v1.StreamBatch.decode(body) as { epoch?: string; first?: number };
  const parts: Part[] = [];
  let items: Uint8Array[] = [];
  let bytes = 0;
  let number = Number(first);
  let begin = number;
  const room = Math.max(1, most - HEAD_ROOM);
  const end = (): void => {
    if (items.length > 0) parts.push({ number: begin, bytes: batchBytes({ epoch, number: begin, isReplayed }, items) });
    items = [];
    bytes = 0;
  };
  for (const { bytes: item, count, isGap } of itemsIn(body)) {
    const isWanted = number + count > from && number <= to;
    if (isWanted) {
      const fitting = isGap || item.length <= room ? item : tooLong();
      if (bytes + fitting.length > room) end();
      if (items.length === 0) begin = number;
      items.push(fitting);
      bytes += fitting.length;
    }
    number += count;
  }
  end();
  return parts;
}

/** Epoch, first number and flag of a batch. */
const HEAD_ROOM = 64;

const tooLong = (): Uint8Array => v1.StreamBatch.encode({ items: [{ gap: { count: 1, reason: 'size' } }] }).finish();

interface RawItem {
  readonly bytes: Uint8Array;
  readonly count: number;
  readonly isGap: boolean;
}

/** Items as they are carried. */
function* itemsIn(body: Uint8Array): Generator<RawItem> {
  const { items = [] } = v1.StreamBatch.decode(body);
  for (const item of items) {
    const bytes = v1.StreamBatch.encode({ items: [item] }).finish();
    const { gap } = item;
    yield {
      bytes,
      count: gap === undefined || gap === null ? 1 : Number(gap.count),
      isGap: gap !== undefined && gap !== null,
    };
  }
}
