import { type Event, isEvent, type Parser, type RawLine, type Unparsed, type UnparsedReason } from '../event/event.ts';
import type { Detector, StateChange } from './detector.ts';
import type { Finding } from './finding.ts';

export interface PipelineCounters {
  /** Lines fed, whatever became of them: `events` and all of `unparsed` together. */
  readonly lines: number;
  readonly events: number;
  readonly findings: number;
  readonly unparsed: Readonly<Record<UnparsedReason, number>>;
}

/** A detector's state or a change to it, under the name of its check. */
export interface DetectorState {
  readonly check: string;
  readonly changes: readonly StateChange[];
}

const NO_FINDINGS: readonly Finding[] = [];

/**
 * Lines in, findings out: parse, then every detector in the order given. Plain and synchronous; it runs on a worker
 * thread, in the commands `parse` and `replay`, and in tests alike.
 *
 * `snapshot` hands out each change once. The caller makes it durable in one batch with the findings returned and the
 * cursors of the lines fed since the last one; when that batch fails it must keep the changes for the next.
 */
export class Pipeline {
  readonly #parsers: ReadonlyMap<string, Parser>;
  readonly #detectors: readonly Detector[];
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

  constructor(parsers: ReadonlyMap<string, Parser>, detectors: readonly Detector[]) {
    this.#parsers = parsers;
    this.#detectors = detectors;
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

  /** The second half of `feed`. */
  judge(event: Event): readonly Finding[] {
    let found = NO_FINDINGS;
    for (const detector of this.#detectors) {
      const findings = detector.step(event);
      if (findings.length > 0) found = found.length === 0 ? findings : [...found, ...findings];
    }
    this.#findings += found.length;
    return found;
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
      .map((detector) => ({ check: detector.info.name, changes: detector.snapshot() }))
      .filter(({ changes }) => changes.length > 0);
  }

  /**
   * Puts durable state back, before the first line. State of a check that is no longer there is left out.
   * @returns how many entries could not be read
   */
  restore(states: Iterable<{ readonly check: string; readonly changes: Iterable<StateChange> }>): {
    readonly skipped: number;
  } {
    let skipped = 0;
    for (const { check, changes } of states) {
      skipped += this.#detectors.find(({ info }) => info.name === check)?.restore(changes).skipped ?? 0;
    }
    return { skipped };
  }

  /** Rough bytes held by all detectors. */
  bytes(): number {
    return this.#detectors.reduce((sum, detector) => sum + detector.bytes(), 0);
  }
}
