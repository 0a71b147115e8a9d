import { type Millis, millis, minutes, seconds } from '../base/time.ts';
import { MOST_REPLAYED } from '../link/positions.ts';
import { endOf, numbersOf, type StreamBatch, type StreamItem } from '../link/stream.ts';

/** How far one stream of one appliance was taken, and what waits for what lies before it. */
export interface Taken {
  readonly epoch: string;
  /** Numbered otherwise, before; what still comes of it is late. */
  readonly epochBefore: string | undefined;
  /** Number of the last item that was taken. */
  readonly taken: number;
  /** Came too early, by their first numbers. */
  readonly held: readonly HeldBatch[];
  /** What was asked for last, when, and how often since something came of it. */
  readonly asked: { readonly to: number; readonly at: Millis; readonly times: number } | undefined;
  /** The appliance says that the broker has had this number. */
  readonly expected: { readonly sequence: number; readonly since: Millis } | undefined;
}

export interface HeldBatch {
  readonly batch: StreamBatch;
  readonly bytes: number;
}

/** Items in their order, the first of them with its number. */
export interface TakenItems {
  readonly first: number;
  readonly items: readonly StreamItem[];
}

export interface Taking {
  /** Undefined: nobody has begun to take it yet. */
  readonly state: Taken | undefined;
  readonly taken: readonly TakenItems[];
  /** Bytes that are held more or, negative, less. */
  readonly heldBytes: number;
  readonly outcome: 'taken' | 'held' | 'double' | 'late' | 'dropped';
}

/** Before the same is asked for again, and before a tail that was told of counts as lost. */
export const PATIENCE = seconds(30);
/** Whoever does not answer may be away for days: each time it takes twice as long to the next, this at the most. */
export const MOST_PATIENCE = minutes(32);

const NEW = { epochBefore: undefined, held: [], asked: undefined, expected: undefined } as const;

/** From where a controller before this one, or this one before it was started, had come. */
export const resumed = (epoch: string, taken: number): Taken => ({ ...NEW, epoch, taken });

/**
 * Takes what follows without a hole, holds what came too early, and passes over what was taken already. The first batch of a
 * stream that nobody has taken begins it, wherever it stands; a new numbering begins at 1.
 * @param room bytes that may be held; a batch that does not fit is dropped, and asked for when its turn comes
 */
export function take(before: Taken | undefined, batch: StreamBatch, bytes: number, room: number): Taking {
  if (before === undefined) {
    return batch.replayed ? nothing(undefined, 'late') : follow(resumed(batch.epoch, batch.first - 1), batch);
  }
  if (batch.epoch === before.epoch) return next(before, batch, bytes, room);
  if (batch.epoch === before.epochBefore || batch.replayed) return nothing(before, 'late');
  const state = { ...resumed(batch.epoch, 0), epochBefore: before.epoch };
  const freed = sumOf(before.held);
  const taking = next(state, batch, bytes, room + freed);
  return { ...taking, heldBytes: taking.heldBytes - freed };
}

function next(before: Taken, batch: StreamBatch, bytes: number, room: number): Taking {
  if (endOf(batch) - 1 <= before.taken) return nothing(before, 'double');
  if (batch.first <= before.taken + 1) return follow(before, batch);
  if (before.held.some((one) => one.batch.first === batch.first && endOf(one.batch) >= endOf(batch))) {
    return nothing(before, 'double');
  }
  if (bytes > room) return nothing(before, 'dropped');
  const held = [...before.held, { batch, bytes }].sort((a, b) => a.batch.first - b.batch.first);
  return { state: { ...before, held }, taken: [], heldBytes: bytes, outcome: 'held' };
}

/** Takes the batch from where the stream stands, then what was held and follows. */
function follow(before: Taken, batch: StreamBatch): Taking {
  const taken: TakenItems[] = [];
  let [last, held, freed] = [before.taken, before.held, 0];
  let now: StreamBatch | undefined = batch;
  while (now !== undefined) {
    const items: TakenItems = itemsAfter(now, last);
    if (items.items.length > 0) taken.push(items);
    last = Math.max(last, endOf(now) - 1);
    const [head, ...rest]: readonly HeldBatch[] = held;
    now = head !== undefined && head.batch.first <= last + 1 ? head.batch : undefined;
    if (now !== undefined) [held, freed] = [rest, freed + (head?.bytes ?? 0)];
  }
  const { asked, expected } = before;
  const state: Taken = {
    ...before,
    taken: last,
    held,
    asked: asked !== undefined && asked.to > last ? { ...asked, times: 1 } : undefined,
    expected: expected !== undefined && expected.sequence > last ? expected : undefined,
  };
  return { state, taken, heldBytes: -freed, outcome: 'taken' };
}

/** What of a batch lies behind a number; a gap that lies across it is cut. */
function itemsAfter(batch: StreamBatch, last: number): TakenItems {
  let at = batch.first;
  const items: StreamItem[] = [];
  for (const item of batch.items) {
    const end = at + numbersOf(item);
    if (end - 1 > last) {
      const isCut = item.kind === 'gap' && at <= last;
      items.push(isCut ? { kind: 'gap', gap: { ...item.gap, count: end - 1 - last } } : item);
    }
    at = end;
  }
  return { first: Math.max(batch.first, last + 1), items };
}

/** Notes that the appliance says it has sent up to this number; who says so is there, and may be asked again. */
export function told(state: Taken, epoch: string, sent: number, now: Millis): Taken {
  if (epoch !== state.epoch || sent <= state.taken) return state;
  const asked = state.asked === undefined ? undefined : { ...state.asked, times: 1 };
  return { ...state, asked, expected: { sequence: sent, since: state.expected?.since ?? now } };
}

/** The numbers that are to be asked for now, and the state after that; undefined where there are none. */
export function wanted(
  state: Taken,
  now: Millis,
): { readonly state: Taken; readonly from: number; readonly to: number } | undefined {
  const { taken, held, asked, expected } = state;
  const hole = held[0] === undefined ? undefined : held[0].batch.first - 1;
  const tail = expected !== undefined && expected.since + PATIENCE <= now ? expected.sequence : undefined;
  const to = hole ?? tail;
  if (to === undefined || (asked !== undefined && asked.at + patienceOf(asked.times) > now)) return undefined;
  const until = Math.min(to, taken + MOST_REPLAYED);
  const times = (asked?.times ?? 0) + 1;
  return { state: { ...state, asked: { to: until, at: now, times } }, from: taken + 1, to: until };
}

const patienceOf = (times: number): Millis => millis(Math.min(MOST_PATIENCE, PATIENCE * 2 ** (times - 1)));

const nothing = (state: Taken | undefined, outcome: Taking['outcome']): Taking => ({
  state,
  taken: [],
  heldBytes: 0,
  outcome,
});
const sumOf = (held: readonly HeldBatch[]): number => held.reduce((sum, { bytes }) => sum + bytes, 0);
