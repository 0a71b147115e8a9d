/**
 * Trials that die. `BARTIZAN_CRASH_POINTS=832` runs the whole matrix of kills and power cuts on a simulated disk, 30 points
 * unless told; a tenth as many processes are killed on the real one.
 */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { allPoints, die, nameOf, sampled } from '../support/change/crash-matrix.ts';
import { CONFIRMED, RULES, textOf } from '../support/change/fake-subject.ts';
import { SETTINGS_CASES, SettingsUnderTest } from '../support/change/settings-under-test.ts';
import { NODE_FLAGS } from '../support/gate/stages.ts';
import { SEED, seeded } from '../support/random.ts';

const POINTS = Number(process.env['BARTIZAN_CRASH_POINTS'] ?? 30);
const KILLS = Math.max(6, Math.ceil(POINTS / 10));
const CHILD = join(import.meta.dirname, 'change-child.js');
const SCENARIOS = ['confirm', 'revert', 'force'];
const [BEFORE, AFTER] = [['198.51.100.7'], ['203.0.113.4', '203.0.113.5']];

test(`${POINTS} kills and power cuts on a simulated disk: the confirmed or the previous state`, {
  timeout: 60_000 + POINTS * 500,
}, async (t) => {
  const points = await allPoints();
  const failed: string[] = [];
  for (const [i, point] of sampled(points, POINTS, seeded()).entries()) {
    await die(point, SEED + i).catch((thrown: Error) =>
      failed.push(`${nameOf(point)}, seed ${SEED + i}: ${thrown.message}`),
    );
  }
  t.diagnostic(`${POINTS} of ${points.length} points, seed ${SEED}`);
  assert.deepEqual(failed, []);
});

const CASES = SETTINGS_CASES.map((settings) => ({ settings, make: () => new SettingsUnderTest(settings) }));

test(`${POINTS} kills and power cuts of the settings and the firewall: file, kernel and report agree`, {
  timeout: 60_000 + POINTS * 500,
}, async (t) => {
  const failed: string[] = [];
  let all = 0;
  for (const { settings, make } of CASES) {
    const points = await allPoints(make);
    all += points.length;
    for (const [i, point] of sampled(points, Math.ceil(POINTS / CASES.length), seeded()).entries()) {
      await die(point, SEED + i, make()).catch((thrown: Error) =>
        failed.push(`${settings.name}, ${nameOf(point)}, seed ${SEED + i}: ${thrown.message}`),
      );
    }
  }
  t.diagnostic(`${POINTS} of ${all} points, seed ${SEED}`);
  assert.deepEqual(failed, []);
});

interface Said {
  readonly steps: number;
  readonly result?: 'confirmed' | 'reverted';
  readonly kernel: { readonly denied: readonly string[]; readonly trial: readonly string[] };
}

/** @returns what it said last; undefined when it was killed */
function child(folder: string, ...args: readonly string[]): Promise<{ readonly said?: Said; readonly told: boolean }> {
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [...NODE_FLAGS, CHILD, folder, ...args],
      { timeout: 60_000 },
      (error, stdout, stderr) => {
        const told = stdout.includes('told');
        if (error !== null && error.signal !== 'SIGKILL') reject(new Error(stderr, { cause: error }));
        else if (error !== null) resolve({ told });
        else resolve({ told, said: JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Said });
      },
    );
  });
}

/** A machine with rules in force. */
async function machine(): Promise<AsyncDisposable & { readonly folder: string }> {
  const folder = await mkdtemp(join(tmpdir(), 'bartizan-change-'));
  for (const path of [RULES, CONFIRMED]) {
    await mkdir(join(folder, path, '..'), { recursive: true });
    await writeFile(join(folder, path), textOf(BEFORE));
  }
  await writeFile(
    join(folder, 'kernel.json'),
    JSON.stringify({ denied: BEFORE.map((key) => ({ key, until: 'never' })) }),
  );
  return { folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
}

test(`${KILLS} times kill -9 on a real disk: the confirmed or the previous state`, {
  timeout: 60_000 + KILLS * 20_000,
}, async (t) => {
  const random = seeded();
  const lengths = new Map<string, number>();
  for (const scenario of SCENARIOS) {
    await using whole = await machine();
    const { said } = await child(whole.folder, 'run', scenario);
    assert.equal(said?.result, scenario === 'revert' ? 'reverted' : 'confirmed');
    lengths.set(scenario, said?.steps ?? 0);
  }
  for (let i = 0; i < KILLS; i++) {
    const scenario = SCENARIOS[i % SCENARIOS.length] ?? '';
    const step = Math.floor(random() * (lengths.get(scenario) ?? 0));
    await using edge = await machine();
    const { told } = await child(edge.folder, 'run', scenario, String(step));
    const { said } = await child(edge.folder, 'recover');
    const what = `${scenario}, killed before step ${step}, seed ${SEED}`;
    const wanted = said?.result === 'confirmed' ? AFTER : BEFORE;
    assert.deepEqual(said?.kernel, { denied: wanted, trial: [] }, what);
    assert.equal(await readFile(join(edge.folder, RULES), 'utf8'), textOf(wanted), what);
    assert.deepEqual(await readdir(join(edge.folder, 'var/lib/edge/change')), ['done'], what);
    if (told) assert.equal(said?.result, scenario === 'revert' ? 'reverted' : 'confirmed', what);
  }
  t.diagnostic(`steps: ${JSON.stringify(Object.fromEntries(lengths))}, seed ${SEED}`);
});
