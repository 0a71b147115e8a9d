import { endOf, type StreamBatch } from './stream.ts';

/** At most so many numbers are asked for at once. */
export const MOST_REPLAYED = 100_000;

/** Whether a batch's numbers stay plain ones. */
export const isCountable = (batch: StreamBatch): boolean => Number.isSafeInteger(endOf(batch));
