import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openUpload } from '../../actors/http/multipart.ts';
import type { BodyReader } from '../../core/api/http.ts';
import type { UploadLimits } from '../../core/api/upload.ts';
import { fail, ok } from '../../core/base/result.ts';
import { BOUNDARY, MULTIPART, multipart } from '../support/multipart.ts';
import { fc } from '../support/random.ts';

const LIMITS: UploadLimits = { parts: 4, partBytes: 100_000, totalBytes: 1_000_000 };

/** The body in pieces of the given size; `taken` tells how much was asked for. */
function bodyOf(bytes: Uint8Array, size = 1000, ending: 'end' | 'aborted' = 'end'): BodyReader & { taken: number } {
  return {
    taken: 0,
    async next() {
      await Promise.resolve();
      const piece = bytes.subarray(this.taken, this.taken + size);
      this.taken += piece.length;
      if (piece.length > 0) return ok(piece);
      return ending === 'end' ? ok(undefined) : fail('aborted', 'the client went away');
    },
  };
}

/** Every part in short, then how it ended. */
async function readAll(body: BodyReader, type = MULTIPART): Promise<readonly string[]> {
  const upload = openUpload(type, body, LIMITS);
  if (!upload.ok) return [upload.code];
  const story: string[] = [];
  for (;;) {
    const part = await upload.value.next();
    if (!part.ok) return [...story, part.code];
    if (part.value === undefined) return story;
    const pieces: Uint8Array[] = [];
    for (;;) {
      const piece = await part.value.next();
      if (!piece.ok) return [...story, piece.code];
      if (piece.value === undefined) break;
      pieces.push(piece.value);
    }
    const { name, fileName, mediaType } = part.value;
    story.push(`${name} ${fileName ?? '-'} ${mediaType} ${Buffer.concat(pieces).toString('latin1')}`);
  }
}

const GOOD = multipart([
  { name: 'note', content: 'hello' },
  { name: 'file', fileName: 'a.bin', mediaType: 'Application/X-Thing; v=1', content: 'x'.repeat(5000) },
  { name: 'empty', fileName: '', content: '' },
]);
const GOOD_STORY = [
  'note - text/plain hello',
  `file a.bin application/x-thing ${'x'.repeat(5000)}`,
  'empty  text/plain ',
];

for (const size of [1, 7, 1000, 1_000_000])
  test(`parts are the same in pieces of ${size} bytes`, async () => {
    assert.deepEqual(await readAll(bodyOf(GOOD, size)), GOOD_STORY);
  });

for (const [what, type, body, story] of [
  ['no boundary', 'multipart/form-data', GOOD, ['malformed']],
  ['another boundary', 'multipart/form-data; boundary=other', GOOD, ['malformed']],
  ['nothing', MULTIPART, Buffer.alloc(0), ['malformed']],
  ['no end', MULTIPART, GOOD.subarray(0, -10), ['malformed']],
  ['no parts', MULTIPART, Buffer.from(`--${BOUNDARY}--\r\n`), []],
  ['five parts', MULTIPART, multipart(Array(5).fill({ name: 'a', content: '' })), ['malformed']],
  ['a part too large', MULTIPART, multipart([{ name: 'a', content: 'x'.repeat(100_001) }]), ['too_large']],
] as const)
  test(`a body with ${what} is ${story.join() || 'empty'}`, async () => {
    assert.deepEqual((await readAll(bodyOf(body), type)).slice(-1), story);
  });

test('names lose their folders and what would mislead', async () => {
  const body = multipart([
    { name: 'file', fileName: '../../etc/passwd', content: '' },
    { name: 'file', fileName: 'C:\\\\temp\\\\x.txt', content: '' },
    { name: 'file', fileName: 'gpj\u202eexe', mediaType: 'no type', content: '' },
  ]);
  assert.deepEqual(await readAll(bodyOf(body)), [
    'file passwd text/plain ',
    'file x.txt text/plain ',
    'file gpj\\u202eexe application/octet-stream ',
  ]);
});

test('a client that goes is noticed where it went', async () => {
  assert.deepEqual((await readAll(bodyOf(GOOD.subarray(0, 1000), 100, 'aborted'))).slice(-1), ['aborted']);
});

test('parts that nobody wants are passed over, and no more is read than is wanted', async () => {
  const content = 'x'.repeat(400_000);
  const bytes = multipart([
    { name: 'a', fileName: 'a', content },
    { name: 'b', fileName: 'b', content },
    { name: 'c', content: 'last' },
  ]);
  const body = bodyOf(bytes);
  const upload = openUpload(MULTIPART, body, { ...LIMITS, partBytes: 400_000 });
  assert.ok(upload.ok);
  await upload.value.next();
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(body.taken < 200_000, `${body.taken} bytes were taken before anybody read`);
  const names: (string | undefined)[] = [];
  for (let part = await upload.value.next(); part.ok && part.value !== undefined; part = await upload.value.next())
    names.push(part.value.name);
  assert.deepEqual([names, body.taken], [['b', 'c'], bytes.length]);
});

test('an upload that is let go of reads no more', async () => {
  const body = bodyOf(GOOD, 10);
  const upload = openUpload(MULTIPART, body, LIMITS);
  assert.ok(upload.ok);
  await upload.value.next();
  upload.value.close();
  const { taken } = body;
  await new Promise((resolve) => setImmediate(resolve));
  assert.ok(body.taken - taken <= 10);
  assert.equal((await upload.value.next()).ok, false);
});

test('whatever comes, reading ends', async () => {
  const edits = fc.array(
    fc.record({
      at: fc.nat(GOOD.length),
      cut: fc.nat(40),
      put: fc.constantFrom('', '\r\n', '\r', '--', `--${BOUNDARY}`, '\0', '"', ';', ':', ' '),
    }),
    { maxLength: 6 },
  );
  await fc.assert(
    fc.asyncProperty(edits, fc.integer({ min: 1, max: 3000 }), async (changes, size) => {
      let text = GOOD.toString('latin1');
      for (const { at, cut, put } of changes) text = text.slice(0, at) + put + text.slice(at + cut);
      const ended = await Promise.race([
        readAll(bodyOf(Buffer.from(text, 'latin1'), size)),
        new Promise<never>((_, reject) => setTimeout(() => reject(new Error('it hangs')), 1000).unref()),
      ]);
      assert.ok(Array.isArray(ended));
    }),
    { numRuns: 2000 },
  );
});
