import type { Millis } from '../base/time.ts';
import { type Event, isEvent, type Provenance, type UnparsedReason } from '../event/event.ts';
import { type FramedLine, fingerprintOf, firstLineOf, LineFramer } from '../event/framing.ts';
import type { Finding } from './finding.ts';
import type { Pipeline } from './pipeline.ts';

/** What became of a line, in the order of the log; an event comes before the findings it completes. */
export type ReplayItem =
  | { readonly kind: 'event'; readonly event: Event }
  | { readonly kind: 'finding'; readonly finding: Finding }
  | { readonly kind: 'unparsed'; readonly reason: UnparsedReason; readonly offset: number };

export interface ReplaySettings {
  readonly pipeline: Pipeline;
  /** Name of the parser. */
  readonly parser: string;
  /** Stands for when the lines were received: the year of lines without one, and the clamp, go by it. */
  readonly receivedAt: Millis;
  readonly provenance: Provenance;
}

/**
 * Runs a whole recorded log through a pipeline, chunk by chunk, in bounded memory. Positions, and so finding ids, are
 * those that following the same file live would have given.
 */
export class Replay {
  readonly #settings: ReplaySettings;
  readonly #framer = new LineFramer();
  /** The beginning of the file, until it is enough for the fingerprint. */
  #head = new Uint8Array(0);
  #source: string | undefined;

  constructor(settings: ReplaySettings) {
    this.#settings = settings;
  }

  /** The next bytes of the log. Read the items to the end: work is done as they are read. */
  *feed(chunk: Uint8Array): Generator<ReplayItem, void> {
    if (this.#source !== undefined) {
      yield* this.#judge(this.#framer.push(chunk, this.#framer.next));
      return;
    }
    this.#head = concat(this.#head, chunk);
    const first = firstLineOf(this.#head);
    if (first === undefined) return;
    yield* this.#begin(first);
  }

  /** After the last chunk: a recorded log may end without a newline. */
  *end(): Generator<ReplayItem, void> {
    if (this.#source === undefined) yield* this.#begin(this.#head);
    const last = this.#framer.end();
    if (last !== undefined) yield* this.#judge([last]);
  }

  *#begin(firstLine: Uint8Array): Generator<ReplayItem, void> {
    this.#source = fingerprintOf(firstLine);
    const head = this.#head;
    this.#head = new Uint8Array(0);
    yield* this.#judge(this.#framer.push(head, 0));
  }

  *#judge(lines: readonly FramedLine[]): Generator<ReplayItem, void> {
    const { pipeline, parser, receivedAt, provenance } = this.#settings;
    for (const { offset, ...line } of lines) {
      const position = { source: this.#source ?? '', offset };
      const parsed = pipeline.parse({ ...line, position, receivedAt, provenance }, parser);
      if (!isEvent(parsed)) {
        yield { kind: 'unparsed', reason: parsed.unparsed, offset };
        continue;
      }
      yield { kind: 'event', event: parsed };
      for (const finding of pipeline.judge(parsed)) yield { kind: 'finding', finding };
    }
  }
}

/** Runs a log given as chunks; `Replay` itself serves who reads chunks asynchronously. */
export function* replay(chunks: Iterable<Uint8Array>, settings: ReplaySettings): Generator<ReplayItem, void> {
  const run = new Replay(settings);
  for (const chunk of chunks) yield* run.feed(chunk);
  yield* run.end();
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}
