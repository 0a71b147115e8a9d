import type { Millis } from '../../core/base/time.ts';
import type { StateChange } from '../../core/detect/detector.ts';
import { Entries } from '../../core/detect/sliding/entries.ts';
import { PlainWindows } from '../../core/detect/sliding/plain-windows.ts';
import {
  type Completed,
  NOTHING_COMPLETED,
  type OpenWindows,
  type WindowCheck,
  type WindowSettings,
  type Windows,
} from '../../core/detect/sliding/windows.ts';
import { CLOCK_KEY, readTrails } from '../../core/detect/trail/changes.ts';
import { SourceKeys } from '../../core/detect/trail/keys.ts';
import type { StoredTrail } from '../../core/detect/trail/trail-codec.ts';
import { type Event, PROVENANCES } from '../../core/event/event.ts';
import {
  ENTRY,
  ENTRY_NUMBERS,
  type EngineChanges,
  type EngineCompleted,
  MEASURE,
  ROW_HEAD,
  STORED,
  type WindowEngine,
  type WindowEngines,
} from '../../native/windows/port.ts';

type Head = [turn: number, silences: number, texts: number, sightings: number];

/** Windows that `native/windows` counts in: keys and texts are told to it, and what it completes is read. */
export class NativeWindows implements Windows {
  readonly engine: WindowEngine;
  /** Bytes, as the engine told when it was shown something last. */
  held = 0;
  readonly settings: WindowSettings;
  readonly #entries: Entries;
  readonly #sources: SourceKeys;
  readonly #areTexts: boolean;
  /** Whether keys are accounts. */
  readonly #areNames: boolean;
  readonly #numbers = new Float64Array(ENTRY_NUMBERS);

  constructor(engines: WindowEngines, settings: WindowSettings) {
    const { stream, checks, groups, salt } = settings;
    this.settings = settings;
    this.#entries = new Entries(stream, groups);
    this.#sources = new SourceKeys(groups);
    this.#areTexts = stream.value.of === 'text';
    this.#areNames = stream.key === 'account';
    this.engine = new engines.Windows({
      keysAreTexts: this.#areNames,
      valuesAreTexts: this.#areTexts,
      once: stream.oncePerConnection ?? 0,
      hasConnections: stream.oncePerConnection !== undefined,
      checks: checks.map(engineCheck),
      salt: salt >>> 0,
    });
  }

  step(event: Event, traits: number, key: string): readonly Completed[] {
    const numbers = this.#numbers;
    if (!this.#areNames) {
      if (!this.#sources.look(key)) return NOTHING_COMPLETED;
      numbers[ENTRY.high] = this.#sources.high;
      numbers[ENTRY.low] = this.#sources.low;
    }
    const value = this.#entries.valueOf(event);
    const { source, offset } = event.position;
    numbers[ENTRY.at] = event.at;
    numbers[ENTRY.offset] = offset;
    numbers[ENTRY.number] = typeof value === 'number' ? value : 0;
    numbers[ENTRY.traits] = traits;
    numbers[ENTRY.weight] = this.#entries.weightOf(event, traits);
    numbers[ENTRY.port] = event.sourcePort ?? 0;
    numbers[ENTRY.provenance] = PROVENANCES.indexOf(event.provenance);
    const text = typeof value === 'string' ? value : '';
    const peer = this.#entries.peerOf(event) ?? '';
    const completed = this.engine.step(numbers, this.#areNames ? key : '', source, text, peer);
    this.held = numbers[ENTRY.held] as number;
    return this.completed(completed);
  }

  /** As the engine tells of it. */
  completed(completed: readonly EngineCompleted[] | undefined): readonly Completed[] {
    return completed === undefined ? NOTHING_COMPLETED : completed.map(readCompleted);
  }

  snapshot(): readonly StateChange[] {
    const changes = this.engine.changes();
    if (changes === undefined) return [];
    const names = this.settings.checks.map(({ name }) => name);
    const byKey = new Map<string, unknown>([[CLOCK_KEY, [changes.turn, changes.newest, names]]]);
    for (let i = 0; i < changes.gone.length; i += 2) byKey.set(this.#keyOf(changes.gone, i), undefined);
    for (const name of changes.goneNames) byKey.set(`=${name}`, undefined);
    for (const [key, trail] of this.#trails(changes)) byKey.set(key, trail);
    return [...byKey];
  }

  restore(entries: Iterable<StateChange>): { readonly skipped: number } {
    const names = this.settings.checks.map(({ name }) => name);
    const { turn, newest, trails, ...read } = readTrails(entries, names, this.#areTexts);
    this.engine.clock(turn, newest);
    let { skipped } = read;
    for (const [key, trail] of trails) if (!this.#put(key, trail)) skipped++;
    this.held = this.engine.bytes();
    return { skipped };
  }

  forget(key: string): void {
    if (this.#areNames || !this.#sources.look(key)) return;
    this.engine.forget(this.#sources.high, this.#sources.low);
    this.held = this.engine.bytes();
  }

  bytes(): number {
    return this.held;
  }

  evict(bytes: number): number {
    const gone = this.engine.evict(bytes);
    this.held = this.engine.bytes();
    return gone;
  }

  #keyOf(halves: Float64Array, at: number): string {
    return this.#sources.text(halves[at] as number, halves[at + 1] as number);
  }

  *#trails({ numbers, names, texts }: EngineChanges): Iterable<readonly [key: string, trail: unknown]> {
    let text = 0;
    for (let at = 0, row = 0; at < numbers.length; row++) {
      const key = this.#areNames ? `=${names[row]}` : this.#keyOf(numbers, at);
      const [turn, silences, told, sightings] = [2, 3, 4, 5].map((i) => numbers[at + i] as number) as Head;
      const first = at + ROW_HEAD + 2 * silences;
      const end = first + STORED * sightings;
      const quiet = Array.from(numbers.subarray(at + ROW_HEAD, first));
      yield [key, [turn, quiet, texts.slice(text, text + told), ...numbers.subarray(first, end)]];
      text += told;
      at = end;
    }
  }

  /** @returns false when the key is none, or has a row already */
  #put(key: string, { turn, quiet, sightings }: StoredTrail): boolean {
    if (this.#areNames ? !key.startsWith('=') : !this.#sources.read(key)) return false;
    const texts: string[] = [];
    const placeOf = (text: string | number): number =>
      typeof text === 'number' ? text : text === '' ? 0 : texts.indexOf(text) + 1 || texts.push(text);
    const numbers = sightings.flatMap(({ at, position, provenance, weight, checks, value, peer, port }) => [
      ...[at, position.offset, placeOf(position.source), PROVENANCES.indexOf(provenance), weight, checks],
      ...[placeOf(value), placeOf(peer), port],
    ]);
    const { high, low } = this.#sources;
    const name = this.#areNames ? key.slice(1) : '';
    const silences = Float64Array.from(quiet.flat());
    return this.engine.put(high, low, name, turn, silences, Float64Array.from(numbers), texts);
  }
}

const readCompleted = ([
  check,
  count,
  offset,
  firstAt,
  latestAt,
  provenance,
  source,
  values,
]: EngineCompleted): Completed => ({
  ...{ check, count, first: { source, offset }, firstAt: firstAt as Millis, latestAt: latestAt as Millis },
  provenance: PROVENANCES[provenance] ?? 'spoofable',
  values,
});

/** Streams whose lines come in bulk count natively: of the others every event would cross by itself. */
export const windowsBy =
  (engines: WindowEngines | undefined): OpenWindows =>
  (settings) =>
    engines !== undefined && settings.stream.inBulk !== undefined
      ? new NativeWindows(engines, settings)
      : new PlainWindows(settings);

function engineCheck({ measure, triesAtMost, ...check }: WindowCheck) {
  const kind = measure === 'events' ? MEASURE.events : triesAtMost === undefined ? MEASURE.values : MEASURE.tries;
  return { ...check, measure: kind, triesAtMost: triesAtMost ?? 0 };
}
