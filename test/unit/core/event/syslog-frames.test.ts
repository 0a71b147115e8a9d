import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MAX_LINE_BYTES } from '../../../../core/event/framing.ts';
import { SyslogDeframer } from '../../../../core/event/syslog-frames.ts';
import { fc } from '../../../support/random.ts';

const TOO_LONG = '(too long)';

/** What a stream, given in chunks, comes to: the messages, and how it ended. */
function deframe(
  chunks: readonly (string | Uint8Array)[],
  most?: number,
): { frames: string[]; end: string | undefined } {
  const deframer = new SyslogDeframer(most);
  const frames: string[] = [];
  const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('latin1');
  for (const chunk of chunks) {
    deframer.push(typeof chunk === 'string' ? Buffer.from(chunk, 'latin1') : chunk, ({ bytes, tooLong }) =>
      frames.push(tooLong ? TOO_LONG : text(bytes)),
    );
  }
  const end = deframer.end();
  return { frames, end: typeof end === 'object' ? text(end.bytes) : end };
}

for (const [stream, frames, end] of [
  ['<1>a\n<2>b\n', ['<1>a', '<2>b']],
  ['<1>a\r\n\n\0<2>b\0\n', ['<1>a\r', '<2>b\0']],
  ['4 <1>a4 <2>b', ['<1>a', '<2>b']],
  ['4 <1>a\n4 <2>b\n<3>c\n4 <4>d', ['<1>a', '<2>b', '<3>c', '<4>d']],
  ['<1>a\n4 <2>b<3>c\n', ['<1>a', '<2>b', '<3>c']],
  ['7 <1>a\nbc4 <2>b', ['<1>a\nbc', '<2>b']],
  ['1 <4 <2>b', ['<', '<2>b']],
  ['2026-11-22T01:02:03Z h p: m\n', ['2026-11-22T01:02:03Z h p: m']],
  ['12 monkeys\n', ['12 monkeys']],
  ['12  <1>x\n', ['12  <1>x']],
  ['04 <1>a\n', ['04 <1>a']],
  ['12\n34\n', ['12', '34']],
  ['12345678 <1>a\n<2>b\n', ['12345678 <1>a', '<2>b']],
  ['plain text\n', ['plain text']],
  ['<1>a\n<2>b', ['<1>a'], '<2>b'],
  ['<1>a\n12', ['<1>a'], '12'],
  ['9 <1>a', [], 'cut off'],
  ['<1>a\n\n', ['<1>a'], undefined],
  ['', []],
] as const)
  test(`the stream ${JSON.stringify(stream)} holds ${JSON.stringify(frames)}`, () => {
    assert.deepEqual(deframe([stream]), { frames: [...frames], end });
    assert.deepEqual(deframe([...stream]), { frames: [...frames], end }, 'byte by byte');
  });

test('a message too long is told once and passed over, in either framing; the largest allowed one is read', () => {
  const long = 'x'.repeat(11);
  assert.deepEqual(deframe([`${long}\n<1>a\n14 <${long}xx<2>b\n`], 10).frames, [TOO_LONG, '<1>a', TOO_LONG, '<2>b']);
  assert.deepEqual(deframe([...`${long}\n<1>a\n14 <${long}xx<2>b\n`], 10).frames, [TOO_LONG, '<1>a', TOO_LONG, '<2>b']);
  const most = 'x'.repeat(MAX_LINE_BYTES - 1);
  assert.deepEqual(deframe([`<${most}\n${MAX_LINE_BYTES} <${most}`]).frames, [`<${most}`, `<${most}`]);
});

test('an announced count takes no memory, what came is all that is held', () => {
  const deframer = new SyslogDeframer();
  deframer.push(Buffer.from('262144 <1>'), () => assert.fail('no message yet'));
  assert.equal(deframer.held, 3);
  assert.ok(deframer.isInside);
});

test('however a stream of both framings is cut, it holds the same messages', () => {
  const message = fc.string({ unit: fc.constantFrom('a', ' ', '7', '<', '\n', '\0', 'é'), maxLength: 30 });
  const framed = fc.tuple(message, fc.boolean()).map(([body, isCounted]) => {
    const bytes = Buffer.from(`<1>${isCounted ? body : body.replaceAll('\n', '')}`);
    return {
      bytes,
      framed: isCounted
        ? Buffer.concat([Buffer.from(`${bytes.length} `), bytes])
        : Buffer.concat([bytes, Buffer.from('\n')]),
    };
  });
  fc.assert(
    fc.property(fc.array(framed), fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1 }), (messages, cuts) => {
      const stream = Buffer.concat(messages.map((one) => one.framed));
      const chunks: Uint8Array[] = [];
      for (let at = 0, i = 0; at < stream.length; i++) {
        const length = cuts[i % cuts.length] ?? 1;
        chunks.push(stream.subarray(at, at + length));
        at += length;
      }
      const expected = messages.map((one) => one.bytes.toString('latin1'));
      assert.deepEqual(deframe(chunks), { frames: expected, end: undefined });
    }),
  );
});
