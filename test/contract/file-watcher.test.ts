import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmodSync, closeSync, copyFileSync, mkdirSync, openSync, readdirSync, truncateSync, writeSync } from 'node:fs';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { millis } from '../../core/base/time.ts';
import { AS_NOBODY, noOutsider, noUserNamespace } from '../support/outsider.ts';
import { realFiles } from '../support/real-files.ts';
import { follow, followFrom, QUICK } from '../support/real-follower.ts';
import { until } from '../support/until.ts';

test('logrotate with create, and with copytruncate, and a writer that is told late', async (t) => {
  const { log, append, rename, truncate, start, read } = await follow(t, ['a.log']);
  append(log, 'one\n');
  const writer = openSync(log, 'a');
  await start();
  await read('one');
  rename(log, `${log}.1`);
  append(log, '');
  writeSync(writer, 'two\n');
  await read('one', 'two');
  closeSync(writer);
  append(log, 'three\n');
  await read('one', 'two', 'three');
  rename(`${log}.1`, `${log}.2`);
  copyFileSync(log, `${log}.1`);
  truncate(log);
  append(log, 'a fourth and longer line\n');
  await read('one', 'two', 'three', 'a fourth and longer line');
});

test('kill, rotate twice with dateext, start: every line once', async (t) => {
  const { log, append, rename, start, read, watcher, ledger } = await follow(t, ['a.log']);
  append(log, 'one\n');
  await start();
  await read('one');
  ledger.commit();
  append(log, 'two\n');
  await read('one', 'two');
  ledger.crash();
  await watcher.stop();
  rename(log, `${log}-20260130`);
  append(log, 'three\n');
  rename(log, `${log}-20260131`);
  append(log, 'four\n');
  await start();
  await read('one', 'two', 'two', 'three', 'four');
});

test('a file, and the directory it is in, appear later', async (t) => {
  const { root, append, mkdir, start, read, component } = await follow(t, ['d/e/a.log', 'd/*.txt']);
  await start();
  await until('waiting', () => component('d/e/a.log')?.state === 'waiting');
  assert.equal(component('d/*.txt')?.state, 'waiting');
  mkdir(`${root}/d`);
  mkdir(`${root}/d/e`);
  append(`${root}/d/e/a.log`, 'one\n');
  await read('one');
  append(`${root}/d/b.txt`, 'two\n');
  await read('one', 'two');
});

test('the target of a symbolic link is followed, and its swap noticed', async (t) => {
  const { root, log, append, rename, symlink, start, read } = await follow(t, ['a.log']);
  append(`${root}/1`, 'one\n');
  symlink('1', log);
  await start();
  await read('one');
  append(`${root}/1`, 'two\n');
  append(`${root}/2`, 'three\n');
  symlink('2', `${root}/new`);
  rename(`${root}/new`, log);
  await read('one', 'two', 'three');
});

test('a directory, a FIFO without a writer, a socket and a device are refused at once', async (t) => {
  const { root, mkdir, makeFifo, symlink, start, component } = await follow(t, ['d', 'f', 's', 'n']);
  mkdir(`${root}/d`);
  makeFifo(`${root}/f`);
  symlink('/dev/zero', `${root}/n`);
  const server = createServer().listen(`${root}/s`);
  t.after(() => server.close());
  await until('the socket', () => server.listening);
  await start();
  for (const [name, kind] of [
    ['d', 'directory'],
    ['f', 'FIFO'],
    ['s', 'socket'],
    ['n', 'character device'],
  ] as const) {
    await until(`${name} refused`, () => component(name)?.state === 'failed');
    assert.match(component(name)?.message ?? '', new RegExp(`^is a ${kind}, not a regular file`));
  }
});

test('a gigabyte without a line end is passed over in seconds and flat memory', async (t) => {
  const { log, append, start, read, ledger, component } = await follow(t, ['a.log']);
  append(log, 'one\n');
  truncateSync(log, 2 ** 30);
  append(log, '\ntwo\n');
  const before = process.memoryUsage().rss;
  const begun = Date.now();
  await start();
  await read('one', 'two');
  const took = Date.now() - begun;
  const grown = Math.round((process.memoryUsage().rss - before) / 2 ** 20);
  t.diagnostic(`1 GiB line skipped in ${took} ms, RSS grew by ${grown} MiB`);
  assert.ok(took < 10_000 && grown < 64, `${took} ms, ${grown} MiB`);
  const skipped = ledger.chunks.find((chunk) => chunk.skipped !== undefined)?.skipped;
  assert.deepEqual(skipped, { offset: 4, length: 2 ** 30 - 4 + 1 });
  await until('told', () => component('a.log')?.state === 'degraded');
});

test('binary content passes byte for byte', async (t) => {
  const { log, start, ledger } = await follow(t, ['a.log']);
  const bytes = Buffer.concat([randomBytes(1_000_000), Buffer.from('\n')]);
  const file = openSync(log, 'a');
  writeSync(file, bytes);
  closeSync(file);
  await start();
  const got = (): Buffer => Buffer.concat(ledger.chunks.map((chunk) => chunk.bytes));
  await until('everything', () => got().length === bytes.length);
  assert.ok(got().equals(bytes));
});

test('a file that may not be read: the message says who could', { skip: noOutsider }, async (t) => {
  const files = realFiles(t);
  chmodSync(files.root, 0o755);
  const ask = async (path: string): Promise<string> =>
    (await followFrom(AS_NOBODY, path, ({ state }) => state === 'failed')).message ?? '';
  const log = `${files.root}/a.log`;
  files.append(log, 'one\n');
  chmodSync(log, 0o640);
  execFileSync('chgrp', ['adm', log]);
  assert.match(await ask(log), /^permission denied \(mode 0640\): run as root or add the user to group adm$/);
  chmodSync(log, 0);
  assert.match(await ask(log), /mode 0000.*chgrp adm, chmod g\+r/);
  mkdirSync(`${files.root}/closed`, { mode: 0o700 });
  assert.match(await ask(`${files.root}/closed/a.log`), /a directory on the way to it may not be entered/);
});

for (const limit of ['max_inotify_instances', 'max_inotify_watches']) {
  test(`at ${limit} files are polled, and the component says what to raise`, { skip: noUserNamespace }, async (t) => {
    const { root: directory, append } = realFiles(t);
    const log = `${directory}/a.log`;
    append(log, 'one\n');
    const script = `echo 0 > /proc/sys/user/${limit}; exec "$@"`;
    const launcher = ['unshare', '--user', '--map-root-user', 'sh', '-c', script, 'sh'] as const;
    let isAppended = false;
    const told = await followFrom(launcher, log, ({ state, counters }) => {
      if (state !== 'degraded') return false;
      if (!isAppended) append(log, 'two\n');
      isAppended = true;
      return counters['bytes'] === 8;
    });
    assert.match(told.message ?? '', /fs\.inotify\.max_user_watches or fs\.inotify\.max_user_instances/);
  });
}

test('thousands of files within the bound of open descriptors', async (t) => {
  const { root, append, start, ledger } = await follow(t, ['*.log'], { ...QUICK, openFiles: 64 });
  const count = 2000;
  for (let i = 0; i < count; i++) append(`${root}/${i}.log`, `one ${i}\n`);
  const before = readdirSync('/proc/self/fd').length;
  let most = 0;
  const all = (lines: number) => () => {
    most = Math.max(most, readdirSync('/proc/self/fd').length - before);
    return ledger.texts.length === lines;
  };
  await start();
  await until('the first lines', all(count), 30_000);
  for (let i = 0; i < count; i++) append(`${root}/${i}.log`, `two ${i}\n`);
  await until('the second lines', all(2 * count), 30_000);
  assert.equal(new Set(ledger.texts).size, 2 * count);
  t.diagnostic(`${count} files, at most ${most} descriptors more than before`);
  assert.ok(most <= 64 + 16, `${most} descriptors`);
});

test('an appended line is submitted within 20 ms, by inotify alone', async (t) => {
  const { log, append, start, read, ledger } = await follow(t, ['a.log'], { pollInterval: millis(60_000) });
  append(log, 'ready\n');
  await start();
  await read('ready');
  const waits: number[] = [];
  for (let i = 0; i < 50; i++) {
    const lines = ledger.texts.length;
    const begun = performance.now();
    append(log, `line ${i}\n`);
    while (ledger.texts.length === lines) await new Promise(setImmediate);
    waits.push(performance.now() - begun);
  }
  const sorted = waits.sort((a, b) => a - b);
  const [p50, p98] = [sorted[25] ?? Infinity, sorted[48] ?? Infinity];
  t.diagnostic(`append to submit: p50 ${p50.toFixed(2)} ms, p98 ${p98.toFixed(2)} ms`);
  assert.ok(p50 <= 20, `p50 ${p50} ms`);
});
