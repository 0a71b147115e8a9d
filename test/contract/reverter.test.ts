import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { sha256Hex } from '../../core/base/ids.ts';
import { ROOT } from '../support/root.ts';
import { bootTime, TRIAL_ID, type WrittenTrial, writeTrial } from '../support/trial-directory.ts';

const REVERT = join(ROOT, 'systemd/revert');

interface Site {
  readonly state: string;
  readonly config: string;
  readonly pending: string;
  readonly done: string;
}

/** A state directory whose config was changed on trial. */
function onTrial(t: TestContext, wanted: WrittenTrial = {}): Site {
  const state = mkdtempSync(join(tmpdir(), 'bartizan-revert-'));
  t.after(() => rmSync(state, { recursive: true, force: true }));
  const config = join(state, 'bartizan.yaml');
  writeFileSync(config, 'after\n', { mode: 0o640 });
  const files = [{ path: config, content: 'before\n' }];
  const pending = writeTrial(state, { files, after: sha256Hex(Buffer.from('after\n')), ...wanted });
  return { state, config, pending, done: join(state, 'change/done', TRIAL_ID) };
}

const revert = (mode: string, state: string, env: Readonly<Record<string, string>> = {}) =>
  spawnSync('sh', [REVERT, mode, state], { encoding: 'utf8', env: { ...process.env, ...env } });

const verdictOf = ({ done }: Site): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readFileSync(join(done, 'verdict'), 'utf8')
      .trim()
      .split('\n')
      .map((line) => line.split(/=(.*)/s, 2) as [string, string]),
  );

function assertReverted(site: Site, by: string): void {
  assert.equal(readFileSync(site.config, 'utf8'), 'before\n');
  assert.equal(existsSync(site.pending), false);
  const verdict = verdictOf(site);
  assert.equal(verdict['result'], 'reverted');
  assert.equal(verdict['by'], by);
  assert.ok(Math.abs(Number(verdict['at']) - Date.now()) < 60_000, verdict['at']);
}

function assertGoesOn(site: Site): void {
  assert.equal(readFileSync(site.config, 'utf8'), 'after\n');
  assert.equal(existsSync(site.pending), true);
}

for (const mode of ['--boot', '--starting', '--failed', '--now'])
  test(`without a trial ${mode} does nothing`, (t) => {
    const site = onTrial(t);
    rmSync(site.pending, { recursive: true });
    const { status, stderr } = revert(mode, site.state);
    assert.deepEqual([status, stderr, readFileSync(site.config, 'utf8')], [0, '', 'after\n']);
  });

for (const mode of ['--boot', '--starting'])
  test(`a trial of this boot whose time is not over goes on through ${mode}`, (t) => {
    const site = onTrial(t);
    assert.equal(revert(mode, site.state).status, 0);
    assertGoesOn(site);
  });

for (const mode of ['--boot', '--starting'])
  test(`a trial whose time is over ends at ${mode}`, (t) => {
    const site = onTrial(t, { deadline: bootTime() - 1 });
    assert.equal(revert(mode, site.state).status, 0);
    assertReverted(site, 'deadline');
  });

for (const mode of ['--boot', '--starting'])
  test(`a trial of another boot ends at ${mode}`, (t) => {
    const site = onTrial(t, { bootId: '00000000-0000-0000-0000-000000000000' });
    assert.equal(revert(mode, site.state).status, 0);
    assertReverted(site, 'reboot');
  });

test('a trial that includes a reboot goes on in the next boot for as long as it lasts', (t) => {
  const another = { bootId: '00000000-0000-0000-0000-000000000000', spans: 'reboot' } as const;
  const site = onTrial(t, { ...another, trial: bootTime() + 60_000 });
  assert.equal(revert('--boot', site.state).status, 0);
  assertGoesOn(site);
  const late = onTrial(t, { ...another, trial: 1000 });
  assert.equal(revert('--boot', late.state).status, 0);
  assertReverted(late, 'deadline');
});

test('the fourth start in a trial takes the change back', (t) => {
  const site = onTrial(t, { spans: 'restart' });
  for (let start = 1; start <= 3; start++) {
    assert.equal(revert('--starting', site.state).status, 0);
    assertGoesOn(site);
  }
  assert.match(revert('--starting', site.state).stderr, /failed to start 3 times/);
  assertReverted(site, 'failed_starts');
});

test('a unit that the service manager gave up ends the trial, whoever is asked', (t) => {
  const site = onTrial(t);
  revert('--failed', site.state);
  assertReverted(site, 'failed_starts');
});

test('a revert that was begun is finished, whoever began it', (t) => {
  const site = onTrial(t);
  writeFileSync(join(site.pending, 'verdict'), `result=reverted\nby=deadline\nwhy=nobody\nat=${Date.now()}\n`);
  assert.equal(revert('--boot', site.state).status, 0);
  assertReverted(site, 'deadline');
});

test('a confirmation that was not finished means nothing', (t) => {
  const site = onTrial(t);
  writeFileSync(join(site.pending, 'verdict'), `result=confirmed\nby=word\nwhy=fine\nat=${Date.now()}\n`);
  assert.equal(revert('--starting', site.state).status, 0);
  assertGoesOn(site);
});

test('somebody at the machine may end it', (t) => {
  const site = onTrial(t);
  revert('--now', site.state);
  assertReverted(site, 'word');
});

test('a file that was not there is taken away, and mode comes back with the content', (t) => {
  const site = onTrial(t);
  const made = join(site.state, 'made');
  writeFileSync(made, 'new');
  writeTrial(site.state, {
    files: [
      { path: made, content: undefined },
      { path: site.config, content: 'before\n', mode: '644' },
    ],
  });
  revert('--now', site.state);
  assert.equal(existsSync(made), false);
  assert.equal(statSync(site.config).mode & 0o777, 0o644);
  assertReverted(site, 'word');
});

test("another hand's edit is kept beside what is put back, and said", (t) => {
  const site = onTrial(t);
  writeFileSync(site.config, 'by hand\n');
  const { stderr } = revert('--now', site.state);
  assertReverted(site, 'word');
  assert.equal(readFileSync(`${site.config}.kept-${TRIAL_ID}`, 'utf8'), 'by hand\n');
  assert.match(stderr, /edited during the trial/);
});

test('what cannot be put back leaves the trial standing for the next call', (t) => {
  const site = onTrial(t);
  const away = join(site.state, 'away/file');
  writeTrial(site.state, {
    files: [
      { path: away, content: 'x' },
      { path: site.config, content: 'before\n' },
    ],
  });
  const { status, stderr } = revert('--now', site.state);
  assert.equal(status, 1);
  assert.match(stderr, /cannot put back .*away\/file/);
  assert.equal(readFileSync(site.config, 'utf8'), 'before\n', 'what can be put back is');
  assert.equal(existsSync(site.pending), true);
});

test('a record that is gone or nonsense ends the trial rather than keeping it for ever', (t) => {
  const site = onTrial(t);
  writeFileSync(join(site.pending, 'trial'), '');
  assert.equal(revert('--starting', site.state).status, 0);
  assert.equal(readFileSync(site.config, 'utf8'), 'before\n');
  assert.equal(existsSync(site.pending), false);
});

test('numbers that are none do not end a trial by themselves', (t) => {
  const site = onTrial(t);
  const trial = readFileSync(join(site.pending, 'trial'), 'utf8');
  writeFileSync(join(site.pending, 'trial'), trial.replace(/deadline=.*/, 'deadline=$(reboot)'));
  assert.equal(revert('--starting', site.state).status, 0);
  assertGoesOn(site);
});

for (const args of [[], ['--boot'], ['--sometime', '/nowhere'], ['--boot', '/nowhere', 'more']])
  test(`refuses ${JSON.stringify(args)}`, () => {
    const { status, stderr } = spawnSync('sh', [REVERT, ...args], { encoding: 'utf8' });
    assert.equal(status, 2);
    assert.match(stderr, /usage: revert/);
  });

test('of settings with the machine behind them, what another hand wrote into the config is kept, the machine is not', (t) => {
  const { state } = onTrial(t);
  const [config, machine] = [join(state, 'bartizan.yaml'), join(state, 'host/rendered')];
  mkdirSync(join(state, 'host'));
  writeFileSync(config, 'by another hand\n');
  writeFileSync(machine, 'on trial\n');
  const files = [
    { path: config, content: 'before\n' },
    { path: machine, content: 'the network of before\n' },
  ];
  writeTrial(state, { files, after: sha256Hex(Buffer.from('after\n')) });
  assert.equal(revert('--boot', state).status, 0);
  assert.equal(readFileSync(config, 'utf8'), 'by another hand\n', 'the trial goes on');
  assert.equal(revert('--now', state).status, 0);
  assert.equal(readFileSync(config, 'utf8'), 'before\n');
  assert.equal(readFileSync(`${config}.kept-${TRIAL_ID}`, 'utf8'), 'by another hand\n');
  assert.equal(readFileSync(machine, 'utf8'), 'the network of before\n');
  assert.equal(existsSync(`${machine}.kept-${TRIAL_ID}`), false);
});
