import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { systemClock } from '../../actors/clock/index.ts';
import { openStore } from '../../actors/store/index.ts';
import { sha256Hex } from '../../core/base/ids.ts';
import { readSerial } from '../../core/field/serial.ts';
import { identityKeys } from '../../core/keys/identity-keys.ts';
import { ROOT } from '../support/root.ts';

const MAIN = join(ROOT, 'dist/bundle/main.js');
const GOOD = 'hostname: edge-7\nfirewall:\n  enabled: false\n';

let root = '';
before(async () => {
  root = await mkdtemp(join(tmpdir(), 'bartizan-provision-'));
});
after(() => rm(root, { recursive: true, force: true }));

/** A new appliance, and a config to give to it. */
async function fresh(config = GOOD) {
  const folder = await mkdtemp(join(root, 'case-'));
  const state = join(folder, 'state');
  await mkdir(state, { mode: 0o700 });
  const file = join(folder, 'given.yaml');
  await writeFile(file, config);
  return { state, file };
}

function provision(state: string, file: string, input?: string) {
  const argv = [...process.execArgv, MAIN, 'provision', file, '--state', state, '--origin', 'a test', '--json'];
  const { status, stdout, stderr } = spawnSync(process.execPath, argv, { encoding: 'utf8', input });
  return { status, stderr, told: stdout === '' ? undefined : JSON.parse(stdout) };
}

test('a new one takes a config: in place for its owner only, marked, with an identity and an authority', async () => {
  const { state, file } = await fresh();
  const { status, told, stderr } = provision(state, file);
  assert.deepEqual([status, stderr], [0, '']);
  const path = join(state, 'bartizan.yaml');
  assert.equal(await readFile(path, 'utf8'), GOOD);
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  const sha256 = sha256Hex(Buffer.from(GOOD));
  assert.equal(await readFile(join(state, 'provisioned'), 'utf8'), `sha256=${sha256}\nat=${told.at}\norigin=a test\n`);
  assert.deepEqual([told.result, told.config, told.sha256], ['taken', path, sha256]);
  assert.equal(readSerial(told.serial), told.serial);
  assert.match(told.key_fingerprint, /^SHA256:[A-Za-z0-9+/]{43}$/);
  assert.match(told.ca_fingerprint, /^(?:[0-9A-F]{2}:){31}[0-9A-F]{2}$/);
  assert.equal((await stat(join(state, 'ident/device.key'))).mode & 0o777, 0o400);
  assert.equal((await stat(join(state, 'ident'))).mode & 0o777, 0o700);
});

test('it takes one config and no other', async () => {
  const { state, file } = await fresh();
  provision(state, file);
  await writeFile(file, 'hostname: other\n');
  const { status, told } = provision(state, file);
  assert.deepEqual([status, told.result, told.code], [4, 'refused', 'provisioned']);
  assert.match(told.message, /from a test/);
  assert.equal(await readFile(join(state, 'bartizan.yaml'), 'utf8'), GOOD);
});

test('what a first start has written is put aside', async () => {
  const { state, file } = await fresh();
  await writeFile(join(state, 'bartizan.yaml'), 'hostname: first\n', { mode: 0o600 });
  assert.equal(provision(state, file).status, 0);
  assert.equal(await readFile(join(state, 'bartizan.yaml.before-provisioning'), 'utf8'), 'hostname: first\n');
});

test('a config comes over standard input, too', async () => {
  const { state } = await fresh();
  assert.equal(provision(state, '-', GOOD).status, 0);
  assert.equal(await readFile(join(state, 'bartizan.yaml'), 'utf8'), GOOD);
});

for (const { what, config, says } of [
  { what: 'an unknown key', config: 'hostname: a\nfirewal:\n  enabled: true\n', says: [{ line: 2, column: 1 }] },
  { what: 'no YAML', config: 'hostname: "a\n', says: [{ line: 2, column: 1 }] },
  { what: 'no text', config: 'hostname: a\u0007\n', says: [{ line: 1, column: 1 }] },
  { what: 'too much', config: `# ${'x'.repeat(1024 * 1024)}\n`, says: [{ line: 0, column: 0 }] },
])
  test(`a config that is ${what} is refused with its place, and nothing is changed`, async () => {
    const { state, file } = await fresh(config);
    const { status, told } = provision(state, file);
    assert.deepEqual([status, told.code], [5, 'invalid']);
    assert.deepEqual(
      told.problems.map(({ line, column }: { line: number; column: number }) => ({ line, column })),
      says,
    );
    assert.deepEqual(await readdir(state), []);
  });

test('a config whose token file is not there would be a daemon that does not start', async () => {
  const { state, file } = await fresh('webui:\n  tokens:\n    - { name: a, scope: admin, token_file: /none/token }\n');
  const { status, told } = provision(state, file);
  assert.deepEqual([status, told.code], [5, 'invalid']);
  assert.match(told.message, /\/none\/token/);
  assert.deepEqual(await readdir(state), []);
});

test('a secret is never told, in no refusal', async () => {
  const secret = 'hunter2-hunter2-hunter2-hunter2-hunter2';
  const { state, file } = await fresh(`webui:\n  tokens:\n    - { name: a, scope: admn, token: ${secret} }\n`);
  const { status, told, stderr } = provision(state, file);
  assert.equal(status, 5);
  assert.doesNotMatch(JSON.stringify(told) + stderr, /hunter2/);
});

test('one that names an administrator in its config is not provisioned', async () => {
  const { state, file } = await fresh();
  const token = 'a'.repeat(64);
  await writeFile(
    join(state, 'bartizan.yaml'),
    `webui:\n  tokens:\n    - { name: a, scope: admin, token: ${token} }\n`,
    {
      mode: 0o600,
    },
  );
  const { status, told } = provision(state, file);
  assert.deepEqual([status, told.code], [4, 'claimed']);
});

/** The store as a start leaves it in which somebody became admin. */
async function withToken(state: string) {
  const store = await openStore({ stateDirectory: state, clock: systemClock, log: () => {}, onDamage: () => {} });
  assert.ok(store.ok);
  const token = { name: 'claimed-admin', scopes: ['admin'], createdAt: 1, expiresAt: 'never' };
  await store.value.port.commit([{ put: identityKeys.token('a'.repeat(64)), value: token }], { sync: true });
  return store.value.service;
}

test('one that somebody has claimed is not provisioned, nor one that runs', async () => {
  const { state, file } = await fresh();
  const running = await withToken(state);
  const during = provision(state, file);
  assert.deepEqual([during.status, during.told.code], [1, 'unreadable']);
  assert.match(during.told.message, /running; stop it first/);
  await running.stop();
  const { status, told } = provision(state, file);
  assert.deepEqual([status, told.code], [4, 'claimed']);
  assert.equal((await readdir(state)).includes('bartizan.yaml'), false);
});

test('what cannot be told apart from a claimed one is not provisioned', async () => {
  const { state, file } = await fresh();
  await writeFile(join(state, 'bartizan.yaml'), 'firewal: {}\n', { mode: 0o600 });
  const { status, told } = provision(state, file);
  assert.deepEqual([status, told.code], [1, 'unreadable']);
  assert.match(told.message, /whether somebody administers it/);
});

test('what is no file, or not there, is told', async () => {
  const { state } = await fresh();
  for (const file of ['/none', root, '/dev/null']) {
    const { status, told } = provision(state, file);
    assert.deepEqual([status, told.code], [1, 'unreadable'], file);
  }
  assert.deepEqual(await readdir(state), []);
});

test('a state directory that takes no writes is told, and nothing is half done', async () => {
  const { state, file } = await fresh();
  await writeFile(join(state, 'bartizan.yaml.new'), '');
  await rm(join(state, 'bartizan.yaml.new'));
  await mkdir(join(state, 'bartizan.yaml.new'));
  await chmod(state, 0o500);
  const { status, told } = provision(state, file);
  assert.deepEqual([status, told.code], [1, 'failed']);
  assert.deepEqual(await readdir(state), ['bartizan.yaml.new']);
});
