import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { contents, openIn, temporary } from '../support/store-directory.ts';
import { until } from '../support/until.ts';

const run = promisify(execFile);
const skip = process.getuid?.() === 0 ? false : 'needs root to mount a small tmpfs';

/** A state directory on a file system of its own, of a few megabytes. */
async function small(body: (place: string) => Promise<void>): Promise<void> {
  const place = join(await temporary(), 'disk');
  await mkdir(place);
  await run('mount', ['-t', 'tmpfs', '-o', 'size=12M', 'tmpfs', place]);
  try {
    await body(place);
  } finally {
    await run('umount', [place]);
  }
}

/** Fills what is free. */
async function fill(place: string): Promise<void> {
  for (const size of [1 << 20, 1 << 12, 1]) {
    for (let n = 0; ; n++) {
      const full = await writeFile(join(place, `filler-${size}-${n}`), Buffer.alloc(size, 1)).catch(() => 'full');
      if (full === 'full') break;
    }
  }
}

async function free(place: string): Promise<void> {
  for (const name of await readdir(place)) if (name.startsWith('filler-')) await rm(join(place, name));
}

const big = (n: number) => ({ put: `k${n}`, value: `${n} `.repeat(1000) });

test('a disk that fills up while running: memory, then back on disk, nothing lost', { skip }, async () => {
  await small(async (place) => {
    const { store, damages } = await openIn(place);
    assert.ok((await store.port.commit([big(0)], { sync: true })).ok);
    await fill(place);
    for (let n = 1; n <= 20; n++) assert.ok((await store.port.commit([big(n)])).ok, `commit ${n}`);
    assert.equal(store.port.health().state, 'memory');
    assert.deepEqual(
      damages.map(({ kind }) => kind),
      ['memory'],
    );
    assert.match(damages[0]?.message ?? '', /No space left/);
    const refused = await store.port.commit([big(99)], { sync: true });
    assert.equal(refused.ok ? 'ok' : refused.code, 'lost');
    assert.equal((await contents(store.port)).length, 21);
    await free(place);
    await until('the store is back on disk', () => store.port.health().state === 'ok');
    assert.equal((await contents(store.port)).length, 21);
    assert.ok((await store.port.commit([big(21)], { sync: true })).ok);
    await store.service.stop();
    const again = await openIn(place);
    assert.equal((await contents(again.store.port)).length, 22);
    assert.equal(await again.store.port.get('k99'), undefined, 'refused is refused');
    assert.deepEqual(again.damages, []);
    await again.store.service.stop();
  });
});

test('a disk that is full at the start: read from a copy in memory, written when there is room', { skip }, async () => {
  await small(async (place) => {
    const first = await openIn(place);
    for (let n = 0; n < 20; n++) await first.store.port.commit([big(n)], { sync: true });
    await first.store.service.stop();
    await fill(place);
    const { store, damages } = await openIn(place);
    assert.deepEqual(
      damages.map(({ kind }) => kind),
      ['memory'],
    );
    assert.equal((await contents(store.port)).length, 20);
    assert.ok((await store.port.commit([big(20)])).ok);
    await free(place);
    await until('the store is back on disk', () => store.port.health().state === 'ok');
    await store.service.stop();
    const again = await openIn(place);
    assert.equal((await contents(again.store.port)).length, 21);
    await again.store.service.stop();
  });
});

test('a disk that turns read-only, also over a restart', { skip }, async () => {
  await small(async (place) => {
    const first = await openIn(place);
    await first.store.port.commit([big(0)], { sync: true });
    await first.store.service.stop();
    await run('mount', ['-o', 'remount,ro', place]);
    const before = await stat(join(place, 'store/CURRENT'));
    const { store, damages } = await openIn(place);
    assert.match(damages[0]?.message ?? '', /[Rr]ead-only/);
    assert.ok((await store.port.commit([big(1)])).ok);
    assert.equal((await contents(store.port)).length, 2);
    assert.equal((await stat(join(place, 'store/CURRENT'))).mtimeMs, before.mtimeMs);
    await run('mount', ['-o', 'remount,rw', place]);
    await until('the store is back on disk', () => store.port.health().state === 'ok');
    await store.service.stop();
    const again = await openIn(place);
    assert.equal((await contents(again.store.port)).length, 2);
    await again.store.service.stop();
  });
});

test('a damaged store on a full disk is not touched until there is room to repair it', { skip }, async () => {
  await small(async (place) => {
    const first = await openIn(place);
    for (let n = 0; n < 20; n++) await first.store.port.commit([big(n)], { sync: true });
    await first.store.service.stop();
    await rm(join(place, 'store/CURRENT'));
    await fill(place);
    const { store, damages } = await openIn(place);
    assert.deepEqual(
      damages.map(({ kind }) => kind),
      ['memory'],
    );
    await free(place);
    await store.service.stop();
    const again = await openIn(place);
    assert.equal(again.damages[0]?.kind, 'repaired');
    assert.equal((await contents(again.store.port)).length, 20);
    await again.store.service.stop();
  });
});
