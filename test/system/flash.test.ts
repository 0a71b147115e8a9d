import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { runCommand } from '../support/cli.ts';
import { flashable, makeSigning, writeFlashable } from '../support/flashable.ts';

const place = mkdtempSync(join(tmpdir(), 'bartizan-disks-'));
const attached: string[] = [];
after(() => {
  for (const device of attached) execFileSync('losetup', ['--detach', device]);
  rmSync(place, { recursive: true });
});

const run = (program: string, ...words: readonly string[]): string =>
  execFileSync(program, words, { encoding: 'utf8', stdio: 'pipe' }).trim();

/** A disk of the kernel's, as large as asked, that bears an old partition table and noise. */
function disk(size: number): string {
  const backing = join(place, `disk-${attached.length}`);
  writeFileSync(backing, randomBytes(Math.min(size, 1 << 23)));
  truncateSync(backing, size);
  const device = run('losetup', '--find', '--show', '--partscan', backing);
  attached.push(device);
  return device;
}

/** Why no disks can be had here, if so. */
function noDisks(): string | false {
  if (process.getuid?.() !== 0) return 'needs root to make loop devices';
  if (!existsSync('/dev/loop-control')) return 'the kernel has no loop devices';
  return false;
}

const BLOCK = 4096;
const bytes = randomBytes(1024 * BLOCK);
bytes.fill(0, 100 * BLOCK, 200 * BLOCK);
const image = flashable(bytes, [
  [0, 99],
  [200, 1023],
]);
const signing = makeSigning(join(place, 'signing'));
const flash = async (device: string, ...words: readonly string[]) => {
  const folder = mkdtempSync(join(place, 'image-'));
  const path = await writeFlashable(folder, image, signing);
  return runCommand(['flash', path, device, '--yes', ...words], { imageAuthority: signing.authority });
};

test('a disk gets the mapped blocks, nothing of an old partition table stays, and it is read back', {
  skip: noDisks(),
}, async () => {
  const device = disk(64 << 20);
  execFileSync('sfdisk', ['--quiet', device], {
    input: 'label: gpt\nsize=8MiB\nsize=8MiB\n',
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const { code, out, err } = await flash(device);
  assert.equal(code, 0, err);
  assert.match(out, /67\.1 MB/);
  assert.doesNotMatch(err, /cache/);
  const found = readFileSync(device);
  assert.deepEqual(found.subarray(0, 100 * BLOCK), bytes.subarray(0, 100 * BLOCK));
  assert.deepEqual(found.subarray(200 * BLOCK, 1024 * BLOCK), bytes.subarray(200 * BLOCK));
  assert.ok(
    found.subarray(-(1 << 20)).every((byte) => byte === 0),
    'the spare table at the end is gone',
  );
});

test('what bmaptool writes with the same map is the same', { skip: noDisks() }, async () => {
  const folder = mkdtempSync(join(place, 'peer-'));
  const path = await writeFlashable(folder, image, signing);
  run('bmaptool', 'copy', '--bmap', join(folder, 'disk.img.bmap'), path, join(folder, 'theirs'));
  assert.equal(
    (await runCommand(['flash', path, join(folder, 'ours')], { imageAuthority: signing.authority })).code,
    0,
  );
  assert.deepEqual(readFileSync(join(folder, 'ours')), readFileSync(join(folder, 'theirs')));
});

test('a map that bmaptool made is followed', { skip: noDisks() }, async () => {
  const folder = mkdtempSync(join(place, 'theirs-'));
  const path = join(folder, 'disk.img');
  writeFileSync(path, bytes.subarray(0, 50 * BLOCK));
  truncateSync(path, 4 << 20);
  writeFileSync(`${path}.bmap`, run('bmaptool', 'create', path).concat('\n'));
  const { code, err, out } = await runCommand(['flash', path, join(folder, 'ours'), '--unsigned'], {});
  assert.equal(code, 0, err);
  assert.match(out, /0\.2 MB of it to be written/);
  assert.deepEqual(readFileSync(join(folder, 'ours')), readFileSync(path));
});

test('disks that are in use, partitions, and disks that are too small are refused and stay as they are', {
  skip: noDisks(),
}, async (t) => {
  const device = disk(32 << 20);
  const mount = join(place, 'mounted');
  mkdirSync(mount);
  run('mkfs.ext4', '-q', '-F', device);
  const before = readFileSync(device);
  const refused = async (target: string, says: RegExp) => {
    const { code, err } = await flash(target);
    assert.equal(code, 4, err);
    assert.match(err, says);
  };
  await t.test('mounted', async () => {
    run('mount', '-o', 'ro,noload', device, mount);
    try {
      await refused(device, new RegExp(`is mounted at ${mount}`));
    } finally {
      run('umount', mount);
    }
  });
  await t.test('swap', async () => {
    const swap = disk(32 << 20);
    run('mkswap', swap);
    run('swapon', swap);
    try {
      await refused(swap, /is swap/);
    } finally {
      run('swapoff', swap);
    }
  });
  await t.test('write-protected', async () => {
    run('blockdev', '--setro', device);
    try {
      await refused(device, /write-protected/);
    } finally {
      run('blockdev', '--setrw', device);
    }
  });
  await t.test('too small', () => refused(disk(2 << 20), /is too small: 2\.1 MB, and the image 4\.2 MB/));
  await t.test('a partition, and a disk one of whose partitions is mounted', async () => {
    const parted = disk(32 << 20);
    execFileSync('sfdisk', ['--quiet', parted], {
      input: 'label: gpt\nsize=16MiB\n',
      stdio: ['pipe', 'ignore', 'ignore'],
    });
    run('partx', '--add', parted);
    const name = `${parted}p1`;
    await refused(name, /is a partition; name the whole disk/);
    run('mkfs.ext4', '-q', '-F', name);
    run('mount', name, mount);
    try {
      await refused(parted, /p1 is mounted at/);
    } finally {
      run('umount', mount);
      run('partx', '--delete', parted);
    }
  });
  await t.test('the disk this system runs from', async (s) => {
    const root = statSync('/').dev;
    const major = (root >> 8) & 0xfff;
    if (major === 0) return s.skip('/ is on no disk of its own here');
    const system = `/dev/${run('lsblk', '-ndo', 'NAME', run('findmnt', '-no', 'SOURCE', '/'))}`;
    await refused(system, /is in use|is a partition/);
  });
  assert.deepEqual(readFileSync(device), before);
});
