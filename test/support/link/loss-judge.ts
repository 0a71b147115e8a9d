import { BATCH_ITEMS } from '../../../core/link/outbox.ts';
import { STREAMS, type StreamName } from '../../../core/link/stream.ts';
import type { Counts, LossDay } from './loss-day.ts';
import type { StreamLedger } from './stream-ledger.ts';

/** Items that may be given up with what is sealed as the process ends and begins: a batch each time. */
const MORE = 4 * BATCH_ITEMS;

/** Streams as they are given up: the audit log never for want of room. */
const ORDER: readonly StreamName[] = ['event', 'incident', 'finding'];

/** What a day without a link is not to have done; nothing, where all is right. */
export function wrongInDay({ lost, mostWaiting, givenUp }: LossDay, maxBytes: number): readonly string[] {
  const wrong: string[] = [];
  // A batch of each stream may be under way.
  if (mostWaiting > maxBytes + STREAMS.length * 33_000) wrong.push(`${mostWaiting} bytes waited, of ${maxBytes}`);
  if (lost.join() !== ORDER.slice(0, lost.length).join()) wrong.push(`given up in the order ${lost.join()}`);
  if (givenUp.audit > 0) wrong.push('audit records were given up');
  return wrong;
}

/** What did not arrive as it should: each stream from 1 to its end, once, with a gap that names what was given up. */
export function wrongInLedger(ledger: StreamLedger, made: Counts, givenUp: Counts): readonly string[] {
  return STREAMS.flatMap((stream) => {
    const gaps = ledger.gaps(stream);
    const missing = gaps.reduce((sum, { count }) => sum + count, 0);
    const items = ledger.items(stream).length;
    const wrong: string[] = [];
    if (ledger.last(stream) !== made[stream]) wrong.push(`${stream} ends at ${ledger.last(stream)} of ${made[stream]}`);
    if (items + missing !== made[stream])
      wrong.push(`${stream}: ${items} items and ${missing} given up of ${made[stream]}`);
    const more = missing - givenUp[stream];
    if (more < 0 || more > MORE) wrong.push(`${stream}: gaps say ${missing}, where ${givenUp[stream]} were given up`);
    const isNamed = gaps.every(
      ({ reason, oldestAt, newestAt }) => reason === 'size' && oldestAt > 0 && newestAt >= oldestAt,
    );
    if (gaps.length > 1 || !isNamed) wrong.push(`${stream}: gaps ${JSON.stringify(gaps)}`);
    if (ledger.epochs(stream).length !== 1) wrong.push(`${stream} has ${ledger.epochs(stream).length} numberings`);
    return wrong;
  });
}
