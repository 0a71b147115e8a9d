import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { codeFile, type MadeScript, packedCode, requireKept, SCRIPTS } from '../../image/build/code/require-kept.ts';
import { DAEMON_FLAGS } from '../support/daemon.ts';
import { ROOT } from '../support/root.ts';

const TEXT = `const path = require('node:path');
const twice = (n) => n * 2;
exports.answer = twice(21);
exports.place = path.basename(__filename);
exports.thrown = () => new Error('x').stack;
`;

let last: MadeScript | undefined;
subscribe(SCRIPTS.name, (script) => {
  last = script as MadeScript;
});

/** A script, with what is kept of a run of it. */
function keptScript(t: TestContext, text = TEXT): string {
  const folder = mkdtempSync(join(tmpdir(), 'bartizan-code-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'script.cjs');
  writeFileSync(file, text);
  requireKept(file);
  assert.equal(last?.script.cachedDataRejected, undefined, 'nothing is kept yet');
  writeFileSync(codeFile(file), packedCode(last as MadeScript));
  return file;
}

/** Whether the engine took what was kept: undefined where it was shown nothing. */
function taken(file: string): boolean | undefined {
  requireKept(file);
  const rejected = last?.script.cachedDataRejected;
  return rejected === undefined ? undefined : !rejected;
}

test('a script is what its text says, with and without kept code', (t) => {
  const file = keptScript(t);
  for (let round = 0; round < 2; round++) {
    const made = requireKept(file) as { answer: number; place: string; thrown: () => string };
    assert.equal(made.answer, 42);
    assert.equal(made.place, 'script.cjs');
    assert.match(made.thrown(), new RegExp(`file://${file}:5:`), 'stacks name files as they do those of modules');
  }
  assert.equal(taken(file), true);
});

test('code of another text is not taken, were it as long', (t) => {
  const file = keptScript(t);
  writeFileSync(file, TEXT.replace('21', '34'));
  assert.equal((requireKept(file) as { answer: number }).answer, 68);
  assert.equal(last?.script.cachedDataRejected, undefined);
});

test('damaged code is not shown to the engine, wherever the damage is', (t) => {
  const file = keptScript(t);
  const whole = readFileSync(codeFile(file));
  const place = fc.nat(whole.length - 1);
  fc.assert(
    fc.property(place, fc.integer({ min: 1, max: 255 }), (at, bits) => {
      const damaged = Buffer.from(whole);
      damaged[at] = (damaged[at] as number) ^ bits;
      writeFileSync(codeFile(file), damaged);
      assert.equal(taken(file), undefined);
    }),
  );
  fc.assert(
    fc.property(place, (length) => {
      writeFileSync(codeFile(file), whole.subarray(0, length));
      assert.equal(taken(file), undefined);
    }),
  );
});

test('what throws while it is loaded throws to whoever required it; a file that is not there is named', (t) => {
  assert.throws(() => keptScript(t, "throw new TypeError('no');"), /^TypeError: no$/);
  assert.throws(() => requireKept(join(tmpdir(), 'bartizan-no-such.cjs')), /ENOENT.*bartizan-no-such/);
});

/** Asks the engine, under the flags of the daemon, of the code that the build kept. The thread's script ends where it asks for its thread. */
const ASK = `
import { subscribe } from 'node:diagnostics_channel';
const { requireKept, SCRIPTS } = await import(process.argv[1]);
const found = {};
subscribe(SCRIPTS.name, ({ file, script }) => { found[file.replace(/.*\\/dist\\//, '')] = script.cachedDataRejected; });
for (const file of process.argv.slice(2)) try { requireKept(file); } catch {}
console.log(JSON.stringify(found));`;

test('what the build kept is taken by the daemon, in both of its threads', () => {
  const names = ['bundle/daemon.cjs', 'bundle/pipeline.cjs', 'generated/certificates.cjs'];
  const said = execFileSync(process.execPath, [
    ...DAEMON_FLAGS,
    '--input-type=module',
    '-e',
    ASK,
    join(ROOT, 'dist/image/build/code/require-kept.js'),
    ...names.map((name) => join(ROOT, 'dist', name)),
  ]);
  assert.deepEqual(JSON.parse(said.toString()), Object.fromEntries(names.map((name) => [name, false])));
});

test('a script of the bundle imports nothing by itself', () => {
  for (const name of ['daemon.cjs', 'pipeline.cjs', 'worker.cjs']) {
    const text = readFileSync(join(ROOT, 'dist/bundle', name), 'utf8');
    assert.doesNotMatch(text, /\bimport\s*\(["'`a-z]|\bimport\.meta\b/, name);
    if (name !== 'worker.cjs') assert.match(text, /^'use strict';/, `${name} is as strict as modules are`);
  }
});
