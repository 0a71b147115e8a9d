import assert from 'node:assert/strict';
import { existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { AS_NOBODY } from '../support/outsider.ts';
import { ROOT } from '../support/root.ts';
import { type Ended, run, scratchClone, snapshot } from '../support/scratch-clone.ts';

const NODE = `node_modules/node-linux-${process.arch}`;
/** What is needed besides npm. */
const TOOLS = ['sh', 'uname', 'dpkg-query', 'sha256sum', 'cat', 'sed', 'flock', 'mkdir', 'id', 'grep', 'dirname'];

const provision = (clone: string, ...args: readonly string[]): Promise<Ended> =>
  run(['sh', 'image/provision/provision', ...args], clone).ended;

/** Whatever installed, a run now is silent and needs no npm. */
async function assertProvisioned(clone: string): Promise<void> {
  const again = await run(['sh', 'image/provision/provision'], clone, { PATH: pathWithoutNpm(clone) }).ended;
  assert.deepEqual(again, { code: 0, stdout: '', stderr: '' });
}

function pathWithoutNpm(clone: string): string {
  const folder = join(clone, 'tools');
  mkdirSync(folder, { recursive: true });
  for (const tool of TOOLS) {
    const found = ['/usr/bin', '/bin'].map((place) => join(place, tool)).find(existsSync);
    if (found !== undefined && !existsSync(join(folder, tool))) symlinkSync(found, join(folder, tool));
  }
  return folder;
}

test('installs what the lockfile pins, then has nothing to do', async (t) => {
  const clone = scratchClone(t);
  const first = await provision(clone);
  assert.equal(first.code, 0, first.stderr);
  assert.equal(first.stdout, '');
  assert.match(first.stderr, /^provision: installing what package-lock.json pins\n/);
  await assertProvisioned(clone);
});

test('brings back a module whose folder has gone, and one that was never complete', async (t) => {
  const clone = scratchClone(t);
  await provision(clone);
  rmSync(join(clone, NODE), { recursive: true });
  assert.equal((await provision(clone)).code, 0);
  await assertProvisioned(clone);

  rmSync(join(clone, 'node_modules/.provisioned'));
  assert.equal((await provision(clone)).code, 0);
  await assertProvisioned(clone);
});

test('a changed lockfile is installed anew', async (t) => {
  const clone = scratchClone(t);
  await provision(clone);
  const lock = join(clone, 'package-lock.json');
  writeFileSync(lock, `${readFileSync(lock, 'utf8')}\n`);
  assert.match((await provision(clone)).stderr, /installing/);
  await assertProvisioned(clone);
});

test('an installation that is killed is made good by the next run', async (t) => {
  const clone = scratchClone(t);
  const first = run(['sh', 'image/provision/provision'], clone);
  await first.said(/installing/);
  process.kill(-(first.child.pid ?? 0), 'SIGKILL');
  await first.ended;
  assert.equal((await provision(clone)).code, 0);
  await assertProvisioned(clone);
});

test('of two at once, one installs and the other waits for it', async (t) => {
  const clone = scratchClone(t);
  const both = await Promise.all([provision(clone), provision(clone)]);
  assert.deepEqual(
    both.map(({ code }) => code),
    [0, 0],
  );
  assert.equal(both.filter(({ stderr }) => stderr.includes('installing')).length, 1);
  await assertProvisioned(clone);
});

test('without npm it says so', async (t) => {
  const clone = scratchClone(t);
  const { code, stderr } = await run(['sh', 'image/provision/provision'], clone, { PATH: pathWithoutNpm(clone) }).ended;
  assert.equal(code, 1);
  assert.match(stderr, /npm is missing: install it with Node \(18 or later\)/);
});

test('without root it changes nothing and says what to install', async (t) => {
  const clone = scratchClone(t, 'run bartizan-missing-a reason\nrun bartizan-missing-b reason\ntest bartizan-c reason');
  const before = snapshot(clone);
  const unprivileged = process.getuid?.() === 0 ? [...AS_NOBODY, 'sh'] : ['sh'];
  assert.deepEqual(await run([...unprivileged, 'image/provision/provision'], clone).ended, {
    code: 1,
    stdout: '',
    stderr:
      'provision: Debian packages are missing, and only root can install them. Nothing was changed. As root:\n' +
      'apt-get update && apt-get install -y --no-install-recommends bartizan-missing-a bartizan-missing-b\n',
  });
  assert.deepEqual(snapshot(clone), before);
});

test('--check reports what is missing and changes nothing', async (t) => {
  const clone = scratchClone(t, 'run bartizan-missing-a reason\ntest bartizan-missing-b reason');
  const before = snapshot(clone);
  assert.deepEqual(await provision(clone, '--profile', 'test', '--check'), {
    code: 1,
    stdout: '',
    stderr:
      'provision: missing Debian packages: bartizan-missing-a bartizan-missing-b\n' +
      'provision: node_modules is not what package-lock.json asks for\n',
  });
  assert.deepEqual(snapshot(clone), before);
});

test('a linked node_modules is reported and left alone', async (t) => {
  const [owner, clone] = [scratchClone(t), scratchClone(t)];
  await provision(owner);
  symlinkSync(join(owner, 'node_modules'), join(clone, 'node_modules'));
  assert.deepEqual(await provision(clone), { code: 0, stdout: '', stderr: '' });

  const lock = join(clone, 'package-lock.json');
  writeFileSync(lock, `${readFileSync(lock, 'utf8')}\n`);
  const before = snapshot(owner);
  const { code, stderr } = await provision(clone);
  assert.equal(code, 0);
  assert.match(stderr, /node_modules is a link to .*, which is not what package-lock.json asks for: provision there/);
  assert.deepEqual(snapshot(owner), before);
});

for (const args of [['--profile'], ['--profile', 'other'], ['--chekc']])
  test(`refuses ${args.join(' ')}`, async (t) => {
    const { code, stderr } = await provision(scratchClone(t), ...args);
    assert.equal(code, 2);
    assert.match(stderr, /^provision: usage: /);
  });

test('is quick when nothing is missing', async (t) => {
  const took: number[] = [];
  for (let round = 0; round < 5; round++) {
    const begun = process.hrtime.bigint();
    await provision(ROOT, '--profile', 'test', '--check');
    took.push(Number(process.hrtime.bigint() - begun) / 1e6);
  }
  const median = took.sort((a, b) => a - b)[2] ?? 0;
  t.diagnostic(
    `provision --profile test, nothing to do: ${median.toFixed(0)} ms (median of 5; at most 300 ms is asked)`,
  );
  assert.ok(median < 3000, 'ten times what is asked: not a slow machine, something is being done');
});
