import assert from 'node:assert/strict';
import { test } from 'node:test';
import { trialOfFirewall } from '../../../../actors/daemon/trial-of-firewall.ts';
import { createFirewall, type FirewallContent } from '../../../../actors/firewall/index.ts';
import { FakeKernel } from '../../../../native/nft/fake.ts';
import { Books } from '../../../support/change/settings-parts.ts';
import { MemoryFolder } from '../../../support/memory-folder.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const DENIED: FirewallContent = { infra: [], denied: ['203.0.113.0/24'] };
const OTHER: FirewallContent = { infra: [], denied: ['198.51.100.0/24'] };

function bench() {
  const clock = new SimulatedClock();
  const kernel = new FakeKernel(clock);
  const open = (content: FirewallContent) =>
    createFirewall({
      nft: kernel.open(),
      clock,
      log: () => {},
      desired: new Books(),
      folder: new MemoryFolder(),
      settings: { table: 'bartizan', maxBlocks: 100, content },
    });
  return { kernel, open };
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
