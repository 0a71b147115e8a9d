/** What the world does to log files, on the real file system. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { type TestContext, test } from 'node:test';
import { millis } from '../../core/base/time.ts';
import { AS_NOBODY, noOutsider } from '../support/outsider.ts';
import { realFiles } from '../support/real-files.ts';
import { follow, followFrom, QUICK } from '../support/real-follower.ts';
import { until } from '../support/until.ts';

const has = (program: string): boolean => {
  try {
    execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
};
const noRoot = process.getuid?.() !== 0 && 'needs root';

test('compressed leftovers are not read, neither at the start nor when they come', async (t) => {
  const { root, append, rename, start, read, ledger, component } = await follow(t, ['auth.log*']);
  const log = `${root}/auth.log`;
  const compress = (program: string, generation: number): void => {
    append(`${root}/auth.log.${generation}`, `old ${generation}\n`);
    execFileSync(program, ['-q', `${root}/auth.log.${generation}`, ...(program === 'zstd' ? ['--rm'] : [])]);
  };
  const programs = ['gzip', 'xz', 'bzip2', 'zstd'].filter(has);
  t.diagnostic(programs.join());
  programs.forEach((program, i) => {
    compress(program, i + 2);
  });
  append(log, 'one\n');
  await start();
  await read('one');
  rename(log, `${log}.1`);
  append(log, 'two\n');
  await read('one', 'two');
  for (const program of programs) {
    execFileSync(program, ['-q', '-f', ...(program === 'zstd' ? ['--rm'] : []), `${log}.1`]);
    append(log, `after ${program}\n`);
    await until(program, () => ledger.texts.at(-1) === `after ${program}`);
    rename(log, `${log}.1`);
    append(log, `new\n`);
    await until('new', () => ledger.texts.at(-1) === 'new');
  }
  assert.deepEqual(ledger.texts, ['one', 'two', ...programs.flatMap((program) => [`after ${program}`, 'new'])]);
  assert.equal(component('auth.log*')?.counters['files'], 1);
});

test('what a pattern matches and can never be a log is told, and not opened', async (t) => {
  const { root, append, mkdir, makeFifo, start, read, component } = await follow(t, ['*']);
  append(`${root}/a.log`, 'one\n');
  makeFifo(`${root}/f`);
  mkdir(`${root}/d`);
  await start();
  await read('one');
  assert.equal(component('*')?.detail, `not followed, only regular files are: ${root}/f is a FIFO`);
  assert.equal(component('*')?.state, 'ok');
});

test('chains of links, a dangling one, a loop, and their mending', async (t) => {
  const names = ['chain', 'dangling', 'loop'];
  const { root, append, symlink, unlink, start, ledger, component } = await follow(t, names);
  append(`${root}/file`, 'one\n');
  symlink('file', `${root}/link 1`);
  for (let i = 2; i < 30; i++) symlink(`link ${i - 1}`, `${root}/link ${i}`);
  symlink('link 29', `${root}/chain`);
  symlink('not yet', `${root}/dangling`);
  symlink('loop back', `${root}/loop`);
  symlink('loop', `${root}/loop back`);
  await start();
  await until('the chain', () => ledger.texts.includes('one'));
  await until('the loop told', () => component('loop')?.state === 'failed');
  assert.match(component('loop')?.message ?? '', /ELOOP/);
  assert.equal(component('dangling')?.state, 'waiting');
  append(`${root}/not yet`, 'two\n');
  await until('the dangling one', () => ledger.texts.includes('two'));
  unlink(`${root}/loop back`);
  append(`${root}/loop back`, 'three\n');
  await until('the loop mended', () => ledger.texts.includes('three'));
  assert.equal(ledger.texts.length, 3);
});

test('a link that is swapped while lines are written: every line of both files, once', async (t) => {
  const { root, append, symlink, rename, start, ledger } = await follow(t, ['a.log']);
  const texts: string[] = [];
  symlink('0', `${root}/a.log`);
  append(`${root}/0`, '');
  await start();
  for (let day = 0; day < 5; day++) {
    for (let i = 0; i < 200; i++) {
      const text = `day ${day} line ${i}`;
      texts.push(text);
      append(`${root}/${day}`, `${text}\n`);
      if (i === 0) await until(`the morning of day ${day}`, () => ledger.texts.length === texts.length);
      if (i % 50 === 0) await new Promise(setImmediate);
    }
    append(`${root}/${day + 1}`, '');
    symlink(`${day + 1}`, `${root}/next`);
    rename(`${root}/next`, `${root}/a.log`);
  }
  await until('all days', () => ledger.texts.length === texts.length);
  assert.deepEqual(ledger.texts, texts);
});

test('a directory that disappears and returns, also as another one', async (t) => {
  const { root, mkdir, append, rename, start, ledger } = await follow(t, ['d/a.log', 'd/*.txt']);
  const fill = (name: string): void => {
    mkdir(`${root}/d`);
    append(`${root}/d/a.log`, `log ${name}\n`);
    append(`${root}/d/b.txt`, `text ${name}\n`);
  };
  const both = (name: string) => () => ['log', 'text'].every((kind) => ledger.texts.includes(`${kind} ${name}`));
  fill('1');
  await start();
  await until('the first', both('1'));
  rmSync(`${root}/d`, { recursive: true });
  await until('gone', () => readdirSync(root).length === 0);
  fill('2');
  await until('the second', both('2'));
  rename(`${root}/d`, `${root}/old`);
  fill('3');
  await until('the third', both('3'));
  append(`${root}/d/a.log`, 'log 4\n');
  append(`${root}/d/b.txt`, 'text 4\n');
  await until('appended', both('4'));
  assert.equal(ledger.texts.length, 8);
});

test('hard links: read once, under whichever name it goes on', async (t) => {
  const { root, append, link, unlink, start, ledger, component } = await follow(t, ['*.log']);
  append(`${root}/a.log`, 'one\n');
  link(`${root}/a.log`, `${root}/b.log`);
  await start();
  await until('one', () => ledger.texts.includes('one'));
  await until('told', () => /the same file as/.test(component('b.log')?.message ?? component('a.log')?.message ?? ''));
  append(`${root}/b.log`, 'two\n');
  await until('two', () => ledger.texts.includes('two'));
  unlink(`${root}/a.log`);
  append(`${root}/b.log`, 'three\n');
  await until('three', () => ledger.texts.includes('three'));
  append(`${root}/b.log`, 'four\n');
  await until('four', () => ledger.texts.includes('four'));
  assert.deepEqual(ledger.texts, ['one', 'two', 'three', 'four']);
});

test('a hole of a gigabyte is passed over as one line too long', async (t) => {
  const { log, append, start, ledger, component } = await follow(t, ['a.log']);
  append(log, 'one\n');
  truncateSync(log, 2 ** 30);
  append(log, 'end of the hole\ntwo\n');
  await start();
  await until('two', () => ledger.texts.includes('two'), 30_000);
  assert.deepEqual(ledger.texts, ['one', 'two']);
  assert.equal(component('a.log')?.counters['skippedLines'], 1);
});

test('a file that is made longer before anything is written there, as by fallocate', async (t) => {
  const { log, append, start, ledger } = await follow(t, ['a.log']);
  append(log, 'one\n');
  await start();
  await until('one', () => ledger.texts.includes('one'));
  truncateSync(log, 100_000);
  append(log, '\ntwo\n');
  await until('two', () => ledger.texts.at(-1) === 'two');
  assert.equal(ledger.texts.length, 3);
  assert.match(ledger.texts[1] ?? '', /^\0+$/);
});

/** inotify watches of this process, as the kernel counts them. */
function inotifyWatches(): number {
  return readdirSync('/proc/self/fdinfo').reduce((sum, descriptor) => {
    try {
      return sum + readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8').split('inotify wd:').length - 1;
    } catch {
      return sum;
    }
  }, 0);
}

test('5,000 files under one pattern: descriptors, watches and memory stay bounded', async (t) => {
  const { root, append, start, ledger } = await follow(t, ['**/*.log'], { ...QUICK, openFiles: 128 });
  const count = 5000;
  const path = (i: number): string => `${root}/${i % 10}/${i}.log`;
  for (let i = 0; i < 10; i++) mkdirSync(`${root}/${i}`);
  for (let i = 0; i < count; i++) append(path(i), `one ${i}\n`);
  const before = { descriptors: readdirSync('/proc/self/fd').length, watches: inotifyWatches() };
  const most = { descriptors: 0, watches: 0 };
  const all = (lines: number) => () => {
    most.descriptors = Math.max(most.descriptors, readdirSync('/proc/self/fd').length - before.descriptors);
    most.watches = Math.max(most.watches, inotifyWatches() - before.watches);
    return ledger.texts.length === lines;
  };
  await start();
  await until('the first lines', all(count), 60_000);
  for (let i = 0; i < count; i++) append(path(i), `two ${i}\n`);
  await until('the second lines', all(2 * count), 60_000);
  for (let i = 0; i < 50; i++) {
    append(path(i * 100), 'three\n');
    await until('a late line', () => ledger.texts.length === 2 * count + i + 1);
  }
  assert.equal(new Set(ledger.texts).size, 2 * count + 1);
  t.diagnostic(JSON.stringify(most));
  assert.ok(most.descriptors <= 128 + 16, `${most.descriptors} descriptors`);
  assert.ok(most.watches <= 128 + 16, `${most.watches} inotify watches`);
});

test('permissions taken and given back', { skip: noOutsider }, async (t) => {
  const files = realFiles(t);
  chmodSync(files.root, 0o755);
  const log = `${files.root}/a.log`;
  files.append(log, 'one\n');
  chmodSync(log, 0o600);
  let step = 0;
  const told = await followFrom(AS_NOBODY, log, ({ state, counters }) => {
    if (step === 0 && state === 'failed') {
      step = 1;
      chmodSync(log, 0o644);
    } else if (step === 1 && counters['bytes'] === 4) {
      step = 2;
      files.rename(log, `${log}.1`);
      files.append(log, 'two\n');
      chmodSync(log, 0o600);
    } else if (step === 2 && state === 'failed') {
      step = 3;
      chmodSync(log, 0o644);
    }
    return counters['bytes'] === 8;
  });
  assert.equal(told.counters['bytes'], 8);
});

test('a bind mount over the log: the old file is finished, the new one read', { skip: noRoot }, async (t) => {
  const { root, append } = realFiles(t);
  append(`${root}/a.log`, 'one\n');
  append(`${root}/b.log`, 'other\n');
  const script = `mount --bind "$0/b.log" "$0/b.log" || exit 3
(until [ -e "$0/go" ]; do kill -0 $$ || exit; sleep 0.02; done; mount --bind "$0/b.log" "$0/a.log") &
exec "$@"`;
  const launcher = ['unshare', '--mount', '--propagation', 'private', 'sh', '-c', script, root] as const;
  const told = await followFrom(launcher, `${root}/a.log`, ({ counters }) => {
    if (counters['bytes'] === 4) append(`${root}/go`, '');
    return (counters['bytes'] ?? 0) >= 10;
  });
  assert.equal(told.counters['bytes'], 10);
});

async function worth(t: TestContext, prepare: (log: string, root: string) => void) {
  const world = await follow(t, ['d/a.log']);
  mkdirSync(`${world.root}/d`, { mode: 0o755 });
  const log = `${world.root}/d/a.log`;
  writeFileSync(log, 'one\n', { mode: 0o640 });
  prepare(log, world.root);
  await world.start();
  await until('one', () => world.ledger.texts.length === 1);
  return { ...world, told: world.component('d/a.log'), provenance: world.ledger.chunks.at(-1)?.provenance };
}

test('a file of root’s in a directory of root’s is worth what root is', { skip: noRoot }, async (t) => {
  const { told, provenance } = await worth(t, () => {});
  assert.deepEqual([told?.state, told?.detail, provenance], ['ok', 'may be written by root', 'file']);
});

test('who may write is told by name; an access control list shows in the mask', { skip: noRoot }, async (t) => {
  const { told, provenance } = await worth(t, (log) => {
    chownSync(log, 0, 4);
    chmodSync(log, 0o660);
    if (has('setfacl')) execFileSync('setfacl', ['-m', 'u:nobody:rw', log]);
  });
  assert.equal(provenance, 'file');
  assert.equal(told?.detail, 'may be written by root, group adm, and whom an access control list may name');
});

for (const [what, prepare] of [
  ['a file', (log) => chmodSync(log, 0o666)],
  ['its directory', (_, root) => chmodSync(`${root}/d`, 0o777)],
  ['the directory above', (_, root) => chmodSync(root, 0o777)],
] as const satisfies readonly (readonly [string, (log: string, root: string) => void])[])
  test(`${what} that anybody may write to makes lines spoofable`, { skip: noRoot }, async (t) => {
    const { told, provenance } = await worth(t, prepare);
    assert.deepEqual([told?.state, provenance], ['degraded', 'spoofable']);
    assert.match(told?.message ?? '', /anybody.*get nobody blocked/);
  });

test('logrotate itself, with every option that matters, under a writer that never stops', {
  skip: !has('logrotate') && 'needs logrotate',
}, async (t) => {
  for (const options of ['create', 'copytruncate', 'create\ncompress\ndelaycompress', 'nocreate\ncompress']) {
    const { root, log, append, start, ledger, watcher } = await follow(t, ['a.log*'], { ...QUICK, grace: millis(30) });
    const config = `${root}/conf`;
    writeFileSync(config, `"${log}" {\nsu root root\nrotate 9\nmissingok\n${options}\n}\n`, { mode: 0o600 });
    const texts: string[] = [];
    const write = (): void => {
      texts.push(`line ${texts.length} of ${options.split('\n').join(' ')}`);
      append(log, `${texts.at(-1)}\n`);
    };
    write();
    await start();
    for (let turn = 0; turn < 4; turn++) {
      for (let i = 0; i < 20; i++) write();
      await until('read', () => ledger.texts.length === texts.length);
      execFileSync('logrotate', ['-f', '-s', `${root}/state`, config]);
    }
    write();
    await until(`all lines with ${options}`, () => ledger.texts.length >= texts.length);
    assert.deepEqual(ledger.texts, texts, options);
    await watcher.stop();
  }
});
