import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runCommand, type World } from '../../../support/cli.ts';

const INSTALL = '/api/v1/image/install';
const IMAGE = '/api/v1/image';
const BEGUN = { phase: 'installing', version: '1.1.0', slot: 'B', percent: 0 };
const at = (percent: number, message: string, phase = 'installing') => ({
  update: { ...BEGUN, phase, percent, message },
});
const DONE = { update: { ...BEGUN, phase: 'installed' } };

const install = (turns: readonly unknown[], world: World = {}) =>
  runCommand(['image', 'install', 'sda1/x.raucb'], {
    answers: { [INSTALL]: BEGUN },
    turns: { [IMAGE]: turns },
    ...world,
  });

test('an installation is waited for with its progress, each step once', async () => {
  const steps = [at(20, 'Checking bundle'), at(20, 'Checking bundle'), at(80, 'Copying\u001b[2J'), DONE];
  const { code, out, err } = await install(steps);
  assert.equal(code, 0);
  assert.equal(
    out,
    '1.1.0 is being installed into slot B\n 20 %  Checking bundle\n 80 %  Copying\\x1b[2J\n1.1.0 is installed; `bartizan image reboot` boots it\n',
  );
  assert.match(err, /the bundle is being checked/);
});

test('what takes longer than other answers has its time declared', async () => {
  const { asked } = await install([DONE]);
  assert.equal(asked[0]?.within, 120_000);
  const reboot = await runCommand(['image', 'reboot'], { answers: { '/api/v1/image/reboot': {} } });
  assert.deepEqual([reboot.code, reboot.asked[0]?.within], [0, 120_000]);
  assert.equal((await runCommand(['status'], { answer: { status: 200, body: {} } })).asked[0]?.within, undefined);
});

for (const [what, world, turns] of [
  ['while the bundle is checked', { interruptedAt: 0 }, [DONE]],
  ['while it is installed', { interruptedAt: 2 }, [at(20, 'Checking bundle')]],
] as const)
  test(`Ctrl-C ${what} ends the waiting alone, and says so`, async () => {
    const { code, err } = await install(turns, world);
    assert.equal(code, 130);
    assert.match(err, /not waited for any longer: .* goes on; `bartizan image` shows how far it is\n$/);
  });

test('a daemon that is started anew meanwhile is waited for; one that stays away is not, for ever', async () => {
  const back = await install([at(20, 'x'), 'gone', 'gone', at(40, 'y', 'unknown'), DONE]);
  assert.equal(back.code, 0);
  assert.match(back.out, / 40 % {2}y \(RAUC goes on by itself\)\n/);
  const away = await install([at(20, 'x'), 'gone']);
  assert.equal(away.code, 1);
  assert.match(away.err, /Bartizan does not answer any more; RAUC goes on with 1\.1\.0 by itself/);
});

test('a daemon that has just started and knows nothing yet is asked again', async () => {
  const last = { version: '1.1.0', result: 'refused', why: 'of an earlier try' };
  const { code, out } = await install([at(20, 'x'), { update: { phase: 'unknown' }, last }, DONE]);
  assert.equal(code, 0);
  assert.match(out, /\nBartizan was started anew, and finds out what became of it\n1\.1\.0 is installed/);
});

test('how it ended is the end of the command', async () => {
  const last = { version: '1.1.0', result: 'refused', why: 'slot B was given version 1.0.5' };
  const { code, err } = await install([at(20, 'x'), { update: { phase: 'idle' }, last }]);
  assert.equal(code, 1);
  assert.match(err, /bartizan: 1\.1\.0 refused: slot B was given version 1\.0\.5\n$/);
});

test('what is refused at once is refused', async () => {
  const world = { answers: {}, answer: { status: 409, body: { error: 'version 1.0.0 is older' } } };
  const { code, err, asked } = await install([DONE], world);
  assert.deepEqual([code, asked.length], [4, 1]);
  assert.match(err, /version 1\.0\.0 is older/);
});
