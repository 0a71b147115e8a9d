import type { Millis } from '../../base/time.ts';
import { millis } from '../../base/time.ts';
import type { Event } from '../../event/event.ts';
import type { StateChange } from '../detector.ts';
import { SourceKeys, TextKeys } from '../trail/keys.ts';
import { NONE, type Sightings } from '../trail/sightings.ts';
import { NO_TEXT } from '../trail/texts.ts';
import { Trails } from '../trail/trails.ts';
import { Entries } from './entries.ts';
import {
  type Chain,
  empty,
  type Gathered,
  gather,
  latestOf,
  reviewEvents,
  reviewTries,
  reviewValues,
  Tries,
} from './measure.ts';
import type { Stream } from './sliding-check.ts';
import { type Completed, NOTHING_COMPLETED, type WindowCheck, type WindowSettings, type Windows } from './windows.ts';

/** A check at its bit. */
interface Armed extends WindowCheck {
  readonly bit: number;
  /** Where a value that came too often does not count. */
  readonly tries: Tries | undefined;
}

/** Stream traits are below this. */
const TRAITS = 512;

/**
 * Windows in plain TypeScript: what runs where `native/windows` does not, and what that is compared with. Memory: see `Trails`.
 *
 * Every line of a log may come through here, and what runs through a list by an iterator costs several times a loop by index
 * until the last of the engine's compilers has come to it.
 */
export class PlainWindows implements Windows {
  readonly #stream: Stream;
  readonly #armed: readonly Armed[];
  readonly #trails: Trails;
  readonly #entries: Entries;
  /** By traits: bits of the checks that count the event, and of those that it may complete. */
  readonly #counts = new Uint32Array(TRAITS);
  readonly #completes = new Uint32Array(TRAITS);
  /** What of a row is judged, check after check: one object for all, since there are several for every line. */
  readonly #chain: { readonly sightings: Sightings; first: number; bit: number };
  /** Bits of the checks that count values, and of those that events complete which they do not count. */
  #byValue = 0;
  #byOthers = 0;

  constructor({ stream, checks, groups, salt }: WindowSettings) {
    this.#stream = stream;
    this.#entries = new Entries(stream, groups);
    this.#armed = checks.map((check, i) => {
      const { triesAtMost } = check;
      return { ...check, bit: 1 << i, tries: triesAtMost === undefined ? undefined : new Tries(triesAtMost) };
    });
    this.#trails = new Trails({
      checks,
      keys: (texts) => (stream.key === 'source' ? new SourceKeys(groups) : new TextKeys(texts)),
      valuesAreTexts: stream.value.of === 'text',
      salt,
    });
    this.#chain = { sightings: this.#trails.sightings, first: NONE, bit: 0 };
    for (const armed of this.#armed) this.#register(armed);
  }

  step(event: Event, traits: number, key: string): readonly Completed[] {
    const row = this.#trails.find(key);
    const isQuiet = row === NONE ? 0 : this.#trails.quietAt(row, event.at);
    const completes = (this.#completes[traits] as number) & ~isQuiet;
    const counts = (this.#counts[traits] as number) & ~isQuiet;
    if ((counts | completes) === 0) return NOTHING_COMPLETED;
    return this.#count(row, key, event, traits, completes, this.#counting(row, counts, traits, event));
  }

  snapshot(): readonly StateChange[] {
    return this.#trails.snapshot();
  }

  restore(entries: Iterable<StateChange>): { readonly skipped: number } {
    return this.#trails.restore(entries);
  }

  forget(key: string): void {
    this.#trails.forget(key);
  }

  bytes(): number {
    return this.#trails.bytes();
  }

  evict(bytes: number): number {
    return this.#trails.evict(bytes);
  }

  #register({ counts, completes, measure, bit }: Armed): void {
    if (measure === 'values') this.#byValue |= bit;
    if (completes !== counts) this.#byOthers |= bit;
    for (let traits = 1; traits < TRAITS; traits++) {
      if ((traits & counts) !== 0) this.#counts[traits] = (this.#counts[traits] as number) | bit;
      if ((traits & completes) !== 0) this.#completes[traits] = (this.#completes[traits] as number) | bit;
    }
  }

  /** @returns of `bits` those whose checks count the event, by window and connection */
  #counting(row: number, bits: number, traits: number, event: Event): number {
    if (row === NONE || bits === 0) return bits;
    const counts = bits & ~this.#tooLate(row, bits, event.at);
    const isOnce = (traits & (this.#stream.oncePerConnection ?? 0)) !== 0;
    return counts !== 0 && isOnce ? counts & ~this.#sameConnection(row, counts, event) : counts;
  }

  #count(
    row: number,
    key: string,
    event: Event,
    traits: number,
    completes: number,
    bits: number,
  ): readonly Completed[] {
    const value = bits === 0 ? NO_TEXT : this.#holdValue(event);
    const counts = value === NO_TEXT ? bits & ~this.#byValue : bits;
    const mayComplete = completes & (counts | this.#byOthers);
    if (counts !== 0) {
      row = row === NONE ? this.#trails.create(key) : row;
      this.#insert(row, counts, event, traits, value);
    }
    if (row === NONE || (counts | mayComplete) === 0) return NOTHING_COMPLETED;
    const completed = this.#judge(row, counts, mayComplete, event, value);
    if (counts !== 0 || completed.length > 0) this.#trails.settle(row);
    return completed;
  }

  #judge(row: number, counts: number, mayComplete: number, event: Event, value: number): readonly Completed[] {
    let completed = NOTHING_COMPLETED;
    for (let i = 0; i < this.#armed.length; i++) {
      const armed = this.#armed[i] as Armed;
      const { bit, window, threshold } = armed;
      if (((counts | mayComplete) & bit) === 0) continue;
      const chain = this.#chain;
      chain.first = this.#trails.newest(row);
      chain.bit = bit;
      const isCounted = (counts & bit) !== 0;
      const to = isCounted ? latestOf(chain) : event.at;
      const measured = isCounted ? review(chain, armed, to - window, value) : undefined;
      if ((mayComplete & bit) === 0 || (measured ?? threshold) < threshold) continue;
      const found = gather(chain, to - window, to, armed.tries);
      if ((measured ?? found.weight) < threshold) continue;
      completed = [...completed, this.#completedOf(i, found, measured ?? found.weight)];
      empty(chain);
      if (armed.quiet > 0) this.#trails.silence(row, i, millis(found.latestAt + armed.quiet));
    }
    return completed;
  }

  #completedOf(check: number, found: Gathered, count: number): Completed {
    const { sightings, texts } = this.#trails;
    const isText = this.#stream.value.of === 'text';
    return {
      check,
      count,
      first: sightings.position(found.oldest),
      firstAt: sightings.at(found.oldest),
      latestAt: millis(found.latestAt),
      provenance: found.provenance,
      values: isText ? found.values.map((value) => texts.of(value)) : found.values,
    };
  }

  /** @returns of `bits` those whose window the event is too late for */
  #tooLate(row: number, bits: number, at: Millis): number {
    const { sightings } = this.#trails;
    const first = this.#trails.newest(row);
    if (first === NONE || sightings.at(first) <= at) return 0;
    let late = 0;
    for (let i = 0; i < this.#armed.length; i++) {
      const { bit, window } = this.#armed[i] as Armed;
      if ((bits & bit) !== 0 && at <= latestOf({ sightings, first, bit }) - window) late |= bit;
    }
    return late;
  }

  /** @returns of `bits` those whose window holds an event of the same connection */
  #sameConnection(row: number, bits: number, event: Event): number {
    const { sightings, texts } = this.#trails;
    const address = this.#entries.peerOf(event);
    const peer = address === undefined ? NO_TEXT : texts.find(address);
    if (address !== undefined && peer === NO_TEXT) return 0;
    const first = this.#trails.newest(row);
    let same = 0;
    for (let i = first; i !== NONE; i = sightings.older(i)) {
      if (sightings.peer(i) !== peer || sightings.port(i) !== (event.sourcePort ?? 0)) continue;
      for (let n = 0; n < this.#armed.length; n++) {
        const { bit, window } = this.#armed[n] as Armed;
        if ((sightings.checks(i) & bits & bit) === 0) continue;
        const latest = Math.max(event.at, latestOf({ sightings, first, bit }));
        if (sightings.at(i) > latest - window) same |= bit;
      }
    }
    return same;
  }

  #insert(row: number, checks: number, event: Event, traits: number, value: number): void {
    const { oncePerConnection } = this.#stream;
    const peer = oncePerConnection === undefined ? undefined : this.#entries.peerOf(event);
    this.#trails.insert(row, {
      at: event.at,
      position: event.position,
      provenance: event.provenance,
      weight: this.#entries.weightOf(event, traits),
      checks,
      value,
      peer: peer === undefined ? NO_TEXT : this.#trails.texts.hold(peer),
      port: event.sourcePort ?? 0,
    });
  }

  /** @returns `NO_TEXT` when the event has none */
  #holdValue(event: Event): number {
    const value = this.#entries.valueOf(event) ?? NO_TEXT;
    return typeof value === 'number' ? value : this.#trails.texts.hold(value);
  }
}

function review(chain: Chain, { measure, keeps, tries }: Armed, from: number, value: number): number {
  if (measure === 'events') return reviewEvents(chain, from, keeps);
  return tries === undefined ? reviewValues(chain, from, value) : reviewTries(chain, from, keeps, tries);
}
