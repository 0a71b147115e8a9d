import { fail, ok, type Result } from '../base/result.ts';
import { endOf, numbersOf, type StreamBatch, type StreamItem } from './stream.ts';

/** A range of numbers to be asked for again. */
export interface Missing {
  readonly from: number;
  /** Inclusive. */
  readonly to: number;
}

/** At most so many numbers are asked for at once. */
export const MOST_REPLAYED = 100_000;

/** What is to be done about a batch. */
export interface Received {
  /** What is new, in order, each with its number; a gap that is known in part stands for the rest of it. */
  readonly fresh: readonly NumberedItem[];
  /** Number of the last item that was taken, with these. */
  readonly sequence: number;
  /** What has to be asked for before anything of this batch is taken. */
  readonly missing: Missing | undefined;
}

export interface NumberedItem {
  readonly number: number;
  readonly item: StreamItem;
}

/**
 * Decides about a batch of a stream. Each numbering (`epoch`) of each stream has a position of its own, so that late batches of an
 * earlier numbering are neither lost nor taken twice. A stream is taken without holes and in order: what comes after a hole is left
 * until the hole was asked for, and the appliance answers that with the items or with a gap. It does not matter whether a batch
 * was asked for.
 * @param sequence number of the last item that was taken of this numbering; 0: none
 */
export function receive(sequence: number, batch: StreamBatch): Received {
  const next = sequence + 1;
  if (batch.first > next) {
    return { fresh: [], sequence, missing: { from: next, to: Math.min(batch.first - 1, sequence + MOST_REPLAYED) } };
  }
  const fresh: NumberedItem[] = [];
  let number = batch.first;
  for (const item of batch.items) {
    const end = number + numbersOf(item);
    if (number >= next) fresh.push({ number, item });
    else if (end > next && item.kind === 'gap') {
      fresh.push({ number: next, item: { kind: 'gap', gap: { ...item.gap, count: end - next } } });
    }
    number = end;
  }
  return { fresh, sequence: Math.max(sequence, number - 1), missing: undefined };
}

/** The range of a replay that is answered. @param newest number of the newest item of the stream */
export function replayed(asked: Missing, newest: number): Result<Missing, 'nothing_there' | 'too_many'> {
  if (asked.from < 1 || asked.to < asked.from || asked.from > newest) {
    return fail('nothing_there', `the stream has no numbers ${asked.from} to ${asked.to}; its newest is ${newest}`);
  }
  if (asked.to - asked.from > MOST_REPLAYED) return fail('too_many', `at most ${MOST_REPLAYED} numbers at a time`);
  return ok({ from: asked.from, to: Math.min(asked.to, newest) });
}

/** Whether a batch's numbers stay plain ones. */
export const isCountable = (batch: StreamBatch): boolean => Number.isSafeInteger(endOf(batch));
