import { type Millis, millis } from '../../../core/base/time.ts';
import type { JournalCursor } from '../../../core/event/cursor.ts';
import type { JournalPort, JournalResult, JournalTarget, Landing } from '../../../native/journal/index.ts';
import { type CursorParts, parseCursor } from '../../../native/journal/index.ts';
import type { JournalLoss } from './port.ts';

export interface Resumed {
  /** Present when entries between the cursor and what is read next may be gone. */
  readonly loss?: JournalLoss;
}

/**
 * Puts the reader behind the entry it read last, or where that entry would be.
 *
 * While sequence numbers go on, the next number is the place, whatever the clock did. In a journal of another sequence
 * there is nothing to go by but boots and times: entries of a later boot were certainly not read, also when that boot
 * began with its clock years behind; within a boot, and from boot to boot, time decides.
 */
export async function resume(port: JournalPort, known: JournalCursor): Promise<JournalResult<Resumed>> {
  if (known.cursor === '') return then(await port.seek({ to: 'head' }), () => ({}));
  const target: JournalTarget = { to: 'cursor', cursor: known.cursor };
  const landing = await port.seek(target);
  if (!landing.ok) return landing;
  const last = parseCursor(known.cursor);
  if (landing.value.exact || last === undefined) return { ok: true, value: {} };
  const next = partsOf(landing.value.next);
  if (next?.seqnumId === last.seqnumId) return { ok: true, value: gapBetween(last, next) };
  return otherSequence(port, { last, next, target });
}

interface Lost {
  readonly last: CursorParts;
  /** Where the cursor leads by time. */
  readonly next: CursorParts | undefined;
  readonly target: JournalTarget;
}

async function otherSequence(port: JournalPort, { last, next, target }: Lost): Promise<JournalResult<Resumed>> {
  const loss = { why: 'replaced', after: toMillis(last.realtime) } as const;
  const tail = await port.seek({ to: 'tail' });
  if (!tail.ok) return tail;
  const newest = partsOf(tail.value.before);
  // Nothing is there yet, and the reader stands before whatever comes.
  if (newest === undefined) return { ok: true, value: { loss } };
  // The journal went back in its own sequence: nothing new is there, what comes is.
  if (newest.seqnumId === last.seqnumId) return { ok: true, value: { loss } };
  const isLaterBoot = newest.boot !== last.boot && (next === undefined || next.boot === newest.boot);
  const landing = await port.seek(isLaterBoot ? { to: 'boot', boot: newest.boot, monotonic: 0 } : target);
  return then(landing, (value) => {
    const first = partsOf(value.next);
    return { loss: first === undefined ? loss : { ...loss, before: toMillis(first.realtime) } };
  });
}

function gapBetween(last: CursorParts, next: CursorParts): Resumed {
  const atMost = next.seqnum - last.seqnum - 1;
  if (atMost <= 0) return {};
  const after = toMillis(last.realtime);
  return { loss: { why: 'vacuumed', after, before: toMillis(next.realtime), atMost } };
}

const then = (landing: JournalResult<Landing>, resumed: (value: Landing) => Resumed): JournalResult<Resumed> =>
  landing.ok ? { ok: true, value: resumed(landing.value) } : landing;

const partsOf = (cursor: string | undefined): CursorParts | undefined =>
  cursor === undefined ? undefined : parseCursor(cursor);

export const toMillis = (microseconds: number): Millis => millis(Math.floor(microseconds / 1000));
