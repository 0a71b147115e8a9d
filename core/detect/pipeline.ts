import type { Ip } from '../base/ip.ts';
import {
  type Category,
  type Event,
  isEvent,
  type Parser,
  type RawLine,
  type Unparsed,
  type UnparsedReason,
} from '../event/event.ts';
import { type Detector, NO_FINDINGS, type StateChange } from './detector.ts';
import type { Finding } from './finding.ts';

export interface PipelineCounters {
  /** Lines fed, whatever became of them: `events` and all of `unparsed` together. */
  readonly lines: number;
  readonly events: number;
  readonly findings: number;
  readonly unparsed: Readonly<Record<UnparsedReason, number>>;
}

/** A detector's state or a change to it, under its name. */
export interface DetectorState {
  readonly check: string;
  readonly changes: readonly StateChange[];
}

const NO_DETECTORS: readonly Detector[] = [];

/** What all detectors may hold together unless the configuration says otherwise. */
export const DETECTOR_MEMORY = 64 * 2 ** 20;

/**
 * Lines in, findings out: parse, then the detectors that want such an event, in the order given. Plain and synchronous;
 * it runs on a worker thread, in the commands `parse` and `replay`, and in tests alike.
 *
 * **One thread.** Detectors are not sharded. Their state is kept by key, so events could be dealt out by a hash of the
 * key; but one event has several keys (source, account), and a line must be parsed before its keys are known, so each
 * shard would parse everything or events would be copied between threads. One thread parses and judges some 300,000 lines
 * in a CPU second (`npm run bench -- parse`, `detect`), more than the rest of the way takes: there is no need.
 *
 * **Memory.** Whenever the detectors hold more than `memory` bytes together, the one that holds most lets go, by its own
 * rule, until it fits: a flood at one service takes nothing from the memory of the others while these hold less.
 *
 * `snapshot` hands out each change once. The caller makes it durable in one batch with the findings returned and the
 * cursors of the lines fed since the last one; when that batch fails it must keep the changes for the next.
 */
export class Pipeline {
  readonly #parsers: ReadonlyMap<string, Parser>;
  readonly #detectors: readonly Detector[];
  readonly #memory: number;
  /** Bytes by detector as of its last step, and together. */
  readonly #held: number[];
  #heldInAll = 0;
  /** Who wants events of a category and action; filled in as they come. */
  readonly #wanting: Readonly<Record<Category, Map<string, readonly number[]>>> = {
    authentication: new Map(),
    session: new Map(),
    network: new Map(),
    process: new Map(),
    web: new Map(),
    email: new Map(),
    other: new Map(),
  };
  readonly #unparsed: Record<UnparsedReason, number> = {
    empty: 0,
    'no-header': 0,
    'bad-time': 0,
    'other-program': 0,
    'unknown-message': 0,
    binary: 0,
    'too-long': 0,
  };
  #events = 0;
  #findings = 0;
  #lines = 0;

  /** @param memory what the detectors may hold together, in bytes */
  constructor(parsers: ReadonlyMap<string, Parser>, detectors: readonly Detector[], memory: number = DETECTOR_MEMORY) {
    this.#parsers = parsers;
    this.#detectors = detectors;
    this.#memory = memory;
    this.#held = detectors.map(() => 0);
  }

  /** One line, all the way. @throws RangeError when no parser has this name: configuration is checked before */
  feed(line: RawLine, parser: string): readonly Finding[] {
    const parsed = this.parse(line, parser);
    return isEvent(parsed) ? this.judge(parsed) : NO_FINDINGS;
  }

  /** The first half of `feed`: for who wants the event too. */
  parse(line: RawLine, parser: string): Event | Unparsed {
    const parse = this.#parsers.get(parser);
    if (parse === undefined) throw new RangeError(`no parser named "${parser}"`);
    this.#lines++;
    const parsed = line.flaw === undefined ? parse(line) : { unparsed: line.flaw };
    if (isEvent(parsed)) this.#events++;
    else this.#unparsed[parsed.unparsed]++;
    return parsed;
  }

  /** In place of `parse`, for events that somebody read who reads as the parsers do. */
  noteEvents(count: number): void {
    this.#lines += count;
    this.#events += count;
  }

  /** The second half of `feed`. */
  judge(event: Event): readonly Finding[] {
    const found = this.#step(event, NO_DETECTORS);
    if (this.#heldInAll > this.#memory) this.#letGo();
    this.#findings += found.length;
    return found;
  }

  /** So many bytes more the detectors may hold together. */
  get room(): number {
    return this.#memory - this.#heldInAll;
  }

  /**
   * In place of `judge`, for events that these detectors were shown, up to the first after which `room` was used up.
   * @param findings how many they found
   * @param last the last of the events, where others want it: they are shown it now
   * @returns what the others find
   */
  settle(detectors: readonly Detector[], findings: number, last?: Event): readonly Finding[] {
    for (let n = 0; n < detectors.length; n++) {
      const detector = detectors[n] as Detector;
      this.#weigh(this.#detectors.indexOf(detector), detector.bytes());
    }
    const found = last === undefined ? NO_FINDINGS : this.#step(last, detectors);
    if (this.#heldInAll > this.#memory) this.#letGo();
    this.#findings += findings + found.length;
    return found;
  }

  /** Whether any detector wants events of this kind: of the others `judge` makes nothing. */
  wants(category: Category, action: string): boolean {
    return this.#wantingOf(category, action).length > 0;
  }

  #step(event: Event, except: readonly Detector[]): readonly Finding[] {
    let found = NO_FINDINGS;
    const wanting = this.#wantingOf(event.category, event.action);
    for (let n = 0; n < wanting.length; n++) {
      const i = wanting[n] as number;
      const detector = this.#detectors[i] as Detector;
      if (except.length > 0 && except.includes(detector)) continue;
      const findings = detector.step(event);
      if (findings.length > 0) found = found.length === 0 ? findings : [...found, ...findings];
      this.#weigh(i, detector.bytes());
    }
    return found;
  }

  #wantingOf(category: Category, action: string): readonly number[] {
    const byAction = this.#wanting[category];
    const known = byAction.get(action);
    if (known !== undefined) return known;
    const wanting = this.#detectors.flatMap((detector, i) => (detector.wants(category, action) ? [i] : []));
    byAction.set(action, wanting);
    return wanting;
  }

  #weigh(i: number, bytes: number): void {
    this.#heldInAll += bytes - (this.#held[i] as number);
    this.#held[i] = bytes;
  }

  #letGo(): void {
    while (this.#heldInAll > this.#memory) {
      const most = this.#held.indexOf(Math.max(...this.#held));
      const detector = this.#detectors[most] as Detector;
      const before = this.#held[most] as number;
      detector.evict(Math.max(0, before - (this.#heldInAll - this.#memory)));
      this.#weigh(most, detector.bytes());
      if ((this.#held[most] as number) >= before) return;
    }
  }

  /** Since it was made; not part of the state that is restored. */
  get counters(): PipelineCounters {
    return {
      lines: this.#lines,
      events: this.#events,
      findings: this.#findings,
      unparsed: { ...this.#unparsed },
    };
  }

  /** What changed in each detector since the last call; detectors without a change are left out. */
  snapshot(): readonly DetectorState[] {
    return this.#detectors
      .map((detector) => ({ check: detector.name, changes: detector.snapshot() }))
      .filter(({ changes }) => changes.length > 0);
  }

  /**
   * Puts durable state back, before the first line. State of a detector that is no longer there is left out; what is more
   * than the memory holds goes by the rule.
   * @returns how many entries could not be read
   */
  restore(states: Iterable<{ readonly check: string; readonly changes: Iterable<StateChange> }>): {
    readonly skipped: number;
  } {
    let skipped = 0;
    for (const { check, changes } of states) {
      skipped += this.#detectors.find(({ name }) => name === check)?.restore(changes).skipped ?? 0;
    }
    this.#detectors.forEach((detector, i) => {
      this.#weigh(i, detector.bytes());
    });
    this.#letGo();
    return { skipped };
  }

  /** No detector counts against this address's source what it did so far. */
  forget(ip: Ip): void {
    this.#detectors.forEach((detector, i) => {
      detector.forget(ip);
      this.#weigh(i, detector.bytes());
    });
  }

  /** Rough bytes held by all detectors. */
  bytes(): number {
    return this.#heldInAll;
  }
}
