import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { ROOT } from '../support/root.ts';
import { type Ended, run, scratchClone } from '../support/scratch-clone.ts';

/** A clone with this checkout's compilers, one source file and one message. */
function sourceClone(t: TestContext): string {
  const clone = scratchClone(t);
  // The build's own steps in TypeScript import the whole of core, which this clone is without.
  for (const name of readdirSync(join(clone, 'image/build'), { recursive: true, encoding: 'utf8' })) {
    if (name.endsWith('.ts')) rmSync(join(clone, 'image/build', name));
  }
  for (const file of ['tsconfig.json', 'package-lock.json', 'package.json'])
    cpSync(join(ROOT, file), join(clone, file));
  symlinkSync(join(ROOT, 'node_modules'), join(clone, 'node_modules'));
  write(clone, 'core/base/one.ts', 'export const one: number = 1;\n');
  write(
    clone,
    'proto/bartizan/v1/one.proto',
    'syntax = "proto3";\npackage bartizan.v1;\nmessage One { uint32 one = 1; }\n',
  );
  return clone;
}

function write(clone: string, path: string, text: string): void {
  mkdirSync(join(clone, path, '..'), { recursive: true });
  writeFileSync(join(clone, path), text);
}

const build = (clone: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> =>
  run(['sh', 'image/build/build'], clone, env).ended;

const built = (clone: string, path: string): boolean => existsSync(join(clone, 'dist', path));

const UP_TO_DATE: Ended = { code: 0, stdout: '', stderr: '' };

test('builds once, and again when a source appears, changes or goes', async (t) => {
  const clone = sourceClone(t);
  assert.deepEqual(await build(clone), { code: 0, stdout: '', stderr: 'building\n' });
  assert.deepEqual(await build(clone), UP_TO_DATE);
  const { sources } = JSON.parse(readFileSync(join(clone, 'dist/core/base/one.js.map'), 'utf8'));
  assert.equal(join(clone, 'dist/core/base', sources[0]), join(clone, 'core/base/one.ts'), 'stack traces name sources');

  write(clone, 'core/base/two.ts', "export { one } from './one.ts';\n");
  assert.equal((await build(clone)).stderr, 'building\n');
  assert.ok(built(clone, 'core/base/two.js'));

  rmSync(join(clone, 'core/base/two.ts'));
  assert.equal((await build(clone)).stderr, 'building\n');
  assert.ok(!built(clone, 'core/base/two.js'));
  assert.deepEqual(await build(clone), UP_TO_DATE);
});

test('a failed build keeps the dist that was there, and stays to be done', async (t) => {
  const clone = sourceClone(t);
  await build(clone);
  write(clone, 'core/base/broken.ts', "export const broken: number = 'text';\n");
  for (let round = 0; round < 2; round++) {
    const { code, stderr } = await build(clone);
    assert.notEqual(code, 0);
    assert.match(stderr, /broken\.ts.*TS2322/);
  }
  assert.ok(built(clone, 'core/base/one.js'));
  assert.ok(!built(clone, 'core/base/broken.js'));
});

test('runs the generator that was built, and does not look fresh when it fails', async (t) => {
  const clone = sourceClone(t);
  const generator = (body: string) => `import { writeFileSync } from 'node:fs';\n${body}\n`;
  write(clone, 'image/build/validators.ts', generator("writeFileSync('dist/generated.txt', 'x');"));
  assert.equal((await build(clone)).code, 0);
  assert.ok(built(clone, 'generated.txt'));
  write(clone, 'image/build/validators.ts', generator("writeFileSync('no/such/folder', 'x');"));
  assert.notEqual((await build(clone)).code, 0);
  assert.notEqual((await build(clone)).code, 0);
});

test('of two at once, one builds and the other waits for it', async (t) => {
  const clone = sourceClone(t);
  const both = await Promise.all([build(clone), build(clone)]);
  assert.deepEqual(
    both.map(({ code }) => code),
    [0, 0],
  );
  assert.equal(both.filter(({ stderr }) => stderr === 'building\n').length, 1);
});

test('compiles an addon against the pinned headers, writing and fetching nothing elsewhere', async (t) => {
  const clone = sourceClone(t);
  write(clone, 'native/probe/binding.gyp', '{"targets": [{"target_name": "probe", "sources": ["probe.c"]}]}');
  write(
    clone,
    'native/probe/probe.c',
    `#include <node_api.h>
     #include <node_version.h>
     NAPI_MODULE_INIT() {
       napi_value version;
       napi_create_int32(env, NODE_MAJOR_VERSION, &version);
       napi_set_named_property(env, exports, "major", version);
       return exports;
     }`,
  );
  const home = join(clone, 'home');
  mkdirSync(home);
  const elsewhere = { HOME: home, XDG_CACHE_HOME: home, npm_config_nodedir: '/nowhere', npm_config_devdir: home };
  const { code, stderr } = await build(clone, elsewhere);
  assert.equal(code, 0, stderr);
  assert.deepEqual(readdirSync(home), []);
  const loaded = await run([process.execPath, '-p', "require('./dist/native/probe/probe.node').major"], clone).ended;
  assert.equal(loaded.stdout, `${process.versions.node.split('.')[0]}\n`);
  assert.deepEqual(await build(clone), UP_TO_DATE);
});
