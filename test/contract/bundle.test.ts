import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { isBuiltin } from 'node:module';
import { join } from 'node:path';
import { test } from 'node:test';
import { Origins, stackInSources } from '../../actors/log/origin.ts';
import { ROOT } from '../support/root.ts';

const BUNDLE = join(ROOT, 'dist/bundle');
const isProgram = (file: string): boolean => /\.c?js$/.test(file);

/** Where this text stands in the bundle: file, and line from 1 on. */
function placeOf(text: string): readonly [string, number] {
  for (const name of readdirSync(BUNDLE).filter(isProgram)) {
    const row = readFileSync(join(BUNDLE, name), 'utf8')
      .split('\n')
      .findIndex((line) => line.includes(text));
    if (row >= 0) return [join(BUNDLE, name), row + 1];
  }
  return assert.fail(`${text} is nowhere`);
}

for (const [text, source] of [
  ['more characters were cut off', 'actors/log/entry.ts'],
  ['signature cannot be checked', 'actors/flash/signature.ts'],
] as const) {
  test(`a line of the bundle is told as a line of ${source}`, () => {
    const [file, row] = placeOf(text);
    const origins = new Origins();
    const found = origins.of(file, row);
    assert.equal(found?.source, source);
    const near = readFileSync(join(ROOT, source), 'utf8')
      .split('\n')
      .slice((found?.line ?? 0) - 3, (found?.line ?? 0) + 3);
    assert.ok(
      near.some((line) => line.includes(text)),
      near.join('\n'),
    );
    const stack = `Error: x\n    at run (file://${file}:${row}:7)\n    at node:internal/timers:1:2\n    at file:///no/such.js:3:4`;
    assert.equal(
      stackInSources(stack, origins),
      `Error: x\n    at run (${source}:${found?.line})\n    at node:internal/timers:1:2\n    at file:///no/such.js:3:4`,
    );
  });
}

const scripts = readdirSync(BUNDLE).filter(isProgram);

test('what is asked for by name from outside is what stays outside; all other packages are in the bundle', () => {
  const named = scripts
    .map((file) => readFileSync(join(BUNDLE, file), 'utf8'))
    .flatMap((text) => [
      ...text.matchAll(/^import\s[^;]*?from\s"([^".][^"]*)"/gm),
      ...text.matchAll(/require\d*\(["']([^"'$]+)["']\)/g),
    ])
    .map(([, name = '']) => name);
  // ws goes without the last two, which are addons of its own.
  assert.deepEqual([...new Set(named.filter((name) => !isBuiltin(name)))].sort(), [
    '../generated/patterns.cjs',
    'bufferutil',
    'classic-level/binding.js',
    'utf-8-validate',
  ]);
});

test('the bundle is ASCII: one character more would double what the engine keeps of its file', () => {
  const beyond = scripts.filter((file) => readFileSync(join(BUNDLE, file)).some((byte) => byte > 0x7f));
  assert.deepEqual(beyond, []);
});

test('a thread or helper is one file', () => {
  const alone = scripts.filter((file) => file !== 'main.js' && !file.startsWith('part-'));
  assert.ok(alone.includes('worker.cjs') && alone.includes('searcher.js'), alone.join(' '));
  for (const file of alone) assert.doesNotMatch(readFileSync(join(BUNDLE, file), 'utf8'), /["']\.\/part-/);
});
