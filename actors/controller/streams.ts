import type { Clock, Log } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';
import { millis, seconds } from '../../core/base/time.ts';
import { type ExportRecord, exported, positions } from '../../core/controller/records.ts';
import { resumed, type Taken, take, told, wanted } from '../../core/controller/taker.ts';
import type { StreamPosition } from '../../core/link/lease.ts';
import type { StreamState } from '../../core/link/reported.ts';
import { numbersOf, STREAMS, type StreamBatch, type StreamItem, type StreamName } from '../../core/link/stream.ts';
import { shardOf } from '../../core/link/topics.ts';
import type { Records } from '../store/index.ts';
import type { ExportFile } from './export-file.ts';
import type { Happenings } from './happenings.ts';

export interface StreamsDeps {
  readonly clock: Clock;
  readonly log: Log;
  readonly records: Records;
  readonly happenings: Happenings;
  readonly file: ExportFile | undefined;
  /** Whether it was enrolled by this controller: then all that it ever sent was for this fleet. */
  readonly enrolledHere: (serial: string) => boolean;
  /** Asks an appliance for numbers again. */
  readonly ask: (serial: string, stream: StreamName, epoch: string, from: number, to: number) => void;
}

/** All that may be held for what lies before it. */
const HELD_AT_MOST = 32 * 1024 * 1024;
/** Between what is taken and its position on disk. */
const FLUSH = millis(300);
const LOOK = seconds(5);
const ASKED_AT_ONCE = 200;
/** Lines that wait for a disk that takes none; what comes beyond is not taken, and asked for when the disk is back. */
const MOST_LINES = 64 * 1024 * 1024;

/** Takes the streams of the appliances whose shards this controller serves. */
export class Streams {
  readonly #deps: StreamsDeps;
  readonly #taken = new Map<string, Map<StreamName, Taken>>();
  /** Serials of which something was taken, by shard. */
  readonly #serials = new Map<number, string[]>();
  readonly #dirty = new Map<string, Set<StreamName>>();
  readonly #unsettled = new Map<string, Set<StreamName>>();
  /** Shards of which it is known where each stream stands: one that is not known stands at its beginning. */
  readonly #followed = new Set<number>();
  readonly #counters = { items: 0, doubled: 0, holes: 0, gaps: 0 };
  #held = 0;
  #lines: string[] = [];
  #lineBytes = 0;
  /** How far the export has come, until that is written down with the positions: what lies behind would be cut off at the next start. */
  #ahead: ExportRecord | undefined;
  #flushing: Promise<void> = Promise.resolve();
  /** The flush that waits for the one that is under way. */
  #next: Promise<void> | undefined;
  #cancelFlush: (() => void) | undefined;
  #cancelLook: (() => void) | undefined;

  constructor(deps: StreamsDeps) {
    this.#deps = deps;
  }

  get counters(): Readonly<Record<'items' | 'doubled' | 'holes' | 'gaps' | 'heldBytes', number>> {
    return { ...this.#counters, heldBytes: this.#held };
  }

  start(): void {
    this.#look();
  }

  /** Where this controller left off, as it was started before. */
  async load(): Promise<void> {
    for await (const [[serial, stream], { epoch, taken }] of this.#deps.records.list(positions, [])) {
      const name = STREAMS.find((one) => one === stream);
      if (name !== undefined) this.#set(serial, name, resumed(epoch, taken));
    }
  }

  /** Where another controller has come: what lies behind this one's own position counts. */
  inherit(shard: number, inherited: readonly StreamPosition[], isFollowed: boolean): void {
    if (isFollowed) this.#followed.add(shard);
    for (const { appliance, stream, epoch, sequence } of inherited) {
      const own = this.#taken.get(appliance)?.get(stream);
      if (own?.epoch === epoch && own.taken >= sequence) continue;
      this.#forget(own);
      this.#set(appliance, stream, resumed(epoch, sequence));
      this.#mark(this.#dirty, appliance, stream);
    }
  }

  /**
   * Takes a stream up behind a number, whatever was taken of it: for when somebody else than the appliance has written it.
   * What lies between that number and what comes next is asked for. Resolves when it is on disk.
   */
  async rewind(serial: string, stream: StreamName, epoch: string, sequence: number): Promise<void> {
    this.#forget(this.#taken.get(serial)?.get(stream));
    this.#set(serial, stream, resumed(epoch, sequence));
    this.#mark(this.#dirty, serial, stream);
    await this.flush();
  }

  /** For whoever takes the shard next. */
  positionsIn(shard: number): readonly StreamPosition[] {
    return (this.#serials.get(shard) ?? []).flatMap((appliance) =>
      [...(this.#taken.get(appliance) ?? [])].map(([stream, { epoch, taken }]) => ({
        appliance,
        stream,
        epoch,
        sequence: taken,
      })),
    );
  }

  positionOf(serial: string): readonly (readonly [StreamName, Taken])[] {
    return [...(this.#taken.get(serial) ?? [])];
  }

  /** What is held for appliances of a shard that is another's now. */
  release(shard: number): void {
    for (const serial of this.#serials.get(shard) ?? []) {
      for (const [stream, state] of this.#taken.get(serial) ?? []) {
        this.#forget(state);
        this.#set(serial, stream, resumed(state.epoch, state.taken));
      }
      this.#unsettled.delete(serial);
    }
  }

  arrived(serial: string, stream: StreamName, batch: StreamBatch, bytes: number): void {
    const before = this.#taken.get(serial)?.get(stream) ?? this.#beginning(serial, batch.epoch);
    if (this.#lineBytes > MOST_LINES && before !== undefined) return;
    const taking = take(before, batch, bytes, HELD_AT_MOST - this.#held);
    this.#held += taking.heldBytes;
    if (taking.state === undefined) return;
    this.#set(serial, stream, taking.state);
    if (taking.outcome === 'double' || taking.outcome === 'late') this.#counters.doubled++;
    if (taking.outcome === 'held') this.#counters.holes++;
    for (const { first, items } of taking.taken) this.#note(serial, stream, batch.epoch, first, items);
    if (taking.taken.length > 0) this.#mark(this.#dirty, serial, stream);
    if (taking.state.held.length > 0) {
      this.#mark(this.#unsettled, serial, stream);
      this.#askFor(serial, stream);
    }
    if (this.#dirty.size > 0) this.#flushSoon();
  }

  /**
   * What came while a shard went from one controller to another, or before it was served the first time, came to nobody, the
   * first of a stream too.
   */
  #beginning(serial: string, epoch: string): Taken | undefined {
    const isKnown = this.#followed.has(shardOf(serial)) || this.#deps.enrolledHere(serial);
    return isKnown ? resumed(epoch, 0) : undefined;
  }

  /** What the appliance says it has sent; of a stream of which nothing came yet too. What does not come after all is asked for. */
  reported(serial: string, states: readonly StreamState[]): void {
    for (const { stream, epoch, sent } of states) {
      if (sent === 0) continue;
      const state = this.#taken.get(serial)?.get(stream) ?? this.#beginning(serial, epoch);
      if (state === undefined) continue;
      const next = told(state, epoch, sent, this.#deps.clock.now());
      this.#set(serial, stream, next);
      if (next.expected !== undefined) this.#mark(this.#unsettled, serial, stream);
    }
  }

  /** Resolves when all that was taken is on disk with its positions. */
  flush(): Promise<void> {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    if (this.#next !== undefined) return this.#next;
    if (this.#dirty.size === 0 && this.#lineBytes === 0 && this.#ahead === undefined) return this.#flushing;
    // Who asks before it begins shares it: the leases of all shards fall due together.
    this.#next = this.#flushing.then(() => {
      this.#next = undefined;
      return this.#write();
    });
    this.#flushing = this.#next;
    return this.#next;
  }

  async stop(): Promise<void> {
    this.#cancelLook?.();
    await this.flush();
    await this.#deps.file?.close();
  }

  #note(serial: string, stream: StreamName, epoch: string, first: number, items: readonly StreamItem[]): void {
    const { file, happenings } = this.#deps;
    let number = first;
    for (const item of items) {
      this.#counters.items++;
      if (item.kind === 'gap') this.#counters.gaps++;
      if (file !== undefined || happenings.isWatched) {
        const line = { serial, stream, epoch, number, ...shownItem(item) };
        if (file !== undefined) this.#push(`${JSON.stringify(line)}\n`);
        happenings.tell({ kind: 'item', ...line });
      }
      number += numbersOf(item);
    }
  }

  #push(line: string): void {
    this.#lines.push(line);
    this.#lineBytes += line.length;
  }

  #flushSoon(): void {
    this.#cancelFlush ??= this.#deps.clock.after(FLUSH, () => void this.flush());
  }

  async #write(): Promise<void> {
    const { records, file, log } = this.#deps;
    const lines = this.#lines.join('');
    const dirty = [...this.#dirty].flatMap(([serial, streams]) =>
      [...streams].map((stream) => ({ serial, stream, state: this.#taken.get(serial)?.get(stream) })),
    );
    this.#lines = [];
    this.#lineBytes = 0;
    this.#dirty.clear();
    const again = (what: string, cause: string): void => {
      log('error', what, { cause });
      for (const { serial, stream } of dirty) this.#mark(this.#dirty, serial, stream);
      this.#flushSoon();
    };
    try {
      if (file !== undefined && lines !== '') this.#ahead = await file.append(lines);
    } catch (cause) {
      this.#lines.unshift(lines);
      this.#lineBytes += lines.length;
      again('streams could not be written', messageOf(cause));
      return;
    }
    const record = this.#ahead;
    try {
      const kept = await records.write(
        async (writes) => {
          if (record !== undefined) await writes.put(exported, ['streams'], record);
          for (const { serial, stream, state } of dirty) {
            if (state !== undefined)
              await writes.put(positions, [serial, stream], { epoch: state.epoch, taken: state.taken });
          }
        },
        { sync: true },
      );
      if (kept.ok) this.#ahead = undefined;
      else again('positions of streams could not be written', kept.public);
    } catch (cause) {
      again('positions of streams could not be written', messageOf(cause));
    }
  }

  #look(): void {
    this.#cancelLook = this.#deps.clock.after(LOOK, () => {
      let asked = 0;
      for (const [serial, streams] of this.#unsettled) {
        for (const stream of streams) {
          if (asked >= ASKED_AT_ONCE) break;
          if (this.#askFor(serial, stream)) asked++;
          const state = this.#taken.get(serial)?.get(stream);
          if (state === undefined || (state.held.length === 0 && state.expected === undefined)) streams.delete(stream);
        }
        if (streams.size === 0) this.#unsettled.delete(serial);
      }
      this.#look();
    });
  }

  #askFor(serial: string, stream: StreamName): boolean {
    const state = this.#taken.get(serial)?.get(stream);
    const asked = state === undefined ? undefined : wanted(state, this.#deps.clock.now());
    if (asked === undefined) return false;
    this.#set(serial, stream, asked.state);
    this.#deps.ask(serial, stream, asked.state.epoch, asked.from, asked.to);
    return true;
  }

  #set(serial: string, stream: StreamName, state: Taken): void {
    const own = this.#taken.get(serial);
    if (own !== undefined) {
      own.set(stream, state);
      return;
    }
    this.#taken.set(serial, new Map([[stream, state]]));
    const shard = shardOf(serial);
    const serials = this.#serials.get(shard);
    if (serials === undefined) this.#serials.set(shard, [serial]);
    else serials.push(serial);
  }

  #forget(state: Taken | undefined): void {
    for (const { bytes } of state?.held ?? []) this.#held -= bytes;
  }

  #mark(marks: Map<string, Set<StreamName>>, serial: string, stream: StreamName): void {
    const own = marks.get(serial);
    if (own === undefined) marks.set(serial, new Set([stream]));
    else own.add(stream);
  }
}

/** As JSON shows it: an audit record is the JSON that its chain has. */
function shownItem(item: StreamItem): Readonly<Record<string, unknown>> {
  if (item.kind !== 'audit') return { ...item };
  const { serial, record, hash } = item.audit;
  return { kind: 'audit', audit: { serial, record: Buffer.from(record).toString('utf8'), hash } };
}
