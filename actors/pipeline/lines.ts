import type { Millis } from '../../core/base/time.ts';
import type { RawLine } from '../../core/event/event.ts';
import { LineFramer } from '../../core/event/framing.ts';
import { JOURNAL_FIELDS, linesOf } from '../../core/event/journal-line.ts';
import type { JournalOrigin } from '../../core/event/preference.ts';
import { JournalBatch } from '../../native/journal/batch.ts';
import type { ToWorker } from './protocol.ts';

export type Chunk = Extract<ToWorker, { kind: 'chunk' }>;

/** Visits the lines of a piece of a file, and behind them the one that the source passed over. */
export function eachFileLine(chunk: Chunk, visit: (line: RawLine) => void): void {
  const { source, provenance, flaw: passed } = chunk;
  const receivedAt = chunk.receivedAt as Millis;
  new LineFramer(chunk.offset).each(chunk.bytes, chunk.offset, ({ offset, text, flaw }) => {
    const position = { source, offset };
    if (flaw === undefined) visit({ text, position, receivedAt, provenance });
    else visit({ text, position, receivedAt, provenance, flaw });
  });
  if (passed !== undefined) {
    visit({ text: '', flaw: passed.kind, position: { source, offset: passed.offset }, receivedAt, provenance });
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
