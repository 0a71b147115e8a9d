import type { Millis } from '../base/time.ts';
import type { StateChange } from './detector.ts';
import { RecencyMap } from './recency.ts';
import { decodeEntry, encodeEntry, interner, isCount, type ReadNote } from './window-codec.ts';
import type { Sighting, WindowEntry } from './window-entry.ts';

export interface WindowSettings<N> {
  /** Length of the window. */
  readonly length: Millis;
  /** How many keys are held at most. */
  readonly maxKeys: number;
  /** Notes are JSON. */
  readonly readNote: ReadNote<N>;
  /** Rough bytes of one note. */
  readonly noteBytes: (note: N) => number;
}

/** How many writes of other keys a key outlives, however old it is; see `KeyedWindows`. */
export const RECENT_TURNS = 4096;

/** The key of the entry that holds the counters; no key of a detector begins with a space. */
const CLOCK_KEY = ' clock';

/** Measured on V8: a key with its entry, and a sighting without its note. */
const KEY_BYTES = 320;
const SIGHTING_BYTES = 160;

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
  readonly #entries = new RecencyMap<WindowEntry<N>>();
  readonly #changed = new Set<string>();
  /** Keys that a snapshot told of, so that one must tell when they go. The others may come and go unseen. */
  readonly #durable = new Set<string>();
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
      if (entry === undefined) this.#durable.delete(key);
      else this.#durable.add(key);
      changes.push([key, entry && encodeEntry(entry)]);
    }
    this.#changed.clear();
    return changes;
  }

  /** Only on a new one. Entries beyond `maxKeys` (the setting may have shrunk) go by the rule of the bound. */
  restore(changes: Iterable<StateChange>): { readonly skipped: number } {
    let skipped = 0;
    const entries: [string, WindowEntry<N>][] = [];
    const intern = interner();
    for (const [key, value] of changes) {
      if (value === undefined) continue;
      if (key === CLOCK_KEY) {
        if (!this.#restoreClock(value)) skipped++;
        continue;
      }
      const entry = decodeEntry(value, this.#settings.readNote, intern);
      if (entry === undefined) skipped++;
      else entries.push([key, entry]);
    }
    entries.sort(([, a], [, b]) => a.turn - b.turn);
    for (const [key, entry] of entries) {
      this.#durable.add(key);
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
      this.#remove(oldest.key, oldest.value);
      gone++;
    }
    return gone;
  }

  #write(key: string, entry: WindowEntry<N>): void {
    const before = this.#entries.get(key);
    if (before !== undefined) this.#bytes -= this.#sizeOf(key, before);
    this.#bytes += this.#sizeOf(key, entry);
    this.#entries.set(key, entry);
    this.#changed.add(key);
    this.#forget();
  }

  #remove(key: string, entry: WindowEntry<N>): void {
    this.#bytes -= this.#sizeOf(key, entry);
    this.#entries.delete(key);
    if (this.#durable.has(key)) this.#changed.add(key);
    else this.#changed.delete(key);
  }

  #forget(): void {
    for (let oldest = this.#entries.oldest(); oldest; oldest = this.#entries.oldest()) {
      if (this.#entries.size <= this.#settings.maxKeys && !this.#isStale(oldest.value)) break;
      this.#remove(oldest.key, oldest.value);
    }
  }

  #isStale(entry: WindowEntry<N>): boolean {
    const { length } = this.#settings;
    return entry.turn + RECENT_TURNS <= this.#turn && newestOf(entry, length) + 2 * length <= this.#newest;
  }

  #sizeOf(key: string, entry: WindowEntry<N>): number {
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
}

function within<N>(sightings: readonly Sighting<N>[], newest: number, length: Millis): readonly Sighting<N>[] {
  const first = sightings.findIndex(({ at }) => at > newest - length);
  return first < 0 ? [] : sightings.slice(first);
}

/** The latest event time that the entry still tells of. */
const newestOf = <N>(entry: WindowEntry<N>, length: Millis): number =>
  entry.sightings.at(-1)?.at ?? (entry.quietUntil ?? 0) - length;
