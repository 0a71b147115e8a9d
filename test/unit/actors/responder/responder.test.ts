import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import type { Firewall, FirewallState, KernelBlock } from '../../../../actors/firewall/index.ts';
import { AllowBook, Ledger, Responder } from '../../../../actors/responder/index.ts';
import { contentId, type DecisionId } from '../../../../core/base/ids.ts';
import type { Ip } from '../../../../core/base/ip.ts';
import { fail, ok } from '../../../../core/base/result.ts';
import { hours, millis, minutes, plus } from '../../../../core/base/time.ts';
import type { Finding } from '../../../../core/detect/finding.ts';
import type { Decision, NetworkDecision, Outcome } from '../../../../core/respond/decision.ts';
import type { Mode } from '../../../../core/respond/mode.ts';
import { BlockPlanner, PLANNER_PRESETS } from '../../../../core/respond/planner.ts';
import { decisionIdOf } from '../../../../core/respond/policy.ts';
import { protectedNetworks } from '../../../../core/respond/protected.ts';
import { sampleFinding } from '../../../support/sample-finding.ts';
import { settled } from '../../../support/settled.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const IP = '203.0.113.7' as Ip;

const nameOf = (decision: Decision | NetworkDecision): string =>
  decision.kind === 'block' ? decision.ip : decision.network;

/** Kernel and disk as two maps. */
function bench() {
  const clock = new SimulatedClock();
  const kernel = new Map<string, KernelBlock>();
  const nets: string[] = [];
  const disk = new Map<DecisionId, Decision>();
  const told: Outcome[] = [];
  const state = {
    mode: 'enforce' as Mode,
    kernelFails: false,
    slowEnforce: [] as Promise<void>[],
    diskFails: false,
    memoryFails: false,
    ownUnknown: false,
    drifts: 0,
    at: 'enforcing' as FirewallState,
  };
  const refuse = { ok: false, code: 'denied', errno: 1, public: 'not permitted' } as const;
  const firewall: Firewall = {
    state: () => state.at,
    error: () => undefined,
    enable: async () => {},
    disable: async () => {},
    enforce: async (blocks) => {
      if (state.kernelFails) return refuse;
      for (const block of blocks) kernel.set(block.ip, block);
      await state.slowEnforce.shift();
      return ok(undefined);
    },
    release: async (ips) => {
      if (state.kernelFails) return refuse;
      for (const ip of ips) kernel.delete(ip);
      return ok(undefined);
    },
    letIn: async () => (state.kernelFails ? refuse : ok(undefined)),
    blockNetworks: async () => {
      if (state.kernelFails) return refuse;
      nets.splice(0, nets.length, ...[...ledger.networks.active()].map(({ network }) => network));
      return ok(undefined);
    },
    holds: () => true,
    remains: () => '',
    look: async () => {},
    drifted: () => void state.drifts++,
    protectedNetworks: async () => (state.ownUnknown ? refuse : ok(protectedNetworks(['192.0.2.10'], []))),
  };
  const ledger = new Ledger({
    in: async function* (wanted) {
      yield [...disk.values()].filter(({ state }) => state === wanted);
    },
    networks: async function* () {},
    memory: async function* () {},
    get: async (id) => disk.get(id),
    save: async ({ decisions, outcomes }, { sync }) => {
      if (state.diskFails && (sync || state.memoryFails)) return fail('lost', 'no disk');
      for (const decision of decisions) disk.set(decision.id, decision);
      told.push(...outcomes);
      return ok(undefined);
    },
  });
  const published: string[] = [];
  const allowed = new AllowBook();
  const responder = new Responder({
    ledger,
    planner: new BlockPlanner(PLANNER_PRESETS),
    allowed,
    firewall,
    clock,
    random: { bytes: (count) => new Uint8Array(count).fill(told.length + disk.size) },
    log: () => {},
    mode: () => state.mode,
    expiry: () => hours(24),
    publish: (decision, outcome) => published.push(`${nameOf(decision)} ${decision.state} ${outcome?.result ?? '-'}`),
  });
  return { clock, kernel, disk, told, published, state, allowed, ledger, responder };
}

const findingAt = (clock: SimulatedClock): Finding => sampleFinding(IP, clock.now());

let b: ReturnType<typeof bench>;
beforeEach(() => {
  b = bench();
});

const manual = (change: Partial<Parameters<Responder['orders']['block']>[0]> = {}) =>
  b.responder.orders.block({
    ip: IP,
    reason: 'r',
    expiresAt: plus(b.clock.now(), hours(1)),
    origin: 'api',
    actor: 'ops',
    peer: 'local',
    ...change,
  });

test('a finding is enforced, recorded and told', async () => {
  const finding = findingAt(b.clock);
  await b.responder.respond([{ finding, again: false }]);
  assert.equal(b.kernel.get(IP)?.id, decisionIdOf(finding));
  assert.equal(b.disk.get(decisionIdOf(finding))?.state, 'active');
  assert.equal(b.told[0]?.result, 'enforced');
});

test('in dry run it is recorded and counted, and the kernel untouched', async () => {
  b.state.mode = 'dry_run';
  const finding = findingAt(b.clock);
  await b.responder.respond([{ finding, again: false }]);
  assert.equal(b.kernel.size, 0);
  assert.equal(b.responder.dryRuns, 1);
  assert.equal(b.disk.get(decisionIdOf(finding))?.state, 'dry_run');
});

test('a re-fed finding that was decided and lifted stays lifted', async () => {
  const finding = findingAt(b.clock);
  await b.responder.respond([{ finding, again: false }]);
  assert.ok((await b.responder.orders.unblock({ ip: IP, actor: 'ops' })).ok);
  await b.responder.respond([{ finding, again: true }]);
  assert.equal(b.kernel.size, 0);
  assert.equal(b.disk.get(decisionIdOf(finding))?.state, 'lifted');
});

test('a recovered block gets its reason back from the re-fed finding', async () => {
  const finding = findingAt(b.clock);
  await b.responder.adopt([{ ip: IP, id: decisionIdOf(finding), expiresAt: plus(b.clock.now(), hours(24)) }]);
  assert.equal(b.ledger.of(IP)?.origin, 'recovered');
  await b.responder.respond([{ finding, again: true }]);
  assert.equal(b.ledger.of(IP)?.origin, 'auto_response');
  assert.deepEqual(b.ledger.of(IP)?.findings, [finding.id]);
});

test('a block that stands longer is left alone by a finding', async () => {
  await manual({ expiresAt: 'never' });
  await b.responder.respond([{ finding: findingAt(b.clock), again: false }]);
  assert.equal(b.ledger.of(IP)?.origin, 'api');
});

test('a second block by hand replaces the first: one stands, the other is lifted', async () => {
  const first = await manual();
  b.clock.advance(1000);
  const second = await manual({ reason: 'again' });
  assert.ok(first.ok && second.ok);
  assert.equal(b.disk.get(first.value.id)?.state, 'lifted');
  assert.equal(b.kernel.get(IP)?.id, second.value.id);
  assert.deepEqual(
    [...b.ledger.active()].map((d) => d.id),
    [second.value.id],
  );
});

test('a block that is lifted before it was done is lifted on disk too', async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  b.state.slowEnforce.push(promise);
  const made = manual();
  await settled();
  assert.ok((await b.responder.orders.unblock({ ip: IP, actor: 'ops' })).ok);
  resolve();
  assert.ok((await made).ok);
  assert.deepEqual([b.kernel.size, [...b.disk.values()].map(({ state }) => state)], [0, ['lifted']]);
});

test('a kernel that refuses leaves what stood before', async () => {
  const first = await manual();
  b.state.kernelFails = true;
  const second = await manual({ reason: 'again' });
  assert.equal(second.ok, false);
  assert.ok(first.ok);
  assert.equal(b.ledger.of(IP)?.id, first.value.id);
});

test('a finding whose block the kernel refuses stays wanted, for the next sync', async () => {
  b.state.kernelFails = true;
  await b.responder.respond([{ finding: findingAt(b.clock), again: false }]);
  assert.equal(b.ledger.of(IP)?.state, 'active');
  assert.equal(b.told[0]?.result, 'failed');
});

test('own addresses are refused, with the reason', async () => {
  const refused = await manual({ ip: '192.0.2.10' as Ip });
  assert.ok(!refused.ok && refused.code === 'protected');
  assert.match(refused.public, /an address of this host/);
});

test('observing refuses by hand', async () => {
  b.state.mode = 'observe';
  const refused = await manual();
  assert.ok(!refused.ok && refused.code === 'observing');
});

test('a block ends by the wall clock, not a second early', async () => {
  b.responder.start();
  const made = await manual({ expiresAt: plus(b.clock.now(), minutes(1)) });
  assert.ok(made.ok);
  b.clock.advance(59_999);
  assert.equal(b.ledger.size, 1);
  b.clock.advance(2001);
  assert.equal(b.ledger.size, 0);
  await new Promise(setImmediate);
  assert.equal(b.disk.get(made.value.id)?.state, 'expired');
  b.responder.stop();
  assert.equal(b.clock.pending, 0);
});

test('a clock set a day ahead ends what is due, once', async () => {
  b.responder.start();
  await manual();
  await manual({ ip: '203.0.113.8' as Ip, expiresAt: 'never' });
  b.clock.set(b.clock.now() + 86_400_000);
  b.clock.advance(1000);
  assert.deepEqual(
    [...b.ledger.active()].map((d) => d.ip),
    ['203.0.113.8'],
  );
  b.responder.stop();
});

test('load brings back what was active', async () => {
  await manual();
  const again = new Ledger({
    in: async function* () {
      yield [...b.disk.values()];
    },
    networks: async function* () {},
    memory: async function* () {},
    get: async () => undefined,
    save: async () => ok(undefined),
  });
  await again.load();
  assert.equal(again.of(IP)?.reason, 'r');
});

test('ids of ended decisions are known to the firewall before the disk says so', async () => {
  const made = await manual();
  assert.ok(made.ok);
  assert.equal(await b.ledger.hasEnded(made.value.id), false);
  b.state.diskFails = true;
  b.state.memoryFails = true;
  assert.ok((await b.responder.orders.unblock({ ip: IP, actor: 'ops' })).ok);
  assert.equal(b.disk.get(made.value.id)?.state, 'active');
  assert.equal(await b.ledger.hasEnded(made.value.id), true);
  assert.equal(await b.ledger.hasEnded(contentId(millis(1), ['x']) as DecisionId), false);
});

test('an unblock that no disk takes holds: kept in memory, and saved with the next chance', async () => {
  const made = await manual();
  assert.ok(made.ok);
  b.state.diskFails = true;
  b.state.memoryFails = true;
  const told = await b.responder.orders.unblock({ ip: IP, actor: 'ops' });
  assert.ok(told.ok && /^not on disk yet/.test(told.value.warning ?? ''));
  assert.equal(b.kernel.size, 0);
  assert.equal(b.disk.get(made.value.id)?.state, 'active');
  assert.equal((await b.ledger.find(made.value.id))?.state, 'lifted');
  b.state.diskFails = false;
  b.responder.start();
  b.clock.advance(1000);
  await settled();
  assert.equal(b.disk.get(made.value.id)?.state, 'lifted');
  b.responder.stop();
});

test('what only the disk refused is in its memory already', async () => {
  b.state.diskFails = true;
  const made = await manual();
  assert.ok(!made.ok && made.code === 'failed');
  assert.equal(b.disk.size, 1);
});

test('a kernel that cannot let go does not keep the block on the books', async () => {
  await manual();
  b.state.kernelFails = true;
  const lifted = await b.responder.orders.unblock({ ip: IP, actor: 'ops' });
  assert.ok(lifted.ok);
  assert.match(lifted.value.warning ?? '', /kernel could not be changed yet/);
  assert.equal(b.ledger.size, 0);
});

test('a block by hand that fails does not end what somebody decided meanwhile', async () => {
  const finding = findingAt(b.clock);
  b.state.kernelFails = true;
  const failing = manual();
  await b.responder.respond([{ finding: { ...finding, at: plus(finding.at, hours(9)) }, again: false }]);
  assert.equal((await failing).ok, false);
  assert.equal(b.ledger.of(IP)?.origin, 'auto_response');
});

test('a recovered block gets its reason back though the finding was never recorded', async () => {
  const finding = findingAt(b.clock);
  await b.responder.adopt([{ ip: IP, id: decisionIdOf(finding), expiresAt: plus(b.clock.now(), hours(24)) }]);
  await b.responder.respond([{ finding, again: false }]);
  assert.deepEqual(b.ledger.of(IP)?.findings, [finding.id]);
  assert.equal(b.disk.get(decisionIdOf(finding))?.origin, 'auto_response');
});

test('adopting leaves alone an address that stands', async () => {
  const made = await manual();
  assert.ok(made.ok);
  await b.responder.adopt([{ ip: IP, id: contentId(millis(1), ['other']) as DecisionId, expiresAt: 'never' }]);
  assert.equal(b.ledger.of(IP)?.id, made.value.id);
});

test('what the kernel has no room for is refused on the books', async () => {
  const made = await manual();
  assert.ok(made.ok);
  await b.responder.refuse([made.value], 'full');
  assert.equal(b.ledger.size, 0);
  assert.equal(b.disk.get(made.value.id)?.note, 'full');
});

test('when the own addresses are unknown, nothing is blocked and it is said', async () => {
  b.state.ownUnknown = true;
  const finding = findingAt(b.clock);
  await b.responder.respond([{ finding, again: false }]);
  assert.equal(b.kernel.size, 0);
  assert.match(b.disk.get(decisionIdOf(finding))?.note ?? '', /addresses of this host are unknown/);
  assert.equal((await manual()).ok, false);
});

test('while observing, what an earlier run left in the kernel can be lifted', async () => {
  await manual();
  b.state.mode = 'observe';
  b.state.at = 'off';
  assert.equal((await b.responder.orders.unblock({ ip: IP, actor: 'ops' })).ok, false);
  b.state.at = 'residual';
  assert.ok((await b.responder.orders.unblock({ ip: IP, actor: 'ops' })).ok);
  assert.equal(b.kernel.size, 0);
});

test('a clock that was set is told to the firewall, and ended blocks leave the kernel', async () => {
  b.responder.start();
  await manual();
  b.clock.set(b.clock.now() + 86_400_000);
  b.clock.advance(1000);
  await settled();
  assert.equal(b.state.drifts, 1);
  assert.equal(b.kernel.size, 0);
  b.responder.stop();
});

test('every decision is told with its outcome, as it is made and as it ends', async () => {
  await b.responder.respond([{ finding: findingAt(b.clock), again: false }]);
  await manual({ ip: '203.0.113.8' as Ip });
  await manual({ ip: '203.0.113.8' as Ip, reason: 'again' });
  await b.responder.orders.unblock({ ip: IP, actor: 'ops' });
  b.state.mode = 'dry_run';
  await b.responder.respond([{ finding: sampleFinding('203.0.113.9', b.clock.now()), again: false }]);
  assert.deepEqual(b.published, [
    '203.0.113.7 active enforced',
    '203.0.113.8 active enforced',
    '203.0.113.8 lifted lifted',
    '203.0.113.8 active enforced',
    '203.0.113.7 lifted lifted',
    '203.0.113.9 dry_run -',
  ]);
});

const allow = (subject: string) =>
  b.allowed.put({ subject, reason: 'monitoring', origin: 'api', actor: 'ops', at: b.clock.now(), expiresAt: 'never' });

test('what is allowed is blocked neither by a finding nor by hand, with the reason', async () => {
  allow('203.0.113.0/24');
  const finding = findingAt(b.clock);
  await b.responder.respond([{ finding, again: false }]);
  const decided = b.disk.get(decisionIdOf(finding));
  assert.deepEqual(
    [decided?.state, decided?.note],
    ['refused', '203.0.113.7 must not be blocked: 203.0.113.0/24 is allowed by ops (monitoring)'],
  );
  const refused = await manual();
  assert.ok(!refused.ok && refused.code === 'protected');
  assert.equal(b.kernel.size, 0);
});

test('an allow lifts the blocks it covers and no other', async () => {
  await manual();
  await manual({ ip: '198.51.100.7' as Ip });
  allow('203.0.113.0/24');
  await b.responder.liftAllowed('ops');
  assert.deepEqual([...b.kernel.keys()], ['198.51.100.7']);
  const lifted = [...b.disk.values()].find(({ state }) => state === 'lifted');
  assert.deepEqual([lifted?.ip, lifted?.note], [IP, 'allowed by ops']);
});

test('many are lifted at once, in one save; what is not blocked counts as done', async () => {
  await manual();
  await manual({ ip: '203.0.113.8' as Ip });
  const lifted = await b.responder.orders.unblockAll([IP, '203.0.113.8', '203.0.113.9'] as Ip[], 'ops');
  assert.ok(lifted.ok && lifted.value.warning === undefined);
  assert.deepEqual([lifted.value.count, lifted.value.reversal.ended.map(nameOf)], [3, [IP, '203.0.113.8']]);
  assert.equal(b.kernel.size, 0);
  b.state.kernelFails = true;
  await b.responder.orders.unblockAll([IP], 'ops');
  b.state.mode = 'observe';
  b.state.at = 'off';
  const observing = await b.responder.orders.unblockAll([IP], 'ops');
  assert.ok(!observing.ok && observing.code === 'observing');
});

test('observing, an allow ends what stood for later', async () => {
  await manual();
  b.state.mode = 'observe';
  b.state.at = 'off';
  allow('203.0.113.7');
  await b.responder.liftAllowed('ops');
  assert.equal(b.ledger.size, 0);
  assert.equal(b.told.at(-1)?.result, 'lifted');
});
