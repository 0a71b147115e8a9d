import type { Ip } from '../../base/ip.ts';
import { type Millis, millis } from '../../base/time.ts';
import type { Event } from '../../event/event.ts';
import { type Detector, NO_FINDINGS, type StateChange } from '../detector.ts';
import { displayName } from '../display.ts';
import type { Finding } from '../finding.ts';
import { type SourceGroups, SourceKeys, TextKeys } from '../trail/keys.ts';
import { NONE, type Sightings } from '../trail/sightings.ts';
import { NO_TEXT } from '../trail/texts.ts';
import { Trails } from '../trail/trails.ts';
import type { AgentLists } from '../web/agents.ts';
import { Accounts, cut, LONGEST_TEXT } from './accounts.ts';
import { findingOf } from './finding-of.ts';
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
import type { SlidingCheck, SlidingSettings, Stream } from './sliding-check.ts';

/** A check as it is set, at its bit. */
interface Armed {
  readonly check: SlidingCheck;
  readonly bit: number;
  readonly threshold: number;
  readonly window: Millis;
  /** How long the key is quiet after a finding. */
  readonly quiet: Millis;
  /** The newest events that reach so many are kept. */
  readonly keeps: number;
  /** Where a value that came too often does not count. */
  readonly tries: Tries | undefined;
}

export interface SlidingOptions {
  readonly groups: SourceGroups;
  readonly agents: AgentLists;
  /** See `KeyIndex`. */
  readonly salt: number;
}

/** Stream traits are below this. */
const TRAITS = 512;

/**
 * Counts events in sliding windows, for all the checks of a stream.
 *
 * For each check and key there is a set of sightings, empty at first, and a moment until which the key is quiet. An event
 * with a key (and, where different values are counted, a value) that has one of the traits in `counts` is taken so:
 *
 * 1. **Silence.** When it happened before the quiet moment, it does not count.
 * 2. **Window.** With `newest` the latest event time in the set and of the event itself, the window is
 *    `(newest − window, newest]`: a sighting exactly one window older is not in it. An event before the window comes too
 *    late and does not count; other keys do not move the window, so a source whose lines lag is judged by its own time.
 *    An event that comes late but within the window takes its place by time, behind equals.
 * 3. **Connection.** An event with a trait in `oncePerConnection` does not count when the window holds an event of the
 *    same address and port; it counts once, whatever its line stands for.
 * 4. **Set.** What does not count changes nothing. Else the event joins the set, and what left the window leaves the set.
 *    Where values are counted, of each value the newest event stays; with `triesAtMost`, of each value the newest ones
 *    that together pass that number (or all), and of all of them the newest four times the threshold. Where other events
 *    complete the finding, the newest ones that together reach the threshold.
 * 5. **Measure.** `events`: the sum of what the lines stand for (`repeats`). `values`: how many different ones; with
 *    `triesAtMost` only those that came no more often.
 *
 * The event that brings the measure to the threshold completes a finding; with `completes`, an event of those traits
 * does, by what is in `(its time − window, its time]`. Then the set is empty again, and the key is quiet until one window
 * after the latest sighting (not where `completes` is given): an attack that goes on is found again when it then reaches
 * the threshold anew. A check without a threshold makes each event a finding, and is quiet for `window` after it.
 *
 * **The finding.** `at` and `last` are the completing event's, `first` and `firstAt` those of the earliest that counted,
 * `count` what was measured, `provenance` the least trustworthy among them. Subject is the address of the completing
 * event, which for IPv6 is the one of its network that was used last, or the user.
 *
 * Memory: see `Trails`.
 *
 * Every line of a log comes through here, and what runs through a list by an iterator costs several times a loop by index
 * until the last of the engine's compilers has come to it.
 */
export class SlidingDetector implements Detector {
  readonly name: string;
  readonly checks: Detector['checks'];
  readonly #stream: Stream;
  readonly #traits: (event: Event) => number;
  readonly #armed: readonly Armed[];
  readonly #trails: Trails;
  readonly #sources: SourceKeys;
  readonly #accounts = new Accounts();
  /** Whether the key of an IPv4 address is the address. */
  readonly #isV4Whole: boolean;
  /** By traits: bits of the checks that count the event, and of those that it may complete. */
  readonly #counts = new Uint32Array(TRAITS);
  readonly #completes = new Uint32Array(TRAITS);
  /** What of a row is judged, check after check: one object for all, since there are several for every line. */
  readonly #chain: { readonly sightings: Sightings; first: number; bit: number };
  /** Bits of the checks that count values, and of those that events complete which they do not count. */
  #byValue = 0;
  #byOthers = 0;

  /** @param checks of `stream` */
  constructor(
    stream: Stream,
    checks: readonly (readonly [check: SlidingCheck, settings: SlidingSettings])[],
    { groups, agents, salt }: SlidingOptions,
  ) {
    this.name = stream.name;
    this.checks = checks.map(([{ info }]) => info);
    this.#stream = stream;
    this.#traits = stream.traits(agents);
    this.#sources = new SourceKeys(groups);
    this.#isV4Whole = groups.v4 === 32;
    this.#armed = checks.map(arm);
    this.#trails = new Trails({
      checks: this.#armed.map(({ check, window, quiet }) => ({ name: check.info.name, window, quiet })),
      keys: (texts) => (stream.key === 'source' ? new SourceKeys(groups) : new TextKeys(texts)),
      valuesAreTexts: stream.value.of === 'text',
      salt,
    });
    this.#chain = { sightings: this.#trails.sightings, first: NONE, bit: 0 };
    for (const { check, bit } of this.#armed) this.#register(check, bit);
  }

  wants(...kind: Parameters<Detector['wants']>): boolean {
    return this.#stream.wants(...kind);
  }

  step(event: Event): readonly Finding[] {
    const traits = this.#traits(event);
    if (traits === 0) return NO_FINDINGS;
    const key = this.#stream.key === 'source' ? event.sourceIp : this.#accounts.of(event);
    if (key === undefined) return NO_FINDINGS;
    const row = this.#trails.find(key);
    const isQuiet = row === NONE ? 0 : this.#trails.quietAt(row, event.at);
    const completes = (this.#completes[traits] as number) & ~isQuiet;
    const counts = (this.#counts[traits] as number) & ~isQuiet;
    if ((counts | completes) === 0) return NO_FINDINGS;
    return this.#count(row, key, event, traits, completes, this.#counting(row, counts, traits, event));
  }

  snapshot(): readonly StateChange[] {
    return this.#trails.snapshot();
  }

  restore(entries: Iterable<StateChange>): { readonly skipped: number } {
    return this.#trails.restore(entries);
  }

  forget(ip: Ip): void {
    if (this.#stream.key === 'source') this.#trails.forget(ip);
  }

  bytes(): number {
    return this.#trails.bytes();
  }

  evict(bytes: number): number {
    return this.#trails.evict(bytes);
  }

  #register({ counts, completes = counts, measure }: SlidingCheck, bit: number): void {
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

  #count(row: number, key: string, event: Event, traits: number, completes: number, bits: number): readonly Finding[] {
    const value = bits === 0 ? NO_TEXT : this.#holdValue(event);
    const counts = value === NO_TEXT ? bits & ~this.#byValue : bits;
    const mayComplete = completes & (counts | this.#byOthers);
    if (counts !== 0) {
      row = row === NONE ? this.#trails.create(key) : row;
      this.#insert(row, counts, event, traits, value);
    }
    if (row === NONE || (counts | mayComplete) === 0) return NO_FINDINGS;
    const findings = this.#judge(row, counts, mayComplete, event, value);
    if (counts !== 0 || findings.length > 0) this.#trails.settle(row);
    return findings;
  }

  #judge(row: number, counts: number, mayComplete: number, event: Event, value: number): readonly Finding[] {
    let findings = NO_FINDINGS;
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
      findings = [...findings, this.#findingOf(armed, event, found, measured ?? found.weight)];
      empty(chain);
      if (armed.quiet > 0) this.#trails.silence(row, i, millis(found.latestAt + armed.quiet));
    }
    return findings;
  }

  #findingOf({ check }: Armed, event: Event, found: Gathered, count: number): Finding {
    const { sightings, texts } = this.#trails;
    const isText = this.#stream.value.of === 'text';
    const shown = found.values.map((value) => (isText ? displayName(texts.of(value)) : String(value)));
    const subject = check.subject === 'ip' ? event.sourceIp : event.user?.slice(0, LONGEST_TEXT);
    return findingOf(check, subject ?? '', event, {
      count,
      first: sightings.position(found.oldest),
      firstAt: sightings.at(found.oldest),
      latestAt: millis(found.latestAt),
      provenance: found.provenance,
      values: new Set(shown.reverse()),
    });
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
    const address = this.#peerOf(event);
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
    const peer = oncePerConnection === undefined ? undefined : this.#peerOf(event);
    const isOnce = oncePerConnection !== undefined && (traits & oncePerConnection) !== 0;
    this.#trails.insert(row, {
      at: event.at,
      position: event.position,
      provenance: event.provenance,
      weight: isOnce ? 1 : (event.repeats ?? 1),
      checks,
      value,
      peer: peer === undefined ? NO_TEXT : this.#trails.texts.hold(peer),
      port: event.sourcePort ?? 0,
    });
  }

  /** The address, where the key does not say it. */
  #peerOf({ sourceIp }: Event): string | undefined {
    return sourceIp === undefined || (this.#isV4Whole && !sourceIp.includes(':')) ? undefined : sourceIp;
  }

  /** @returns `NO_TEXT` when the event has none */
  #holdValue(event: Event): number {
    const { value } = this.#stream;
    if (value.of === 'number') return value.read(event) ?? NO_TEXT;
    const text = value.read(event, this.#sources);
    return text === undefined || text === '' ? NO_TEXT : this.#trails.texts.hold(cut(text));
  }
}

function review(chain: Chain, { check, keeps, tries }: Armed, from: number, value: number): number {
  if (check.measure === 'events') return reviewEvents(chain, from, keeps);
  return tries === undefined ? reviewValues(chain, from, value) : reviewTries(chain, from, keeps, tries);
}

function arm([check, { threshold, window }]: readonly [SlidingCheck, SlidingSettings], index: number): Armed {
  const isEach = check.threshold === undefined;
  const isByOthers = check.completes !== undefined && check.completes !== check.counts;
  return {
    check,
    bit: 1 << index,
    threshold: isEach ? 1 : threshold,
    // Nothing stays in the set where each event is a finding: any window will do.
    window: isEach ? millis(1) : window,
    quiet: isByOthers ? millis(0) : window,
    keeps: isByOthers ? threshold : check.triesAtMost === undefined ? Number.POSITIVE_INFINITY : 4 * threshold,
    tries: check.triesAtMost === undefined ? undefined : new Tries(check.triesAtMost),
  };
}
