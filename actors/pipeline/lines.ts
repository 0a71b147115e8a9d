import type { Millis } from '../../core/base/time.ts';
import type { RawLine } from '../../core/event/event.ts';
import { LineFramer } from '../../core/event/framing.ts';
import { JOURNAL_FIELDS, linesOf } from '../../core/event/journal-line.ts';
import type { JournalOrigin } from '../../core/event/preference.ts';
import { JournalBatch } from '../../native/journal/batch.ts';
import type { ToWorker } from './protocol.ts';

export type Chunk = Extract<ToWorker, { kind: 'chunk' }>;

/** Where lines are from. */
export type Origin = Pick<Chunk, 'source' | 'provenance' | 'receivedAt'>;

/** Frames pieces of files; made once for all of them. */
export class FileLines {
  readonly #framer = new LineFramer();

  /** Visits the lines of a piece of a file, and behind them the one that the source passed over. */
  each(chunk: Chunk, visit: (line: RawLine) => void): void {
    this.within(chunk, chunk.bytes, chunk.offset, visit);
    this.passedOver(chunk, visit);
  }

  /** Visits the lines that end in `bytes`, which begin with a line at `offset`. */
  within(origin: Origin, bytes: Uint8Array, offset: number, visit: (line: RawLine) => void): void {
    const { source, provenance } = origin;
    const receivedAt = origin.receivedAt as Millis;
    this.#framer.jump(offset);
    this.#framer.each(bytes, offset, (framed) => {
      const { text, flaw } = framed;
      const position = { source, offset: framed.offset };
      if (flaw === undefined) visit({ text, position, receivedAt, provenance });
      else visit({ text, position, receivedAt, provenance, flaw });
    });
  }

  passedOver({ flaw, source, provenance, receivedAt }: Chunk, visit: (line: RawLine) => void): void {
    if (flaw === undefined) return;
    const position = { source, offset: flaw.offset };
    visit({ text: '', flaw: flaw.kind, position, receivedAt: receivedAt as Millis, provenance });
  }
}

/** Entries as packed; none when only the cursor is news. */
export const journalLines = ({ bytes, receivedAt }: Extract<ToWorker, { kind: 'journal' }>): readonly RawLine[] =>
  bytes.length === 0 ? [] : linesOf(new JournalBatch(bytes, JOURNAL_FIELDS), receivedAt as Millis);

/** More pairs of program and unit than any host has; beyond them nothing new is told. */
const MOST_ORIGINS = 4096;

/** Remembers what the journal was seen to carry. */
export class Origins {
  readonly #known = new Set<string>();
  #fresh: JournalOrigin[] = [];

  /** @param isProven whether the sender is who it claims to be: the name of anybody else's choice means nothing */
  note({ header, sender }: RawLine, isProven: boolean): void {
    const program = isProven ? header?.program : undefined;
    const { unit } = sender ?? {};
    if (program === undefined && unit === undefined) return;
    const key = `${program ?? ''}\n${unit ?? ''}`;
    if (this.#known.has(key) || this.#known.size >= MOST_ORIGINS) return;
    this.#known.add(key);
    this.#fresh.push({ ...(program === undefined ? {} : { program }), ...(unit === undefined ? {} : { unit }) });
  }

  /** Those that were not told yet. */
  take(): readonly JournalOrigin[] {
    const fresh = this.#fresh;
    if (fresh.length > 0) this.#fresh = [];
    return fresh;
  }
}
