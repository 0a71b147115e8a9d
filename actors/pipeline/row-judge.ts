import type { Detector } from '../../core/detect/detector.ts';
import type { Finding } from '../../core/detect/finding.ts';
import type { Pipeline } from '../../core/detect/pipeline.ts';
import { LONGEST_TEXT } from '../../core/detect/sliding/accounts.ts';
import type { Stream } from '../../core/detect/sliding/sliding-check.ts';
import { SlidingDetector } from '../../core/detect/sliding/sliding-detector.ts';
import { SOURCE_GROUPS } from '../../core/detect/trail/keys.ts';
import { clamp } from '../../core/event/clock-text.ts';
import { type Event, PROVENANCES } from '../../core/event/event.ts';
import { FIELDS } from '../../native/lines/port.ts';
import { FATE, type RowEngine, RUN, type WindowEngines } from '../../native/windows/port.ts';
import { KINDS, type ReadLines } from '../segments/index.ts';
import { NativeWindows } from './native-windows.ts';
import type { ReadEvent } from './read-event.ts';

/** A stream whose lines can be judged many at a time. */
interface Bulk {
  readonly detector: SlidingDetector;
  readonly windows: NativeWindows;
}

export interface RowJudging {
  readonly engines: WindowEngines;
  readonly pipeline: Pipeline;
  /** Of the pipeline. */
  readonly detectors: readonly Detector[];
}

/**
 * Judges lines that `native/lines` has read by `native/windows`, many at a time, and shows the
 * others those that they want to see. Findings and what is remembered are those of `Pipeline.judge`.
 */
export class RowJudge {
  readonly #pipeline: Pipeline;
  readonly #bulk: readonly Bulk[];
  readonly #detectors: readonly Detector[];
  readonly #engine: RowEngine;
  readonly #fates: Uint8Array;
  readonly #numbers: Float64Array;

  constructor({ engines, pipeline, detectors }: RowJudging) {
    this.#pipeline = pipeline;
    this.#bulk = detectors.flatMap((detector) =>
      detector instanceof SlidingDetector && detector.stream.inBulk && detector.windows instanceof NativeWindows
        ? [{ detector, windows: detector.windows }]
        : [],
    );
    this.#numbers = new Float64Array(RUN.held + this.#bulk.length);
    this.#detectors = this.#bulk.map(({ detector }) => detector);
    this.#fates = Uint8Array.from(KINDS, ({ category, action }) => {
      const wanting = detectors.filter((detector) => detector.wants(category, action));
      if (wanting.length === 0) return FATE.passed;
      return wanting.every((detector) => this.#detectors.includes(detector)) ? FATE.judged : FATE.shared;
    });
    const users = [...new Set(this.#bulk.flatMap(({ detector }) => detector.stream.inBulk?.users ?? []))];
    const { groups } = this.#bulk[0]?.windows.settings ?? { groups: SOURCE_GROUPS };
    this.#engine = new engines.RowJudge(
      this.#bulk.map(({ detector, windows }) => ({
        windows: windows.engine,
        byAccount: detector.stream.key === 'account',
        traits: traitsTable(detector, users),
      })),
      { fates: this.#fates, users, v4Bits: groups.v4, v6Bits: groups.v6, longest: LONGEST_TEXT },
    );
  }

  /** Of `UsualLines`: the next texts stand there. */
  learn(piece: Uint8Array, places: Uint32Array, count: number): void {
    this.#engine.learn(piece, places, count);
  }

  forget(): void {
    this.#engine.forget();
  }

  /** @param event stands for one line after the other @param found gets the findings */
  judge(lines: ReadLines, from: number, to: number, event: ReadEvent, found: Finding[]): void {
    const { rows, source } = lines;
    const numbers = this.#numbers;
    numbers[RUN.began] = lines.began;
    numbers[RUN.latest] = clamp(Number.POSITIVE_INFINITY, lines.receivedAt);
    numbers[RUN.offset] = lines.offset;
    numbers[RUN.texts] = lines.texts.length;
    numbers[RUN.provenance] = PROVENANCES.indexOf(lines.provenance);
    for (let at = from; at < to; ) {
      numbers[RUN.room] = this.#pipeline.room;
      at = this.#engine.run(rows, at, to, numbers, source);
      const isShared = at > from && this.#fates[rows[at - FIELDS] as number] === FATE.shared;
      const last = isShared || numbers[RUN.completed] !== 0 ? event.of(lines, at - FIELDS) : undefined;
      const count = last === undefined ? 0 : this.#take(last, found);
      for (let i = 0; i < this.#bulk.length; i++)
        (this.#bulk[i] as Bulk).windows.held = numbers[RUN.held + i] as number;
      const others = this.#pipeline.settle(this.#detectors, count, isShared ? last : undefined);
      if (others.length > 0) found.push(...others);
    }
  }

  /** @param last the line that was judged last @returns how many findings it makes */
  #take(last: Event, found: Finding[]): number {
    const before = found.length;
    this.#bulk.forEach(({ detector, windows }, i) => {
      const completed = this.#engine.completed(i);
      if (completed !== undefined) found.push(...detector.findings(last, windows.completed(completed)));
    });
    return found.length - before;
  }
}

/** Asks the stream what it makes of each kind of line. */
function traitsTable({ stream, traits }: SlidingDetector, users: readonly string[]): Uint16Array {
  const own: Stream['inBulk'] = stream.inBulk;
  const table = new Uint16Array(KINDS.length * 2 * (users.length + 1));
  let i = 0;
  for (const { category, action, outcome } of KINDS) {
    for (const userUnknown of [false, true]) {
      for (const user of ['', ...users]) {
        const told = own?.users.includes(user) ? { user } : {};
        const event = { category, action, outcome, ...told, ...(userUnknown && { userUnknown }) } as Event;
        table[i++] = stream.wants(category, action) ? traits(event) : 0;
      }
    }
  }
  return table;
}
