import assert from 'node:assert/strict';
import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type ChangeDisk, putBack, systemBootClock, systemDisk } from '../../actors/change/index.ts';
import type { ChangeId } from '../../core/change/change.ts';
import { Life } from '../support/change/life.ts';
import { rootedDisk } from '../support/change/real-disk.ts';
import { SimDisk } from '../support/change/sim-disk.ts';

const [uid, gid] = [process.geteuid?.() ?? 0, process.getegid?.() ?? 0];
const PRIVATE = { mode: 0o600, uid, gid };
const bytes = (text: string): Buffer => Buffer.from(text);
const text = (read: Uint8Array | undefined): string | undefined => read && Buffer.from(read).toString();

interface Opened extends AsyncDisposable {
  readonly disk: ChangeDisk;
}

const DISKS: Readonly<Record<string, () => Promise<Opened>>> = {
  real: async () => {
    const folder = await mkdtemp(join(tmpdir(), 'bartizan-disk-'));
    const close = (): Promise<void> => rm(folder, { recursive: true });
    return { disk: rootedDisk(systemDisk, folder), [Symbol.asyncDispose]: close };
  },
  simulated: async () => ({ disk: new SimDisk().of(new Life()), [Symbol.asyncDispose]: async () => {} }),
};

for (const [name, open] of Object.entries(DISKS)) {
  test(`${name} disk: files and directories come, move and go`, async () => {
    await using opened = await open();
    const { disk } = opened;
    await disk.makeDirectory('/a');
    await disk.makeDirectory('/a');
    assert.deepEqual(await disk.names('/a'), []);
    assert.equal(await disk.names('/b'), undefined);
    assert.equal(await disk.read('/a/x'), undefined);
    assert.equal(await disk.attributes('/a/x'), undefined);
    await disk.write('/a/x', bytes('one'), { ...PRIVATE, mode: 0o640 });
    await disk.sync('/a/x');
    await disk.sync('/a');
    assert.equal(text(await disk.read('/a/x')), 'one');
    assert.deepEqual(await disk.attributes('/a/x'), { ...PRIVATE, mode: 0o640 });
    await disk.write('/a/y', bytes('a longer one'), PRIVATE);
    await disk.write('/a/y', bytes('two'), PRIVATE);
    await disk.rename('/a/y', '/a/x');
    assert.equal(text(await disk.read('/a/x')), 'two');
    assert.deepEqual(await disk.attributes('/a/x'), PRIVATE);
    await disk.makeDirectory('/a/b');
    await disk.rename('/a/b', '/c');
    assert.deepEqual(await disk.names('/a'), ['x']);
    await assert.rejects(disk.remove('/a'), /ENOTEMPTY/);
    await disk.remove('/a/x');
    await disk.remove('/a/x');
    await disk.remove('/a');
    assert.equal(await disk.names('/a'), undefined);
    await assert.rejects(disk.write('/a/x', bytes('x'), PRIVATE), /ENOENT/);
  });

  test(`${name} disk: files are put back as they were, and what another hand wrote is kept beside them`, async () => {
    await using opened = await open();
    const { disk } = opened;
    const id = 'ID' as ChangeId;
    const isOurs = (_: string, there: Uint8Array): boolean => text(there) === 'ours';
    await disk.write('/changed', bytes('ours'), PRIVATE);
    await disk.write('/made', bytes('ours'), PRIVATE);
    await disk.write('/edited', bytes('of another hand'), { ...PRIVATE, mode: 0o644 });
    await disk.write('/mode', bytes('was'), { ...PRIVATE, mode: 0o666 });
    const was = { content: bytes('was'), ...PRIVATE };
    const files = ['/changed', '/gone', '/edited', '/mode'].map((path) => ({ path, ...was }));
    const snapshot = { files: [...files, { path: '/made', ...was, content: undefined }] };
    assert.deepEqual(await putBack(snapshot, { disk, id, isOurs }), ['/edited.kept-ID']);
    for (const { path } of files) {
      assert.equal(text(await disk.read(path)), 'was', path);
      assert.deepEqual(await disk.attributes(path), PRIVATE, path);
    }
    assert.equal(await disk.read('/made'), undefined);
    assert.equal(text(await disk.read('/edited.kept-ID')), 'of another hand');
    assert.deepEqual(await putBack(snapshot, { disk, id, isOurs }), [], 'again');
  });
}

test('removing a link to a directory leaves what is in the directory', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'bartizan-disk-'));
  await systemDisk.makeDirectory(`${folder}/there`);
  await systemDisk.write(`${folder}/there/x`, bytes('x'), PRIVATE);
  await symlink(`${folder}/there`, `${folder}/link`);
  await systemDisk.remove(`${folder}/link`);
  assert.equal(text(await systemDisk.read(`${folder}/there/x`)), 'x');
  await rm(folder, { recursive: true });
});

test('the boot-time clock runs, and knows its boot', () => {
  const clock = systemBootClock();
  assert.match(clock.bootId, /^[0-9a-f-]{36}$/);
  const began = clock.now();
  assert.ok(began > 0 && clock.now() >= began);
  assert.equal(systemBootClock().bootId, clock.bootId);
});
