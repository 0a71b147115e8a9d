import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOMS, subsystemOf } from '../../support/house/rooms.ts';
import { sizeReport } from '../../support/house/sizes.ts';
import { readSources } from '../../support/house/sources.ts';
import { ROOT } from '../../support/root.ts';

const folders = (path: string): readonly string[] =>
  readdirSync(join(ROOT, path), { withFileTypes: true }).flatMap((entry) => (entry.isDirectory() ? [entry.name] : []));

test('the top level is as designed', () => {
  const made = new Set(['node_modules', 'dist', 'build', 'var']);
  const found = readdirSync(ROOT).filter((name) => !name.startsWith('.') && !made.has(name));
  const designed = ['core', 'actors', 'native', 'proto', 'image', 'systemd', 'test', 'docs'];
  const files = ['package.json', 'package-lock.json', 'tsconfig.json', 'biome.json'];
  const texts = ['README.md', 'CHANGELOG.md', 'LICENSE'];
  assert.deepEqual(found.sort(), [...designed, ...files, ...texts].sort());
});

test('every folder is a declared room', () => {
  const declared = new Set(ROOMS.map((room) => room.path));
  const found = ['core', 'actors', 'native'].flatMap((floor) => folders(floor).map((room) => `${floor}/${room}`));
  const stray = found.filter((path) => !declared.has(path));
  assert.deepEqual(stray, [], 'say in test/support/house/rooms.ts what these are for');
});

test('a file belongs to the folder that is its subsystem', () => {
  assert.equal(subsystemOf('core/detect/sigma/parse.ts'), 'core/detect');
  assert.equal(subsystemOf('actors/main.ts'), 'actors');
  assert.equal(subsystemOf('actors/watchers/file/tail.ts'), 'actors/watchers/file');
  assert.equal(subsystemOf('actors/watchers/index.ts'), 'actors/watchers');
  assert.equal(subsystemOf('proto/generated/a.ts'), 'proto');
});

test('file names are kebab-case, and no file is too long', (t) => {
  const sources = readSources(ROOT);
  const names = sources.map((file) => file.path.slice(file.path.lastIndexOf('/') + 1));
  assert.deepEqual(
    // A unit that systemd makes several of, one for each word behind the @, is called `name@.service`.
    names.filter((name) => !/^[a-z0-9]+(?:[-.][a-z0-9]+)*(?:@\.[a-z]+)?$/.test(name)),
    [],
  );
  const report = sizeReport(sources);
  for (const line of report.text.split('\n')) t.diagnostic(line);
  assert.deepEqual(report.over, []);
});

test('the size report names what is long and what is over the limit', () => {
  const file = (path: string, lines: number) => ({ path, text: 'x\n'.repeat(lines) });
  const report = sizeReport([file('a.ts', 10), file('b.ts', 501), file('c.ts', 20), file('d.ts', 351)]);
  assert.equal(report.text, '4 files, lines: median 20, p95 501, max 501\nd.ts: 351\nb.ts: 501');
  assert.deepEqual(report.over, ['b.ts: 501']);
});

test('the lockfile names no registry and holds all it refers to', () => {
  type Entry = { readonly optionalDependencies?: Record<string, string> };
  const lock = JSON.parse(readFileSync(join(ROOT, 'package-lock.json'), 'utf8')) as { packages: Record<string, Entry> };
  const entries = Object.entries(lock.packages);
  assert.deepEqual(
    entries.filter(([, entry]) => 'resolved' in entry),
    [],
  );
  // A registry may lack the build of an optional package for a system that is not ours; `npm ci` refuses the gap.
  const optional = entries.flatMap(([, entry]) => Object.keys(entry.optionalDependencies ?? {}));
  const present = new Set(
    entries.map(([path]) => path.slice(path.lastIndexOf('node_modules/') + 'node_modules/'.length)),
  );
  assert.deepEqual(
    optional.filter((name) => !present.has(name)),
    [],
    'take these out of the optionalDependencies in package-lock.json',
  );
});
