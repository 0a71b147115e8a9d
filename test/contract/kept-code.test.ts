import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { subscribe } from 'node:diagnostics_channel';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import fc from 'fast-check';
import { keepCode } from '../../image/build/code/keep.ts';
import { codeFile, type MadeScript, packedCode, requireKept, SCRIPTS } from '../../image/build/code/require-kept.ts';
import { CERTIFICATES, KEPT_SCRIPTS, PIPELINE_THREAD } from '../../image/build/code/scripts.ts';
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

/**
 * Asks the engine, under the flags of the daemon, of the code that the build kept; of the pipeline's on a thread, where
 * the script ends because it was given nothing to work with.
 */
const ASK = `
const { subscribe } = require('node:diagnostics_channel');
const { Worker, isMainThread, parentPort, workerData } = require('node:worker_threads');
const { module, main, thread } = workerData ?? JSON.parse(process.argv[1]);
import(module).then(async ({ requireKept, SCRIPTS }) => {
  const found = {};
  subscribe(SCRIPTS.name, ({ file, script }) => { found[file.replace(/.*\\/dist\\//, '')] = script.cachedDataRejected; });
  Object.assign(Reflect, { getMetadata: () => undefined, getOwnMetadata: () => undefined });
  if (!isMainThread) {
    try { requireKept(thread); } catch {}
    parentPort.postMessage(found);
    return;
  }
  for (const file of main) requireKept(file);
  const worker = new Worker(process.env.ASK, { eval: true, workerData: { module, main, thread } });
  const of = await new Promise((resolve) => worker.once('message', resolve));
  await worker.terminate();
  console.log(JSON.stringify({ ...found, ...of }));
  process.exit();
});`;

test('what the build kept is taken under the flags of the daemon, by the main thread and by the pipeline', () => {
  const inDist = (name: string): string => join(ROOT, 'dist', name);
  const main = ['bundle/daemon.cjs', 'generated/certificates.cjs'];
  const places = {
    module: inDist('image/build/code/require-kept.js'),
    main: main.map(inDist),
    thread: inDist('bundle/pipeline.cjs'),
  };
  const said = execFileSync(process.execPath, [...DAEMON_FLAGS, '-e', ASK, JSON.stringify(places)], { env: { ASK } });
  const expected = [...main, 'bundle/pipeline.cjs'].map((name) => [name, false]);
  assert.deepEqual(JSON.parse(said.toString()), Object.fromEntries(expected));
});

test('two builds in two folders keep the same bytes', (t) => {
  const names = [...Object.keys(KEPT_SCRIPTS), CERTIFICATES];
  const kept = ['a', 'of-another-length'].map((name) => {
    const folder = mkdtempSync(join(tmpdir(), `bartizan-code-${name}-`));
    t.after(() => rmSync(folder, { recursive: true }));
    cpSync(join(ROOT, 'dist/bundle'), join(folder, 'bundle'), { recursive: true });
    cpSync(join(ROOT, 'dist/generated'), join(folder, 'generated'), { recursive: true });
    symlinkSync(join(ROOT, 'node_modules'), join(folder, 'node_modules'));
    keepCode(folder);
    return folder;
  });
  for (const name of names) {
    const [one, other, built] = [...kept, join(ROOT, 'dist')].map((folder) =>
      readFileSync(codeFile(join(folder, name))),
    );
    assert.ok(one?.equals(other as Buffer), name);
    assert.ok(one?.equals(built as Buffer), `${name}, and what was built`);
    assert.ok(!(one as Buffer).includes(ROOT), `${name} names the folder of the build`);
  }
});

test('a script of the bundle imports nothing by itself', () => {
  for (const name of [...Object.keys(KEPT_SCRIPTS), PIPELINE_THREAD]) {
    const text = readFileSync(join(ROOT, 'dist', name), 'utf8');
    assert.doesNotMatch(text, /\bimport\s*\(["'`a-z]|\bimport[._]meta\b/, name);
    if (name !== PIPELINE_THREAD) assert.match(text, /^'use strict';/, `${name} is as strict as modules are`);
  }
});
