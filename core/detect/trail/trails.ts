import { type Millis, millis } from '../../base/time.ts';
import type { StateChange } from '../detector.ts';
import { CLOCK_KEY, readTrails } from './changes.ts';
import type { KeyForm } from './keys.ts';
import { LEVELS, levelOf, ROW_BYTES, Rows } from './rows.ts';
import { NONE, SIGHTING_BYTES, type Sighted, Sightings } from './sightings.ts';
import { NO_TEXT, Texts } from './texts.ts';
import { encodeTrail, type StoredSighting, type StoredTrail } from './trail-codec.ts';

/** A check that counts on these trails; its place in the list is its bit. */
export interface TrailCheck {
  readonly name: string;
  /** The older of its sightings count no more once a newer one is this much younger. */
  readonly window: Millis;
  /** How long a key may be silent for it. */
  readonly quiet: Millis;
}

export interface TrailSettings {
  /** At most 31. */
  readonly checks: readonly TrailCheck[];
  readonly keys: (texts: Texts) => KeyForm;
  /** Whether what distinct counts distinguish are texts; else numbers. */
  readonly valuesAreTexts: boolean;
  /** See `KeyIndex`. */
  readonly salt: number;
}

/** How many writes of other keys a key outlives, however old it is; see `Trails`. */
export const RECENT_TURNS = 4096;

/** So many writes apart it is looked for keys that are long past. */
const FORGET_EVERY = 64;

const QUIET_BYTES = 120;

const CHANGED = 1;
/** A snapshot told of it, so that one must tell when it goes. The others may come and go unseen. */
const DURABLE = 2;

/**
 * The trails that keys leave: of each its sightings in order of time, which checks still count them, and since when a
 * check is silent about it. One sighting serves all checks that count it.
 *
 * **Bound.** `evict` drops keys until few enough bytes are held. Keys are in four levels by how much is known of them
 * (0–1, 2–3, 4–7, 8 and more sightings), and each level is guaranteed a quarter of what is held: the one that goes is the
 * least recently written of the lowest level that has more. So a flood of sources that are seen once each can win back its
 * level's quarter from levels that hold more than theirs, and from then on drives out only others seen once, each after as
 * many came as a quarter of the memory holds. Who keeps coming back, however slowly, rises above the flood.
 *
 * A key also goes once `RECENT_TURNS` writes came after it and its newest is two windows (the longest of the checks)
 * older than the newest of all: it could count again only if its source lagged behind that far.
 *
 * **Durability.** `snapshot` gives what changed since the last one. Restored, it goes on exactly as if it had never
 * stopped, order of eviction included. State of checks that are no longer there is left out.
 */
export class Trails {
  readonly texts = new Texts();
  readonly sightings: Sightings;
  readonly keys: KeyForm;
  readonly #rows: Rows;
  readonly #settings: TrailSettings;
  /** Twice the longest window. */
  readonly #span: number;
  /** By row: moment by check, 0 for none. */
  readonly #quiet = new Map<number, number[]>();
  #changed: number[] = [];
  /** Keys that are gone and that a store still has. */
  readonly #gone = new Set<string>();
  #turn = 0;
  #newest = 0;

  constructor(settings: TrailSettings) {
    this.#settings = settings;
    this.sightings = new Sightings(this.texts, settings.valuesAreTexts);
    this.keys = settings.keys(this.texts);
    this.#rows = new Rows(settings.salt);
    this.#span = 2 * Math.max(0, ...settings.checks.map(({ window, quiet }) => Math.max(window, quiet)));
  }

  /** The key's row, or `NONE`. */
  find(key: string): number {
    return this.keys.look(key) ? this.#rows.find(this.keys.high, this.keys.low) : NONE;
  }

  /** A row for a key that has none. */
  create(key: string): number {
    this.keys.hold(key);
    return this.#rows.create(this.keys.high, this.keys.low);
  }

  /** The newest sighting of a row, or `NONE`. */
  newest(row: number): number {
    return this.#rows.newest(row);
  }

  /** Bits of the checks for which nothing counts that happens at this moment. */
  quietAt(row: number, at: Millis): number {
    const quiet = this.#quiet.get(row);
    if (quiet === undefined) return 0;
    let bits = 0;
    for (let check = 0; check < quiet.length; check++) if (at < (quiet[check] as number)) bits |= 1 << check;
    return bits;
  }

  /** Puts a sighting in its place by time, behind equals. */
  insert(row: number, sighted: Sighted): void {
    const { sightings } = this;
    const i = sightings.put(sighted);
    let newer = NONE;
    let older = this.#rows.newest(row);
    while (older !== NONE && sightings.at(older) > sighted.at) {
      newer = older;
      older = sightings.older(older);
    }
    sightings.link(i, older);
    if (newer === NONE) this.#rows.setNewest(row, i);
    else sightings.link(newer, i);
    this.#rows.setCount(row, this.#rows.count(row) + 1);
    this.#rows.claim(row, sightings.claim(i));
    if (sighted.at > this.#newest) this.#newest = sighted.at;
  }

  silence(row: number, check: number, until: Millis): void {
    let quiet = this.#quiet.get(row);
    if (quiet === undefined) {
      quiet = this.#settings.checks.map(() => 0);
      this.#quiet.set(row, quiet);
      this.#rows.claim(row, this.#quietBytes);
    }
    quiet[check] = until;
  }

  /** After a row was written: lets go of what no check counts any more, and of the row when nothing is left. */
  settle(row: number): void {
    if (this.sightings.spent > 0) this.#sweep(row);
    const count = this.#rows.count(row);
    if (count === 0 && !this.#quiet.has(row)) {
      this.#remove(row);
      return;
    }
    this.#rows.touch(row, levelOf(count), ++this.#turn);
    this.#markChanged(row);
    if (this.#turn % FORGET_EVERY === 0) this.#forget();
  }

  get size(): number {
    return this.#rows.size;
  }

  bytes(): number {
    const rows = this.#rows.size * ROW_BYTES + this.sightings.size * SIGHTING_BYTES;
    return rows + this.#quiet.size * this.#quietBytes + this.texts.bytes;
  }

  /** Lets go of a key, whatever is known of it. */
  forget(key: string): void {
    const row = this.find(key);
    if (row !== NONE) this.#drop(row);
  }

  /** Drops keys by the rule of the bound until at most `bytes` are held. @returns how many went */
  evict(bytes: number): number {
    let gone = 0;
    while (this.#rows.size > 0 && this.bytes() > bytes) {
      this.#drop(this.#rows.toGo());
      gone++;
    }
    return gone;
  }

  snapshot(): readonly StateChange[] {
    if (this.#changed.length === 0 && this.#gone.size === 0) return [];
    const names = this.#settings.checks.map(({ name }) => name);
    const changes = new Map<string, unknown>([[CLOCK_KEY, [this.#turn, this.#newest, names]]]);
    for (const key of this.#gone) changes.set(key, undefined);
    for (const row of this.#changed) {
      const flags = this.#rows.flags(row);
      if ((flags & CHANGED) === 0) continue;
      this.#rows.setFlags(row, DURABLE);
      changes.set(this.#textOf(row), encodeTrail(this.#stored(row)));
    }
    this.#changed = [];
    this.#gone.clear();
    return [...changes];
  }

  /** Only on new ones. */
  restore(changes: Iterable<StateChange>): { readonly skipped: number } {
    const names = this.#settings.checks.map(({ name }) => name);
    const { turn, newest, trails, ...read } = readTrails(changes, names, this.#settings.valuesAreTexts);
    this.#turn = Math.max(this.#turn, turn);
    this.#newest = Math.max(this.#newest, newest);
    let { skipped } = read;
    for (const [key, trail] of trails) if (!this.#restoreTrail(key, trail)) skipped++;
    return { skipped };
  }

  /** Drops sightings that count for nothing. */
  #sweep(row: number): void {
    const { sightings } = this;
    let count = 0;
    let newer = NONE;
    for (let i = this.#rows.newest(row); i !== NONE; ) {
      const older = sightings.older(i);
      if (sightings.checks(i) !== 0) {
        count++;
        newer = i;
      } else {
        if (newer === NONE) this.#rows.setNewest(row, older);
        else sightings.link(newer, older);
        this.#rows.claim(row, -sightings.claim(i));
        sightings.drop(i);
      }
      i = older;
    }
    this.#rows.setCount(row, count);
  }

  #forget(): void {
    for (let level = 0; level < LEVELS; level++) {
      for (let row = this.#rows.first(level); row !== NONE; row = this.#rows.first(level)) {
        if (!this.#isStale(row)) break;
        this.#drop(row);
      }
    }
  }

  #isStale(row: number): boolean {
    if (this.#rows.turn(row) + RECENT_TURNS > this.#turn) return false;
    const i = this.#rows.newest(row);
    let newest: number = i === NONE ? 0 : this.sightings.at(i);
    this.#quiet.get(row)?.forEach((until, check) => {
      newest = Math.max(newest, until - (this.#settings.checks[check]?.quiet ?? 0));
    });
    return newest + this.#span <= this.#newest;
  }

  #drop(row: number): void {
    for (let i = this.#rows.newest(row); i !== NONE; ) {
      const older = this.sightings.older(i);
      this.sightings.drop(i);
      i = older;
    }
    this.#remove(row);
  }

  #remove(row: number): void {
    if ((this.#rows.flags(row) & DURABLE) !== 0) this.#gone.add(this.#textOf(row));
    this.#quiet.delete(row);
    this.keys.release(this.#rows.high(row), this.#rows.low(row));
    this.#rows.setFlags(row, 0);
    this.#rows.remove(row);
  }

  #markChanged(row: number): void {
    const flags = this.#rows.flags(row);
    if ((flags & CHANGED) !== 0) return;
    this.#rows.setFlags(row, flags | CHANGED);
    this.#changed.push(row);
    if (this.#changed.length > 2 * this.#rows.size + RECENT_TURNS) this.#recollectChanged();
  }

  /** Rows come and go and are named in the list each time: it must not grow where nobody takes snapshots. */
  #recollectChanged(): void {
    this.#changed = [];
    for (let row = 0; row < this.#rows.end; row++) {
      if ((this.#rows.flags(row) & CHANGED) !== 0) this.#changed.push(row);
    }
  }

  get #quietBytes(): number {
    return QUIET_BYTES + 8 * this.#settings.checks.length;
  }

  #textOf(row: number): string {
    return this.keys.text(this.#rows.high(row), this.#rows.low(row));
  }

  #stored(row: number): StoredTrail {
    const { sightings, texts } = this;
    const stored: StoredSighting[] = [];
    const textOf = (id: number): string => (id === NO_TEXT ? '' : texts.of(id));
    for (let i = this.#rows.newest(row); i !== NONE; i = sightings.older(i)) {
      stored.push({
        at: sightings.at(i),
        position: sightings.position(i),
        provenance: sightings.provenance(i),
        weight: sightings.weight(i),
        checks: sightings.checks(i),
        value: this.#settings.valuesAreTexts ? textOf(sightings.value(i)) : sightings.value(i),
        peer: textOf(sightings.peer(i)),
        port: sightings.port(i),
      });
    }
    const quiet = (this.#quiet.get(row) ?? []).flatMap((until, check): [number, Millis][] =>
      until === 0 ? [] : [[check, millis(until)]],
    );
    return { turn: this.#rows.turn(row), quiet, sightings: stored };
  }

  #restoreTrail(key: string, trail: StoredTrail): boolean {
    if (!this.keys.read(key)) return false;
    const { high, low } = this.keys;
    if (this.#rows.find(high, low) !== NONE) {
      this.keys.release(high, low);
      return false;
    }
    const row = this.#rows.create(high, low);
    const hold = (text: string | number): number =>
      typeof text === 'number' ? text : text === '' ? NO_TEXT : this.texts.hold(text);
    for (const { value, peer, ...sighting } of trail.sightings.toReversed()) {
      this.insert(row, { ...sighting, value: hold(value), peer: hold(peer) });
    }
    for (const [check, until] of trail.quiet) this.silence(row, check, until);
    this.#rows.setFlags(row, DURABLE);
    this.#rows.touch(row, levelOf(trail.sightings.length), trail.turn);
    this.#turn = Math.max(this.#turn, trail.turn);
    return true;
  }
}
