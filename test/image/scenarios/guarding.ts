import assert from 'node:assert/strict';
import { waitFor } from '../../support/wait-for.ts';
import type { Life } from '../story/life.ts';
import type { Facts, Scenario } from '../story/scenario.ts';
import { answersAgain, round } from './boot.ts';

async function watchdog(life: Life): Promise<Facts> {
  const unit = 'bartizan.service';
  const { MainPID: before, WatchdogUSec } = await life.show(unit, 'MainPID', 'WatchdogUSec');
  const begun = performance.now();
  await life.inside(`kill -STOP ${before}`);
  await waitFor(
    'systemd to start the daemon anew',
    async () => {
      const { MainPID, ActiveState } = await life.show(unit, 'MainPID', 'ActiveState');
      return MainPID !== before && MainPID !== '0' && ActiveState === 'active' ? true : undefined;
    },
    { withinMs: 300_000, everyMs: 1000 },
  );
  await answersAgain(life, 120_000);
  const { NRestarts } = await life.show(unit, 'NRestarts');
  assert.ok(Number(NRestarts) >= 1);
  return { watchdog: WatchdogUSec ?? '', back_after_s: round((performance.now() - begun) / 1000) };
}

export const watched: Scenario = {
  name: 'watchdog',
  shows: 'a daemon that stands still (SIGSTOP) is killed by systemd’s watchdog and started anew; the API answers again',
  limit: 240,
  run: watchdog,
};

const MIB = 1024 * 1024;

/** What a unit's own cgroup says, and that the kernel holds it. */
async function limits(life: Life): Promise<Facts> {
  const facts: Record<string, number> = {};
  const text = await life.inside(
    "systemctl list-units 'bartizan*' --type=service --state=active --no-legend --plain --no-pager | cut -d ' ' -f 1",
  );
  for (const unit of text.split('\n').filter((name) => !name.startsWith('bartizan-test-'))) {
    const { MemoryMax, TasksMax, ControlGroup } = await life.show(unit, 'MemoryMax', 'TasksMax', 'ControlGroup');
    if (ControlGroup === '') continue;
    assert.notEqual(MemoryMax, 'infinity', `${unit} has a bound on its memory`);
    assert.notEqual(TasksMax, 'infinity', `${unit} has a bound on its tasks`);
    const kernel = await life.inside(`cat '/sys/fs/cgroup${ControlGroup}/memory.max'`);
    assert.equal(kernel, MemoryMax, `${unit}: what the kernel holds it to`);
    facts[unit.replace('.service', '_mib')] = Math.round(Number(MemoryMax) / MIB);
  }
  assert.ok(Object.keys(facts).length > 0, 'units of ours run');
  await isHeld(life);
  return facts;
}

/** A process that takes more than its unit may have is killed, and nothing else is. */
async function isHeld(life: Life): Promise<void> {
  const { MainPID: before } = await life.show('bartizan.service', 'MainPID');
  const bounds = '--property=MemoryMax=64M --property=MemorySwapMax=0';
  const eater = 'dd if=/dev/zero of=/dev/null bs=200M count=1';
  const unit = `systemd-run --quiet --wait --collect ${bounds} --unit=bartizan-test-eater ${eater}`;
  const { code } = await life.machine.shell.ask(unit, 90_000);
  assert.notEqual(code, 0, 'what takes more is killed');
  assert.equal((await life.show('bartizan.service', 'MainPID'))['MainPID'], before, 'the daemon lives on');
}

export const limited: Scenario = {
  name: 'limits',
  shows: 'every unit of ours that runs has bounds on memory and tasks, and the guest’s kernel holds them',
  limit: 180,
  run: limits,
};
