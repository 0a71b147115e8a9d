import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  FINGERPRINT_BYTES,
  type FramedLine,
  fingerprintOf,
  firstLineOf,
  LineFramer,
  MAX_LINE_BYTES,
} from '../../../../core/event/framing.ts';
import { fc } from '../../../support/random.ts';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Frames `content`, cut into chunks at the given places. */
function frame(content: Uint8Array, cuts: readonly number[] = []): { lines: FramedLine[]; framer: LineFramer } {
  const framer = new LineFramer();
  const lines: FramedLine[] = [];
  const places = [0, ...cuts.map((cut) => cut % (content.length + 1)).sort((a, b) => a - b), content.length];
  for (let i = 1; i < places.length; i++) {
    lines.push(...framer.push(content.subarray(places[i - 1], places[i]), places[i - 1] ?? 0));
  }
  return { lines, framer };
}

test('line endings are taken off, offsets are bytes, the unfinished line waits', () => {
  const { lines, framer } = frame(bytes('ä\r\n\nsecond\nrest'));
  assert.deepEqual(lines, [
    { offset: 0, text: 'ä' },
    { offset: 4, text: '' },
    { offset: 5, text: 'second' },
  ]);
  assert.equal(framer.committed, 12);
  assert.equal(framer.next, 16);
  assert.deepEqual(framer.end(), { offset: 12, text: 'rest' });
  assert.equal(framer.committed, 16);
  assert.equal(framer.end(), undefined);
});

test('a framer may begin in the middle of a file, at a line', () => {
  const framer = new LineFramer(100);
  assert.deepEqual(framer.push(bytes('a\nb'), 100), [{ offset: 100, text: 'a' }]);
  assert.equal(framer.committed, 102);
});

test('a chunk out of place is a bug', () => assert.throws(() => new LineFramer().push(bytes('a'), 5), RangeError));

test('invalid UTF-8 becomes U+FFFD', () => {
  assert.equal(frame(Uint8Array.from([0x61, 0xff, 0xc3, 0x0a])).lines[0]?.text, 'a\ufffd\ufffd');
});

for (const [name, line, isBinary] of [
  ['NUL', 'a\0b', true],
  ['escape', '\x1b[31m', true],
  ['delete', 'a\x7f', true],
  ['carriage return inside', 'a\rb', true],
  ['tab', 'a\tb', false],
  ['rsyslog escape', 'a#011b#012', false],
  ['UTF-8 beyond ASCII', 'é€😀', false],
] as const)
  test(`${name} ${isBinary ? 'makes a line binary' : 'is text'}`, () => {
    const [first, second] = frame(bytes(`${line}\nnext\n`)).lines;
    assert.deepEqual(first, isBinary ? { offset: 0, text: '', flaw: 'binary' } : { offset: 0, text: line });
    assert.equal(second?.text, 'next');
  });

for (const [length, isTooLong] of [
  [MAX_LINE_BYTES, false],
  [MAX_LINE_BYTES + 1, true],
] as const)
  for (const chunk of [1000, 70_000, 2 * MAX_LINE_BYTES])
    test(`a line of ${length} bytes in chunks of ${chunk} is ${isTooLong ? 'too long' : 'read'}`, () => {
      const content = bytes(`a\n${'x'.repeat(length)}\nb\n`);
      const cuts = Array.from({ length: Math.floor(content.length / chunk) }, (_, i) => (i + 1) * chunk);
      const { lines, framer } = frame(content, cuts);
      assert.equal(lines.length, 3);
      assert.equal(lines[1]?.flaw, isTooLong ? 'too-long' : undefined);
      assert.equal(lines[1]?.text.length, isTooLong ? 0 : length);
      assert.deepEqual(lines[2], { offset: length + 3, text: 'b' });
      assert.equal(framer.committed, content.length);
    });

test('a line without end is reported once, as it passes the cap, and takes no memory', () => {
  const LENGTH = 2 ** 26;
  const framer = new LineFramer();
  const chunk = new Uint8Array(1 << 20).fill(0x78);
  const before = process.memoryUsage().arrayBuffers;
  const lines: FramedLine[] = [];
  for (let offset = 0; offset < LENGTH; offset += chunk.length) {
    lines.push(...framer.push(chunk, offset));
    if (offset === 0) assert.equal(lines.length, 1);
  }
  assert.deepEqual(lines, [{ offset: 0, text: '', flaw: 'too-long' }]);
  assert.ok(process.memoryUsage().arrayBuffers - before < 4 << 20);
  assert.equal(framer.committed, 0);
  assert.deepEqual(framer.push(bytes('x\nnext\n'), LENGTH), [{ offset: LENGTH + 2, text: 'next' }]);
});

const content = fc
  .array(fc.oneof(fc.constantFrom(0x0a, 0x0d, 0x61, 0xc3, 0xa4, 0x00), fc.integer({ min: 0, max: 255 })), {
    maxLength: 200,
  })
  .map((values) => Uint8Array.from(values));

test('how a file is cut into chunks makes no difference', () => {
  fc.assert(
    fc.property(content, fc.array(fc.nat(200)), (file, cuts) => {
      const whole = frame(file);
      const pieces = frame(file, cuts);
      assert.deepEqual(pieces.lines, whole.lines);
      assert.equal(pieces.framer.committed, whole.framer.committed);
    }),
  );
});

test('the committed offset is a line start, and going on from it loses and doubles nothing', () => {
  fc.assert(
    fc.property(content, fc.nat(200), (file, cut) => {
      const place = cut % (file.length + 1);
      const first = new LineFramer();
      const before = first.push(file.subarray(0, place), 0);
      assert.ok(first.committed === 0 || file[first.committed - 1] === 0x0a);
      const second = new LineFramer(first.committed);
      const after = second.push(file.subarray(first.committed), first.committed);
      assert.deepEqual([...before, ...after], frame(file).lines);
    }),
  );
});

test('the fingerprint is of the first line, whatever follows and however it ends', () => {
  const line = bytes('Nov 22 01:02:03 host sshd[1]: hello');
  const head = (text: string) => firstLineOf(bytes(text));
  assert.equal(fingerprintOf(line), fingerprintOf(head('Nov 22 01:02:03 host sshd[1]: hello\nmore\n') ?? line));
  assert.equal(fingerprintOf(line), fingerprintOf(bytes('Nov 22 01:02:03 host sshd[1]: hello\r\n')));
  assert.match(fingerprintOf(line), /^[0-9a-f]{32}$/);
  assert.notEqual(fingerprintOf(line), fingerprintOf(line.subarray(1)));
});

test('an incomplete first line has no fingerprint, one longer than the cap has', () => {
  const long = 'x'.repeat(FINGERPRINT_BYTES);
  assert.equal(firstLineOf(bytes('')), undefined);
  assert.equal(firstLineOf(bytes('x'.repeat(FINGERPRINT_BYTES - 1))), undefined);
  assert.equal(firstLineOf(bytes(`${long}yyy`))?.length, FINGERPRINT_BYTES);
  assert.deepEqual(firstLineOf(bytes(`${long}\n`)), firstLineOf(bytes(`${long}z`)));
});
