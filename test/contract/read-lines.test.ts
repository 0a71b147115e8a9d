/** Lines that the addon has read, gathered without an object for each, make the same blocks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Chunk, FileLines } from '../../actors/pipeline/lines.ts';
import { ReadEvent } from '../../actors/pipeline/read-event.ts';
import { UsualLines } from '../../actors/pipeline/usual-lines.ts';
import { BlockBuilder } from '../../actors/segments/block-builder.ts';
import type { ReadLines } from '../../actors/segments/index.ts';
import { millis } from '../../core/base/time.ts';
import type { UnparsedLine } from '../../core/event/kept.ts';
import { UTC } from '../../core/event/syslog-time.ts';
import { openLines } from '../../native/lines/index.ts';
import { FIELDS } from '../../native/lines/port.ts';
import { fc } from '../support/random.ts';
import { sshdPiece } from '../support/sshd-lines.ts';

const RECEIVED = Date.UTC(2026, 10, 22, 2, 2, 30);

function usualLines(): UsualLines {
  const opened = openLines();
  assert.ok(opened.ok, opened.ok ? '' : opened.public);
  return new UsualLines(opened.value, new FileLines(), UTC);
}

const chunkOf = (text: string, offset: number, source: string): Chunk => ({
  kind: 'chunk',
  sequence: 1,
  parser: 'syslog',
  source,
  offset,
  provenance: source === 'aa' ? 'file' : 'spoofable',
  receivedAt: RECEIVED,
  bytes: Uint8Array.from(Buffer.from(text)),
});

const unread = (offset: number, message: string): UnparsedLine => ({
  ...{ unparsed: 'other-program', at: millis(RECEIVED), provenance: 'file', message },
  position: { source: 'aa', offset },
});

/** Two of the same: one gathers, the other is given events. */
class Twins {
  readonly #gathers: BlockBuilder;
  readonly #adds: BlockBuilder;
  #first = 0;
  blocks = 0;

  constructor(limit: number) {
    this.#gathers = new BlockBuilder(limit);
    this.#adds = new BlockBuilder(limit);
  }

  read(lines: ReadLines, line: number, count: number): void {
    for (let done = 0; done < count; ) {
      const at = line + done * FIELDS;
      const taken = this.#gathers.addRead(lines, at, count - done);
      assert.ok(taken > 0 && taken <= count - done);
      for (let i = 0; i < taken; i++) this.#adds.add(new ReadEvent().of(lines, at + i * FIELDS));
      done += taken;
      this.#turn();
    }
  }

  unread(line: UnparsedLine): void {
    this.#gathers.add(line);
    this.#adds.add(line);
    this.#turn();
  }

  finish(): void {
    const { rows } = this.#adds;
    assert.equal(this.#gathers.rows, rows);
    if (rows === 0) return;
    const place = { first: this.#first, generation: 1, isFinal: true };
    assert.deepEqual(this.#gathers.write({ from: 0, to: rows }, place), this.#adds.write({ from: 0, to: rows }, place));
    this.#first += rows;
    this.blocks++;
    for (const one of [this.#gathers, this.#adds]) one.clear();
  }

  #turn(): void {
    assert.equal(this.#gathers.isFull, this.#adds.isFull);
    if (this.#adds.isFull) this.finish();
  }
}

function feed(lines: UsualLines, twins: Twins, chunk: Chunk): number {
  let read = 0;
  lines.each(chunk, {
    read: (...run) => {
      read += run[2];
      twins.read(...run);
    },
    line: ({ text, position }) => twins.unread(unread(position.offset, text)),
  });
  return read;
}

test('any pieces of logs make the same blocks, gathered or line by line', () => {
  let read = 0;
  let blocks = 0;
  fc.assert(
    fc.property(
      fc.array(sshdPiece, { minLength: 1, maxLength: 8 }),
      fc.integer({ min: 1, max: 24 }),
      (texts, limit) => {
        const [lines, twins] = [usualLines(), new Twins(limit)];
        for (const [i, text] of texts.entries())
          read += feed(lines, twins, chunkOf(text, i * 1e6, i % 3 === 2 ? 'bb' : 'aa'));
        twins.finish();
        blocks += twins.blocks;
      },
    ),
    { numRuns: 200 },
  );
  assert.ok(read > 300 && blocks > 100, `${read} lines were read, ${blocks} blocks made`);
});

test('more texts than are remembered, longest lines and full blocks make no difference', () => {
  const [lines, twins] = [usualLines(), new Twins(4096)];
  for (let piece = 0; piece < 4; piece++) {
    const name = (i: number): string => (piece === 3 ? 'x'.repeat(440) + i : `u${piece}-${i}`);
    const line = (_: unknown, i: number): string =>
      `Nov 22 01:02:03 h${i % 7} sshd[${i}]: Invalid user ${name(i)} from 192.0.2.${i % 250} port ${1 + i}\n`;
    const text = Array.from({ length: 9000 }, line).join('');
    assert.equal(feed(lines, twins, chunkOf(text, piece * 1e7, 'aa')), 9000);
  }
  twins.finish();
  assert.ok(twins.blocks > 9);
});
