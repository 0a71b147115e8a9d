import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { sha256Hex } from '../../core/base/ids.ts';
import { BootedMachine, INSIDE, noBoot } from '../support/booted/machine.ts';
import { ROOT } from '../support/root.ts';
import { NOBODY, textsOf } from '../support/rules-texts.ts';
import { bootTime, TRIAL_ID, writeTrial } from '../support/trial-directory.ts';
import { waitFor } from '../support/wait-for.ts';

const GOOD = 'firewall:\n  enabled: false\n';
const BROKEN = 'firewal:\n  enabled: false\n';

const RULES = textsOf({ infra: ['192.0.2.1'], denied: [] }, NOBODY, 1000).whole;
const ID = '019ac0de-0000-8000-8000-00000000000a';

/** The machine was switched off in the midst of a trial that had left it without a usable config. */
function writeBrokenTrial(machine: BootedMachine, trial: Parameters<typeof writeTrial>[1]): void {
  writeFileSync(join(machine.state, 'bartizan.yaml'), BROKEN, { mode: 0o600 });
  const after = sha256Hex(Buffer.from(BROKEN));
  writeTrial(machine.state, { ...trial, after, files: [{ path: `${INSIDE}/bartizan.yaml`, content: GOOD }] });
}

const configOf = ({ state }: BootedMachine): string => readFileSync(join(state, 'bartizan.yaml'), 'utf8');
/** How the trial ended, as the daemon that was started then has it on record. */
async function verdictOf(machine: BootedMachine): Promise<readonly string[]> {
  const bartizan = ['/usr/lib/bartizan/node', '/usr/lib/bartizan/dist/bundle/main.js'] as const;
  const said = await machine.run(...bartizan, 'change', 'show', TRIAL_ID, '--json', '--state', INSIDE);
  const { verdict } = JSON.parse(said) as { readonly verdict: { readonly result: string; readonly by: string } };
  return [verdict.result, verdict.by];
}

const startOf = async (machine: BootedMachine, unit: string): Promise<number> =>
  Number((await machine.show(unit, 'ActiveEnterTimestampMonotonic'))['ActiveEnterTimestampMonotonic']);

const pidOf = async (machine: BootedMachine): Promise<number> =>
  Number((await machine.show('bartizan.service', 'MainPID'))['MainPID']);

test('after a power cut in a trial the last confirmed state is there before the network is', {
  skip: noBoot(),
}, async () => {
  await using machine = new BootedMachine({ 'bartizan.service': '[Service]\nWatchdogSec=2\n' });
  writeBrokenTrial(machine, { bootId: '00000000-0000-0000-0000-000000000000' });
  mkdirSync(join(machine.state, 'firewall'));
  const seconds = Math.floor(Date.now() / 1000);
  const at = (offset: number) => String(seconds + offset);
  const blocks = ['1 never', `2 ${at(3600)}`, `3 ${at(-1)}`, '4 never', '4 0', '5 0', `5 ${at(3600)}`, 'torn'];
  writeFileSync(join(machine.state, 'firewall/confirmed.nft'), RULES);
  writeFileSync(
    join(machine.state, 'firewall/blocks'),
    blocks.map((line) => `blocked4 198.51.100.${line} ${ID}\n`).join(''),
  );
  await machine.boot();
  await machine.active('bartizan.service');

  assert.equal(configOf(machine), GOOD);
  assert.deepEqual(await verdictOf(machine), ['reverted', 'reboot']);
  const units = ['bartizan-revert.service', 'bartizan-early.service', 'network-pre.target', 'bartizan.service'];
  const starts = await Promise.all(units.map((unit) => startOf(machine, unit)));
  assert.deepEqual(
    starts,
    [...starts].sort((a, b) => a - b),
    `in this order: ${units.join()}`,
  );
  const table = await machine.run('nft', 'list', 'table', 'inet', 'bartizan');
  assert.match(table, /ip saddr @infra4_\w+ accept/);
  assert.match(table, /198\.51\.100\.1 comment/);
  assert.match(table, /198\.51\.100\.2 timeout/);
  assert.match(table, /198\.51\.100\.5 timeout/);
  assert.doesNotMatch(table, /198\.51\.100\.[34]/);

  const pid = await pidOf(machine);
  const status = await machine.run('cat', `/proc/${pid}/status`);
  for (const set of ['Inh', 'Prm', 'Eff', 'Bnd', 'Amb']) {
    assert.match(status, new RegExp(`Cap${set}:\\s*0{16}\\n`), 'no capability at all');
  }
  assert.match(status, /NoNewPrivs:\s*1\n/);

  await machine.run('kill', '-STOP', String(pid));
  await waitFor(
    'the watchdog to end a daemon that hangs, and another to run',
    async () => ([0, pid].includes(await pidOf(machine)) ? undefined : true),
    { withinMs: 30_000 },
  );
  await machine.active('bartizan.service');
  assert.match(await machine.run('journalctl', '--no-pager'), /bartizan\.service: Watchdog timeout/);
});

test('a daemon that cannot start in a trial is started with what was confirmed', { skip: noBoot() }, async () => {
  await using machine = new BootedMachine();
  writeBrokenTrial(machine, { deadline: bootTime() + 600_000 });
  await machine.boot();
  await machine.active('bartizan.service');
  assert.equal(configOf(machine), GOOD);
  assert.deepEqual(await verdictOf(machine), ['reverted', 'failed_starts']);
  assert.equal((await machine.show('bartizan.service', 'NRestarts'))['NRestarts'], '3');
});

test('exit code 75 is a wish to be started again, whatever the unit does else', { skip: noBoot() }, async () => {
  const once = `test -e ${INSIDE}/asked || { touch ${INSIDE}/asked; exit 75; }; exec sleep infinity`;
  await using machine = new BootedMachine({
    'bartizan.service': `[Service]\nType=exec\nRestart=no\nWatchdogSec=0\nExecStart=\nExecStart=/bin/sh -c '${once}'\n`,
  });
  await machine.boot();
  await waitFor('the second start', async () =>
    (await machine.show('bartizan.service', 'NRestarts'))['NRestarts'] === '1' ? true : undefined,
  );
  await machine.active('bartizan.service');
});

test('the scripts that run without the daemon are plain POSIX sh', () => {
  for (const script of [
    'revert',
    'early',
    'checked',
    'packets',
    'host',
    'provision',
    'console',
    'console-order',
    'confirm',
    'usb',
  ]) {
    const path = join(ROOT, 'systemd', script);
    assert.equal(readFileSync(path, 'utf8').split('\n', 1)[0], '#!/bin/sh');
    execFileSync('dash', ['-n', path]);
    assert.ok(existsSync(path));
  }
});
