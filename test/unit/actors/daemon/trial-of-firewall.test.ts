import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trialOfFirewall } from '../../../../actors/daemon/trial-of-firewall.ts';
import { createFirewall, type FirewallContent, type ListUse } from '../../../../actors/firewall/index.ts';
import { millis } from '../../../../core/base/time.ts';
import type { ListColumns } from '../../../../core/respond/lists/columns.ts';
import { FakeKernel } from '../../../../native/nft/fake.ts';
import { Books } from '../../../support/change/settings-parts.ts';
import { columnsFrom } from '../../../support/lists.ts';
import { MemoryFolder } from '../../../support/memory-folder.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const DENIED: FirewallContent = { infra: [], denied: ['203.0.113.0/24'] };
const OTHER: FirewallContent = { infra: [], denied: ['198.51.100.0/24'] };

const LIST: ListUse = { name: 'bad', kind: 'block', mode: 'enforce', id: 'bad /srv/bad' };

function bench() {
  const lists = new Map<string, ListColumns>();
  const clock = new SimulatedClock();
  const kernel = new FakeKernel(clock);
  const open = (content: FirewallContent) =>
    createFirewall({
      nft: kernel.open(),
      clock,
      log: () => {},
      desired: new Books(),
      lists: { columnsOf: (id) => lists.get(id) },
      folder: new MemoryFolder(),
      settings: { table: 'bartizan', maxBlocks: 100, content },
    });
  return { clock, kernel, lists, open };
}

test('the table of an earlier run is nobody’s trial, and goes where the firewall is to be off', async () => {
  const { kernel, open } = bench();
  const earlier = open(DENIED);
  await earlier.enable();
  await earlier.close();
  const firewall = open(OTHER);
  await firewall.look();
  assert.equal(firewall.state(), 'residual');
  const trial = trialOfFirewall(firewall);
  assert.deepEqual(await trial.isJudging(OTHER), { ok: true, value: undefined });
  assert.deepEqual(await trial.remove(), { ok: true, value: undefined });
  assert.equal(firewall.state(), 'off');
  assert.equal(kernel.judge({ iif: 'eth0', saddr: '203.0.113.7' }), 'accept');
});

test('a table that cannot be removed keeps a change from its end', async () => {
  const { kernel, open } = bench();
  const firewall = open(DENIED);
  await firewall.enable();
  kernel.failNext('rejected', 16);
  const removed = await trialOfFirewall(firewall).remove();
  assert.equal(removed.ok, false);
  assert.ok((await trialOfFirewall(firewall).remove()).ok);
});

test('a list that is tried is in the kernel when its trial begins, or the trial does not', async () => {
  const { clock, kernel, lists, open } = bench();
  const firewall = open(DENIED);
  const trial = trialOfFirewall(firewall);
  assert.ok((await trial.holdsLists([LIST])).ok, 'nothing is enforced yet');
  await firewall.enable();
  const end = clock.now() + 60_000;
  const arm = () => trial.arm({ ...DENIED, lists: [LIST] }, { left: () => millis(end - clock.now()) }, DENIED);
  await arm();
  const never = await trial.holdsLists([LIST]);
  assert.match(never.ok ? '' : never.public, /does not hold bad: never loaded/);
  lists.set(LIST.id, columnsFrom('198.51.100.1'));
  await arm();
  assert.ok((await trial.holdsLists([LIST])).ok);
  assert.equal(kernel.judge({ iif: 'eth0', saddr: '198.51.100.1' }), 'drop');
});
