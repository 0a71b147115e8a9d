import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import { flashPlan, flash as writeBy } from '../../actors/flash/index.ts';
import { runCommand } from '../support/cli.ts';
import { flashable, makeSigning, signatureOf, writeFlashable } from '../support/flashable.ts';

const place = mkdtempSync(join(tmpdir(), 'bartizan-flash-'));
after(() => rmSync(place, { recursive: true }));
const signing = makeSigning(join(place, 'signing'));
const strangers = makeSigning(join(place, 'strangers'));
const BLOCK = 4096;
// More than the megabyte that is held back, with a last block that is short.
const bytes = randomBytes(600 * BLOCK + 700);
bytes.fill(0, 20 * BLOCK, 40 * BLOCK);
// What the map leaves out.
bytes.fill(0, 10 * BLOCK, 20 * BLOCK);
bytes.fill(0, 301 * BLOCK, 590 * BLOCK);
const MAPPED = [
  [0, 9],
  [20, 300],
  [590, 600],
] as const;
const image = flashable(bytes, MAPPED);

let count = 0;
const folder = (): string => {
  const made = join(place, String(count++));
  mkdirSync(made);
  return made;
};
const flash = (path: string, target: string, ...words: readonly string[]) =>
  runCommand(['flash', path, target, ...words], { imageAuthority: signing.authority });

/** The mapped blocks; zeros stand for the others. */
const expected = (): Buffer => {
  const whole = Buffer.alloc(bytes.length);
  for (const [first, last] of MAPPED) bytes.copy(whole, first * BLOCK, first * BLOCK, (last + 1) * BLOCK);
  return whole;
};

test('a signed image is written to a new file, block by block of its map, and read back', async () => {
  const where = folder();
  const path = await writeFlashable(where, image, signing);
  const { code, out, err } = await flash(path, join(where, 'disk'));
  assert.equal(code, 0, err);
  assert.deepEqual(readFileSync(join(where, 'disk')), expected());
  assert.match(out, /signed by +CN=signer, O=test/);
  assert.match(out, /written to .* and read back without a difference/);
  assert.match(err, /checking the image: .*\nwriting: 100 %.*\nreading back: 100 %/s);
});

test('an image without a map is written whole; plain ones too', async () => {
  const where = folder();
  writeFileSync(join(where, 'plain.img'), bytes);
  writeFileSync(join(where, 'packed.img.zst'), zstdCompressSync(bytes));
  for (const name of ['plain.img', 'packed.img.zst']) {
    const { code, err } = await flash(join(where, name), join(where, `${name}.disk`), '--unsigned', '--json');
    assert.equal(code, 0, err);
    assert.deepEqual(readFileSync(join(where, `${name}.disk`)), bytes, name);
  }
});

test('what reads back otherwise than it was written does not boot, and a file that was made for it is gone', async () => {
  const where = folder();
  writeFileSync(join(where, 'plain.img'), bytes);
  const target = join(where, 'disk');
  for (const isThere of [false, true]) {
    if (isThere) writeFileSync(target, 'old');
    const plan = await flashPlan({ image: join(where, 'plain.img'), target, authority: 'none' }, () => {});
    assert.ok(plan.ok);
    const [first, ...more] = plan.value.bmap.ranges;
    assert.ok(first);
    const ranges = [{ ...first, sha256: '0'.repeat(64) }, ...more];
    const done = await writeBy({ ...plan.value, bmap: { ...plan.value.bmap, ranges } }, () => {});
    assert.ok(!done.ok && /read back differ/.test(done.public));
    assert.equal(existsSync(target), isThere);
  }
  assert.ok(
    readFileSync(target)
      .subarray(0, 1 << 20)
      .every((byte) => byte === 0),
  );
});

test('a file that is there is overwritten when that is confirmed, and only then', async () => {
  const where = folder();
  const path = await writeFlashable(where, image, signing);
  const target = join(where, 'disk');
  writeFileSync(target, 'precious');
  const world = { imageAuthority: signing.authority };
  for (const says of [undefined, 'no'] as const) {
    const { code } = await runCommand(['flash', path, target], { ...world, ...(says === undefined ? {} : { says }) });
    assert.deepEqual([code, readFileSync(target, 'utf8')], [4, 'precious']);
  }
  assert.equal((await runCommand(['flash', path, target], { ...world, says: 'yes' })).code, 0);
  assert.deepEqual(readFileSync(target), expected());
});

for (const { what, spoil, says, code = 4 } of [
  {
    what: 'without a signature',
    spoil: (path: string) => rmSync(`${path}.sig`),
    says: /cannot be checked: ENOENT.*\n.*--unsigned/,
  },
  {
    what: 'with nonsense for a signature',
    spoil: (path: string) => writeFileSync(`${path}.sig`, 'no'),
    says: /is not a signature/,
  },
  {
    what: 'that was changed since it was signed',
    spoil: (path: string) => writeFileSync(path, zstdCompressSync(Buffer.concat([bytes]), { params: { 100: 9 } })),
    says: /is not what CN=signer, O=test signed/,
  },
  {
    what: 'that is not what its map says',
    spoil: async (path: string) => {
      const other = Buffer.from(bytes);
      other.writeUInt8(other.readUInt8(BLOCK * 100) ^ 1, BLOCK * 100);
      await writeFlashable(join(path, '..'), { ...image, bytes: other }, signing);
    },
    says: /blocks 20-300 of the image are not what its block map says/,
  },
  {
    what: 'whose map leaves out a part that is not empty',
    spoil: async (path: string) => {
      await writeFlashable(join(path, '..'), flashable(bytes, MAPPED.slice(0, 2)), signing);
    },
    says: /leaves out a part of the image that is not empty/,
  },
  {
    what: 'that is shorter than its map says',
    spoil: async (path: string) => {
      await writeFlashable(join(path, '..'), { ...image, bytes: bytes.subarray(0, 599 * BLOCK) }, signing);
    },
    says: /unpacked, and its block map is of/,
  },
  {
    what: 'with more behind it',
    spoil: async (path: string) => {
      const frames = [bytes, Buffer.alloc(100_000)].map((part) => zstdCompressSync(part));
      writeFileSync(path, Buffer.concat(frames));
      writeFileSync(`${path}.sig`, signatureOf(path, signing));
    },
    says: /there is more behind its first zstd frame/,
  },
  { what: 'that is cut off', spoil: (path: string) => truncateSync(path, 100_000), says: /cannot be read/ },
  {
    what: 'with a map that is none',
    spoil: (path: string) => writeFileSync(path.replace('.zst', '.bmap'), '<bmap>'),
    says: /block map cannot be used/,
  },
  { what: 'that is not there', spoil: (path: string) => rmSync(path), says: /there is no image/, code: 1 },
] as const) {
  test(`an image ${what} is refused, and nothing is written`, async () => {
    const where = folder();
    const path = await writeFlashable(where, image, signing);
    await spoil(path);
    const result = await flash(path, join(where, 'disk'));
    assert.equal(result.code, code, result.err);
    assert.match(result.err, says);
    assert.equal(existsSync(join(where, 'disk')), false);
  });
}

test('the signer must be certified by the authority, and for signing code', async () => {
  for (const [by, says] of [
    [strangers, /which .* did not certify/],
    [makeSigning(join(place, 'server'), 'serverAuth'), /not for signing code|did not certify/],
  ] as const) {
    const where = folder();
    const path = await writeFlashable(where, image, by);
    const { code, err } = await flash(path, join(where, 'disk'));
    assert.equal(code, 4);
    assert.match(err, says);
  }
  const own = makeSigning(join(place, 'own'), 'serverAuth');
  const path = await writeFlashable(folder(), image, own);
  assert.match((await flash(path, join(place, 'nowhere'), '--ca', own.authority)).err, /not for signing code/);
});

test('targets that are neither a disk nor a file are refused', async () => {
  const where = folder();
  const path = await writeFlashable(where, image, signing);
  symlinkSync(path, join(where, 'itself'));
  for (const [target, says] of [
    [where, /neither a disk nor a file/],
    ['/dev/null', /neither a disk nor a file/],
    ['/dev/no-such-disk', /there is no device/],
    [path, /cannot be written to itself/],
    [join(where, 'itself'), /cannot be written to itself/],
    [join(where, 'no/such/folder'), /ENOENT/],
  ] as const) {
    const { code, err } = await flash(path, target, '--yes');
    assert.notEqual(code, 0);
    assert.match(err, says);
  }
});
