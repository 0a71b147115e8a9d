import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isPrimary } from '../../../../../actors/watchers/files/entries.ts';
import { expandGlob } from '../../../../../actors/watchers/files/expand.ts';
import { compileGlob, type Glob, literalPath } from '../../../../../core/event/glob.ts';
import { FakeFileSystem } from '../../../../support/fake-file-system.ts';
import { fc } from '../../../../support/random.ts';

function glob(text: string): Glob {
  const compiled = compileGlob(text);
  assert.ok(compiled.ok, text);
  return compiled.value;
}

function tree(...paths: string[]): FakeFileSystem {
  const fs = new FakeFileSystem(() => 0);
  for (const path of paths) {
    const parts = path.split('/').slice(1);
    parts.slice(0, -1).forEach((_, i) => {
      const directory = `/${parts.slice(0, i + 1).join('/')}`;
      if (!fs.exists(directory)) fs.mkdir(directory);
    });
    fs.append(path, 'x\n');
  }
  return fs;
}

const FILES = [
  '/log/a.log',
  '/log/b.log',
  '/log/a.txt',
  '/log/.a.log',
  '/log/x/a.log',
  '/log/x/y/a.log',
  '/log/[1].log',
];

for (const [pattern, ...found] of [
  ['/log/*.log', '/log/[1].log', '/log/a.log', '/log/b.log'],
  ['/log/?.log', '/log/a.log', '/log/b.log'],
  ['/log/[ab].log', '/log/a.log', '/log/b.log'],
  ['/log/[!a].log', '/log/b.log'],
  ['/log/[a-c].*', '/log/a.log', '/log/a.txt', '/log/b.log'],
  ['/log/.*', '/log/.a.log'],
  ['/log/**/a.log', '/log/a.log', '/log/x/a.log', '/log/x/y/a.log'],
  ['/log/**/**/y/*', '/log/x/y/a.log'],
  ['/*/x/*', '/log/x/a.log'],
  ['/log/\\[1\\].*', '/log/[1].log'],
  ['/log/*a*a*a*a*a*b'],
  ['/none/*.log'],
] as [string, ...string[]][]) {
  test(`${pattern} matches ${found.join(' ') || 'nothing'}`, async () => {
    const { paths, cut } = await expandGlob(tree(...FILES), glob(pattern), 100);
    assert.deepEqual([paths, cut], [found, false]);
  });
}

for (const pattern of ['a.log', '', '/', '/log/', '/log/**', '/log/a**', '/log/[a', '/log/../a', '/log/./a', '/a\0b']) {
  test(`"${JSON.stringify(pattern)}" is refused with a reason`, () => {
    const compiled = compileGlob(pattern);
    assert.ok(!compiled.ok && compiled.public.length > 10);
  });
}

test('a pattern without wildcards is a path, escapes and double slashes resolved', () => {
  assert.equal(literalPath(glob('/log//a\\*.log')), '/log/a*.log');
  assert.equal(glob('/log/a\\*.log').literal, true);
});

test('a bounded number of matches, and it says so', async () => {
  const { paths, cut } = await expandGlob(tree(...FILES), glob('/log/*.log'), 2);
  assert.deepEqual([paths.length, cut], [2, true]);
});

test('a loop of symbolic links is not entered by **', async () => {
  const fs = tree(...FILES);
  fs.symlink('/log', '/log/x/loop');
  assert.equal((await expandGlob(fs, glob('/log/**/b.log'), 100)).paths.length, 1);
});

test('a name matches as a regular expression says', async () => {
  const char = fc.constantFrom('a', 'b', '*', '?');
  const pattern = fc.array(char, { minLength: 1, maxLength: 8 }).map((chars) => chars.join('').replace(/\*+/g, '*'));
  const name = fc.array(fc.constantFrom('a', 'b'), { minLength: 1, maxLength: 8 }).map((chars) => chars.join(''));
  await fc.assert(
    fc.asyncProperty(pattern, name, async (written, file) => {
      const { paths } = await expandGlob(tree(`/${file}`), glob(`/${written}`), 9);
      const same = new RegExp(`^${written.replaceAll('*', '.*').replaceAll('?', '.')}$`).test(file);
      assert.equal(paths.includes(`/${file}`), same);
    }),
    { numRuns: 50 },
  );
});

for (const { pattern, path, logs = [], own } of [
  { pattern: '/log/*', path: '/log/a.log', own: true },
  { pattern: '/log/*', path: '/log/a.log.gz', own: false },
  { pattern: '/log/*.log', path: '/log/app-20260131.log', own: true },
  { pattern: '/log/*.log', path: '/log/app-20260131.log', logs: ['/log/app.log'], own: false },
  { pattern: '/log/a.log*', path: '/log/a.log.1', own: false },
  { pattern: '/log/a.log*', path: '/log/a.log-20260131', logs: ['/log/a.log'], own: false },
  { pattern: '/log/*', path: '/log/host.12', own: false },
  { pattern: '/log/host.*', path: '/log/host.12', own: true },
  { pattern: '/log/*.log', path: '/log/Xorg.0.log', own: true },
  { pattern: '/log/*', path: '/log/a.log.old', logs: ['/log/a.log'], own: false },
]) {
  test(`${path} is ${own ? 'a log of its own' : 'part of another'} for ${pattern} beside ${logs.join() || 'nothing'}`, () => {
    assert.equal(
      isPrimary(glob(pattern), path, (base) => (logs as string[]).includes(base)),
      own,
    );
  });
}
