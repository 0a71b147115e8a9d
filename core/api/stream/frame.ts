import { utf8ToBytes } from '@noble/hashes/utils.js';
import type { Millis } from '../../base/time.ts';

/** A comment: keeps the connection, no client sees it as an event. */
export const KEEPALIVE: Uint8Array = utf8ToBytes(': keepalive\n\n');

export interface ServerSentEvent {
  /** What a client that comes back names as seen; without one the last id stands. */
  readonly id?: string;
  /** `message` unless given. */
  readonly event?: string;
  /** Sent as one JSON line. */
  readonly data: unknown;
}

/** One event. JSON has no line break outside its escapes, so one `data:` line carries any value. */
export function eventFrame({ id, event, data }: ServerSentEvent): Uint8Array {
  const head = `${id === undefined ? '' : `id: ${id}\n`}${event === undefined ? '' : `event: ${event}\n`}`;
  return utf8ToBytes(`${head}data: ${JSON.stringify(data)}\n\n`);
}

/** A line that no client sees as an event, for people and logs. */
export const commentFrame = (text: string): Uint8Array => utf8ToBytes(`: ${text.replaceAll(/[\r\n]/g, ' ')}\n\n`);

/** How long a client waits before it comes back. */
export const retryFrame = (wait: Millis): Uint8Array => utf8ToBytes(`retry: ${wait}\n\n`);
