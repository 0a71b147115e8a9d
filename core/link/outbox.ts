import type { Millis } from '../base/time.ts';
import type { Gap, StreamName } from './stream.ts';

/**
 * How a stream is numbered and how far it is. Positions count on over all numberings, from 1; an item's number is its position
 * less `offset`, and the serial that it has in the appliance's own records its position less `shift`.
 */
export interface StreamBook {
  readonly epoch: string;
  readonly offset: number;
  readonly shift: number;
  /** Of the last item that is in a batch on record. */
  readonly sealed: number;
  /** Of the last item that the broker has, or that was given up. */
  readonly sent: number;
}

/** A stretch of a stream that is on record as it is sent, or the gap in its place. */
export interface BatchNote {
  readonly epoch: string;
  /** Of its first item. */
  readonly number: number;
  /** Numbers that it stands for. */
  readonly count: number;
  /** As carried. */
  readonly bytes: number;
  /** 0: not known. */
  readonly oldestAt: Millis;
  /** 0: not known. */
  readonly newestAt: Millis;
  /** Set: nothing of it is left but this. */
  readonly gap?: Gap['reason'];
}

/** What is given up first when there is no room for all: the order in which streams lose their oldest. The audit log loses by age only. */
export const DEGRADATION: readonly StreamName[] = ['event', 'incident', 'finding'];

/** Items in a message at most. */
export const BATCH_ITEMS = 256;
/** Bytes of a message's items, but where one item alone has more. */
export const BATCH_BYTES = 64 * 1024;
