import type { Millis } from '../base/time.ts';
import { type Position, PROVENANCES, type Provenance } from '../event/event.ts';
import type { StateChange } from './detector.ts';
import { RecencyMap } from './recency.ts';

/** One thing that counts, at its event time. `note` is what the detector wants to know of it later. */
export interface Sighting<N> {
  readonly at: Millis;
  /** How many it counts for, ≥ 1. */
  readonly weight: number;
  readonly position: Position;
  readonly provenance: Provenance;
  readonly note: N;
}

export interface WindowSettings<N> {
  /** Length of the window. */
  readonly length: Millis;
  /** How many keys are held at most. */
  readonly maxKeys: number;
  /** A note as restored; undefined when the value is none. Notes are JSON. */
  readonly readNote: (value: unknown) => N | undefined;
  /** Rough bytes of one note. */
  readonly noteBytes: (note: N) => number;
}

/** What is known of one key. Replaced, never changed. */
interface Entry<N> {
  /** Number of the write that made it: the order of activity, kept across a restart. */
  readonly turn: number;
  /** Sightings before this moment are not counted. */
  readonly quietUntil: Millis | undefined;
  /** Oldest first; equal times in order of arrival. */
  readonly sightings: readonly Sighting<N>[];
}

/** How many writes of other keys a key outlives, however old it is; see `KeyedWindows`. */
export const RECENT_TURNS = 4096;

/** The key of the entry that holds the counters; no key of a detector begins with a space. */
const CLOCK_KEY = ' clock';

const KEY_BYTES = 200;
const SIGHTING_BYTES = 120;

/**
 * A sliding window of sightings for each of many keys, on event time.
 *
 * **Window.** The window of a key is `(newest − length, newest]`, where `newest` is the latest event time seen for that
 * key, not for others: a lagging source is judged by its own time. A sighting exactly `length` older than another is not
 * in one window with it. A sighting that comes late is put in its place by time, behind equals; one that is older than
 * the window is not counted.
 *
 * **Bound.** At most `maxKeys` keys; beyond, the key that was written least recently goes. A key also goes once
 * `RECENT_TURNS` writes came after it and its newest is two window lengths older than the newest of all: it
 * could count again only if its source lagged behind that far.
 *
 * **Durability.** `snapshot` gives what changed since the last one. Restored, it goes on exactly as if it had never
 * stopped, order of eviction included.
 */
export class KeyedWindows<N> {
  readonly #settings: WindowSettings<N>;
  readonly #entries = new RecencyMap<Entry<N>>();
  readonly #changed = new Set<string>();
  #turn = 0;
  #newest = 0;
  #bytes = 0;

  constructor(settings: WindowSettings<N>) {
    this.#settings = settings;
  }

  /**
   * What would be in the key's window together with a sighting at `at`, oldest first. Changes nothing.
   * @returns undefined when such a sighting does not count: it comes too late, or the key is quiet
   */
  at(key: string, at: Millis): readonly Sighting<N>[] | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined) return [];
    if (entry.quietUntil !== undefined && at < entry.quietUntil) return undefined;
    const newest = Math.max(at, entry.sightings.at(-1)?.at ?? 0);
    if (at <= newest - this.#settings.length) return undefined;
    return within(entry.sightings, newest, this.#settings.length);
  }

  /**
   * Counts a sighting for which `at` gave a window.
   * @returns the key's window with it
   */
  add(key: string, sighting: Sighting<N>): readonly Sighting<N>[] {
    const sightings = [...(this.at(key, sighting.at) ?? [])];
    let place = sightings.length;
    while (place > 0 && (sightings[place - 1] as Sighting<N>).at > sighting.at) place--;
    sightings.splice(place, 0, sighting);
    this.#newest = Math.max(this.#newest, sighting.at);
    this.#write(key, { turn: ++this.#turn, quietUntil: this.#entries.get(key)?.quietUntil, sightings });
    return sightings;
  }

  /** Empties the key's window and counts nothing for it that happens before `until`. */
  silence(key: string, until: Millis): void {
    this.#write(key, { turn: ++this.#turn, quietUntil: until, sightings: [] });
  }

  snapshot(): readonly StateChange[] {
    if (this.#changed.size === 0) return [];
    const changes: StateChange[] = [[CLOCK_KEY, [this.#turn, this.#newest]]];
    for (const key of this.#changed) {
      const entry = this.#entries.get(key);
      changes.push([key, entry && encode(entry)]);
    }
    this.#changed.clear();
    return changes;
  }

  /** Only on a new one. Entries beyond `maxKeys` (the setting may have shrunk) go by the rule of the bound. */
  restore(changes: Iterable<StateChange>): { readonly skipped: number } {
    let skipped = 0;
    const entries: [string, Entry<N>][] = [];
    for (const [key, value] of changes) {
      if (value === undefined) continue;
      const isRead = key === CLOCK_KEY ? this.#restoreClock(value) : this.#decode(key, value, entries);
      if (!isRead) skipped++;
    }
    entries.sort(([, a], [, b]) => a.turn - b.turn);
    for (const [key, entry] of entries) {
      this.#entries.set(key, entry);
      this.#bytes += this.#sizeOf(key, entry);
      this.#turn = Math.max(this.#turn, entry.turn);
      this.#newest = Math.max(this.#newest, newestOf(entry, this.#settings.length));
    }
    this.#forget();
    return { skipped };
  }

  bytes(): number {
    return this.#bytes;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** Drops the least recently written keys until at most `bytes` are held. @returns how many went */
  evict(bytes: number): number {
    let gone = 0;
    for (let oldest = this.#entries.oldest(); oldest && this.#bytes > bytes; oldest = this.#entries.oldest()) {
      this.#remove(oldest.key);
      gone++;
    }
    return gone;
  }

  #write(key: string, entry: Entry<N>): void {
    this.#remove(key);
    this.#entries.set(key, entry);
    this.#bytes += this.#sizeOf(key, entry);
    this.#forget();
  }

  #remove(key: string): void {
    const entry = this.#entries.get(key);
    this.#changed.add(key);
    if (entry === undefined) return;
    this.#bytes -= this.#sizeOf(key, entry);
    this.#entries.delete(key);
  }

  #forget(): void {
    for (let oldest = this.#entries.oldest(); oldest; oldest = this.#entries.oldest()) {
      if (this.#entries.size <= this.#settings.maxKeys && !this.#isStale(oldest.value)) break;
      this.#remove(oldest.key);
    }
  }

  #isStale(entry: Entry<N>): boolean {
    const { length } = this.#settings;
    return entry.turn + RECENT_TURNS <= this.#turn && newestOf(entry, length) + 2 * length <= this.#newest;
  }

  #sizeOf(key: string, entry: Entry<N>): number {
    let bytes = KEY_BYTES + key.length;
    for (const sighting of entry.sightings) bytes += SIGHTING_BYTES + this.#settings.noteBytes(sighting.note);
    return bytes;
  }

  #restoreClock(value: unknown): boolean {
    if (!Array.isArray(value)) return false;
    const [turn, newest] = value;
    if (!isCount(turn) || !isCount(newest)) return false;
    this.#turn = Math.max(this.#turn, turn);
    this.#newest = Math.max(this.#newest, newest);
    return true;
  }

  #decode(key: string, value: unknown, into: [string, Entry<N>][]): boolean {
    if (!Array.isArray(value)) return false;
    const [turn, quietUntil, ...rows] = value;
    if (!isCount(turn) || !(quietUntil === null || isCount(quietUntil))) return false;
    const sightings: Sighting<N>[] = [];
    for (const row of rows) {
      const sighting = decodeSighting(row, this.#settings.readNote);
      if (sighting === undefined) return false;
      sightings.push(sighting);
    }
    into.push([key, { turn, quietUntil: (quietUntil ?? undefined) as Millis | undefined, sightings }]);
    return true;
  }
}

function within<N>(sightings: readonly Sighting<N>[], newest: number, length: Millis): readonly Sighting<N>[] {
  const first = sightings.findIndex(({ at }) => at > newest - length);
  return first < 0 ? [] : sightings.slice(first);
}

/** The latest event time that the entry still tells of. */
const newestOf = <N>(entry: Entry<N>, length: Millis): number =>
  entry.sightings.at(-1)?.at ?? (entry.quietUntil ?? 0) - length;

/** `[turn, quietUntil | null, [at, weight, source, offset, provenance, note], …]` */
const encode = <N>({ turn, quietUntil, sightings }: Entry<N>): unknown => [
  turn,
  quietUntil ?? null,
  ...sightings.map(({ at, weight, position, provenance, note }) => [
    at,
    weight,
    position.source,
    position.offset,
    provenance,
    note,
  ]),
];

function decodeSighting<N>(row: unknown, readNote: WindowSettings<N>['readNote']): Sighting<N> | undefined {
  if (!Array.isArray(row)) return undefined;
  const [at, weight, source, offset, provenance, written] = row;
  const note = readNote(written);
  if (!isCount(at) || !isCount(weight) || typeof source !== 'string' || !isCount(offset)) return undefined;
  if (!PROVENANCES.includes(provenance) || note === undefined) return undefined;
  return { at: at as Millis, weight, position: { source, offset }, provenance, note };
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
