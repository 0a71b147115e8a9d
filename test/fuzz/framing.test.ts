import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { type FramedLine, LineFramer, MAX_LINE_BYTES } from '../../core/event/framing.ts';
import { fuzz, linesOf } from '../support/fuzz.ts';

const text = readFileSync(new URL('../../../test/fixtures/fuzz/syslog.txt', import.meta.url));
const corpus = [text, ...linesOf(text.toString()), new Uint8Array(5).fill(0x0a), new Uint8Array(9)];

test('however a file is cut, the lines are those between its newlines', () => {
  fuzz('framing', corpus, (mutator) => {
    const file = mutator.mutant();
    const framer = new LineFramer();
    const lines: FramedLine[] = [];
    for (let at = 0; at < file.length; ) {
      const chunk = file.subarray(at, at + 1 + mutator.below(200));
      lines.push(...framer.push(chunk, at));
      at += chunk.length;
      assert.ok(framer.committed === 0 || file[framer.committed - 1] === 0x0a);
    }
    assert.equal(framer.committed, file.lastIndexOf(0x0a) + 1);
    let start = 0;
    for (const line of lines) {
      const end = file.indexOf(0x0a, start);
      assert.equal(line.offset, start);
      const plain = new TextDecoder().decode(file.subarray(start, end)).replace(/\r$/, '');
      if (line.flaw === undefined) assert.equal(line.text, plain);
      else assert.equal(line.flaw, 'binary');
      start = end + 1;
    }
    assert.equal(start, framer.committed);
  });
});

test('a gigabyte in one line takes no more memory than a line may', () => {
  const framer = new LineFramer();
  const chunk = new Uint8Array(1 << 20).fill(0x78);
  const before = process.memoryUsage().arrayBuffers;
  let lines = 0;
  for (let at = 0; at < 2 ** 30; at += chunk.length) lines += framer.push(chunk, at).length;
  assert.equal(lines, 1);
  assert.ok(process.memoryUsage().arrayBuffers - before < 8 * MAX_LINE_BYTES);
});
