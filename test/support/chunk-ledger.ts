import assert from 'node:assert/strict';
import { type Chunk, type ChunkSink, type Cursor, MAX_LINE } from '../../actors/watchers/files/index.ts';
import { sha256Hex } from '../../core/base/ids.ts';

export const fingerprintOf = (firstLine: Uint8Array): string => sha256Hex(firstLine).slice(0, 16);

/** What a line is known by in a finding id. */
export interface LedgerLine {
  readonly position: string;
  readonly text: string;
}

/**
 * A pipeline that remembers what it took, commits lines and cursors together when told to, and loses what was not
 * committed when it crashes. Every chunk is held to the contract of `Chunk`.
 */
export class ChunkLedger implements ChunkSink {
  /** Committed. */
  readonly lines: LedgerLine[] = [];
  readonly cursors = new Map<string, Cursor>();
  readonly chunks: Chunk[] = [];
  mostAtOnce = 0;
  /** Set to keep the sink from taking anything until it resolves. */
  gate: Promise<void> = Promise.resolve();
  /** Asked for each chunk: true refuses it. */
  refuses: (chunk: Chunk) => boolean = () => false;
  #taken: Chunk[] = [];
  readonly #underWay = new Map<string, Chunk>();
  #life = 0;

  async submit(chunk: Chunk): Promise<void> {
    const life = this.#life;
    this.#check(chunk);
    this.#underWay.set(chunk.path, chunk);
    this.mostAtOnce = Math.max(this.mostAtOnce, this.#underWay.size);
    await this.gate;
    if (life !== this.#life) return;
    this.#underWay.delete(chunk.path);
    if (this.refuses(chunk)) throw new Error('the store is full');
    this.chunks.push(chunk);
    this.#taken.push(chunk);
  }

  /** Makes durable what was taken so far, or the first `count` chunks of it. */
  commit(count = this.#taken.length): void {
    for (const chunk of this.#taken.splice(0, count)) {
      this.cursors.set(chunk.path, chunk.cursor);
      this.lines.push(...linesOf(chunk));
    }
  }

  /** Loses what was taken and not committed, as when the process is killed. */
  crash(): void {
    this.#life++;
    this.#taken = [];
    this.#underWay.clear();
  }

  /** Texts of all lines taken, committed or not. */
  get texts(): readonly string[] {
    return this.chunks.flatMap((chunk) => linesOf(chunk).map(({ text }) => text));
  }

  #check(chunk: Chunk): void {
    const { path, bytes, offset, cursor, skipped, fingerprint } = chunk;
    assert.equal(this.#underWay.has(path), false, `two chunks of ${path} at once`);
    assert.ok(bytes.length <= MAX_LINE + 1);
    assert.equal(cursor.fingerprint, fingerprint);
    assert.equal(cursor.offset, offset + bytes.length + (skipped?.length ?? 0));
    if (bytes.length > 0) assert.equal(bytes.at(-1), 0x0a, 'ends behind a line');
    if (bytes.length > 0) assert.notEqual(fingerprint, '');
    if (skipped !== undefined) assert.deepEqual([bytes.length, skipped.offset], [0, offset]);
  }
}

/** The whole lines of a file's content, as the ledger writes them down. */
export function linesIn(content: Uint8Array, fingerprint: string, offset = 0): LedgerLine[] {
  const lines: LedgerLine[] = [];
  const bytes = Buffer.from(content);
  for (let start = 0; ; ) {
    const end = bytes.indexOf(0x0a, start);
    if (end < 0) return lines;
    lines.push({ position: `${fingerprint}+${offset + start}`, text: bytes.toString('utf8', start, end) });
    start = end + 1;
  }
}

/** The lines of a file that was read whole, under the fingerprint of its first one. */
export function linesOfFile(content: Uint8Array): LedgerLine[] {
  const end = content.indexOf(0x0a);
  return end < 0 ? [] : linesIn(content, fingerprintOf(content.subarray(0, Math.min(end, 1024))));
}

const linesOf = ({ bytes, fingerprint, offset }: Chunk): LedgerLine[] => linesIn(bytes, fingerprint, offset);
