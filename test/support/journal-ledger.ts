import assert from 'node:assert/strict';
import type { JournalChunk, JournalSink } from '../../actors/watchers/journal/index.ts';
import type { JournalCursor } from '../../core/event/cursor.ts';
import type { RawLine } from '../../core/event/event.ts';
import { JOURNAL_FIELDS, linesOf } from '../../core/event/journal-line.ts';
import { JournalBatch } from '../../native/journal/index.ts';

/** A pipeline that remembers what it took, commits lines and cursor together, and loses the rest when it crashes. */
export class JournalLedger implements JournalSink {
  /** Committed. */
  readonly lines: RawLine[] = [];
  cursor: JournalCursor | undefined;
  /** Every line taken, committed or not. */
  readonly taken: RawLine[] = [];
  chunks = 0;
  /** Set to keep the sink from taking anything until it resolves. */
  gate: Promise<void> = Promise.resolve();
  /** Told to refuse so many chunks. */
  refusals = 0;
  #uncommitted: { readonly lines: readonly RawLine[]; readonly cursor: JournalCursor }[] = [];
  #underWay = 0;
  #life = 0;

  async submit(chunk: JournalChunk): Promise<void> {
    const life = this.#life;
    assert.equal(this.#underWay++, 0, 'two chunks at once');
    await this.gate;
    this.#underWay--;
    if (life !== this.#life) return;
    if (this.refusals > 0) {
      this.refusals--;
      throw new Error('the store is full');
    }
    const lines = readChunk(chunk);
    this.chunks++;
    this.taken.push(...lines);
    this.#uncommitted.push({ lines, cursor: chunk.cursor });
  }

  commit(): void {
    for (const { lines, cursor } of this.#uncommitted.splice(0)) {
      this.lines.push(...lines);
      this.cursor = cursor;
    }
  }

  /** Loses what was taken and not committed, as when the process is killed. */
  crash(): void {
    this.#life++;
    this.#underWay = 0;
    this.#uncommitted = [];
  }

  get texts(): readonly string[] {
    return this.taken.map(({ text }) => text);
  }
}

function readChunk({ bytes, entries, receivedAt, cursor }: JournalChunk): readonly RawLine[] {
  if (bytes.length === 0) return [];
  const batch = new JournalBatch(bytes, JOURNAL_FIELDS);
  assert.equal(batch.length, entries);
  assert.equal(batch.last, cursor.cursor);
  return linesOf(batch, receivedAt);
}
