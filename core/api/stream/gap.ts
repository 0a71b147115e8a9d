import { commentFrame, eventFrame } from './frame.ts';

/**
 * Why events are passed over. `not_kept`: the store no longer has them. `other_store`: the client has
 * seen events that this store does not have, so that what it is given next may not be what came next. `unreadable`: the store cannot be read at present.
 * `slow_reader`: the client is cut because it does not read.
 */
export type GapReason = 'not_kept' | 'other_store' | 'unreadable' | 'slow_reader';

/** Serials from `from` to `to`, both included, are not sent. `to` < `from`: what is missing has no serial here. */
export interface Gap {
  readonly from: number;
  readonly to: number;
  readonly reason: GapReason;
}

/**
 * The marker for a client that has named its last id, and so knows more of event streams than lines that begin with
 * `data:`. Its id, that of the serial `to`, makes the client go on behind the gap when it comes back.
 */
export const gapEvent = (gap: Gap, id: string): Uint8Array => eventFrame({ id, event: 'gap', data: gap });

/** The same without an id: what is missing can still be had by coming back. */
export const openGapEvent = (gap: Gap): Uint8Array => eventFrame({ event: 'gap', data: gap });

/** The marker for everybody else, who must not take it for an event. */
export const gapComment = (gap: Gap): Uint8Array => commentFrame(`gap ${JSON.stringify(gap)}`);
