import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ip } from '../../../../core/base/ip.ts';
import { hours, type Millis, minutes, plus } from '../../../../core/base/time.ts';
import type { Finding } from '../../../../core/detect/finding.ts';
import { decisions, networkDecisions, outcomes } from '../../../../core/keys/records.ts';
import { decisionIdOf } from '../../../../core/respond/policy.ts';
import { SUBNETS } from '../../../../core/respond/subnets.ts';
import { FakeKernel } from '../../../../native/nft/fake.ts';
import { type Act, blocking } from '../../../support/blocking.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { sampleFinding } from '../../../support/sample-finding.ts';
import { settled } from '../../../support/settled.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

function world() {
  const clock = new SimulatedClock();
  const kernel = new FakeKernel(clock, ['192.0.2.10']);
  const store = new MemoryStore();
  const open = (settings: Parameters<typeof blocking>[1] = {}, act?: Act) =>
    blocking({ nft: kernel.open(), store, clock }, settings, act);
  const held = async (set: string): Promise<readonly string[]> => {
    const listed = await kernel.open().list('bartizan', set);
    return listed.ok ? listed.value.map(({ key, comment }) => `${key} ${comment}`).sort() : [listed.code];
  };
  const passes = (saddr: string) => kernel.judge({ iif: 'eth0', saddr }) === 'accept';
  return { clock, kernel, store, open, held, passes };
}

type Running = ReturnType<ReturnType<typeof world>['open']>;

const attack = (last: number, at: Millis): Finding => sampleFinding(`203.0.113.${last}`, at);
const feed = (running: Running, findings: readonly Finding[], again = false): Promise<void> =>
  running.responder.respond(findings.map((finding) => ({ finding, again })));
const waiting = ({ planner }: Running): readonly string[] => planner.pending.map(({ decision }) => decision.ip);
const blocked = ({ ledger }: Running): readonly string[] => [...ledger.active()].map(({ ip }) => ip).sort();

/** The wall clock leaps, as after a sleep of the machine, and the next sweep sees it. */
async function later({ clock }: ReturnType<typeof world>, length: Millis): Promise<void> {
  clock.set(plus(clock.now(), length) - 1000);
  clock.advance(1000);
  for (let i = 0; i < 5; i++) await settled();
}

test('of 60 attackers within an hour 50 are cut and 10 wait; their turns come an hour later', async () => {
  const w = world();
  const running = w.open();
  await running.start();
  const findings = Array.from({ length: 60 }, (_, i) => attack(i + 1, w.clock.now()));
  await feed(running, findings);
  assert.deepEqual([running.ledger.size, (await w.held('blocked4')).length, waiting(running).length], [50, 50, 10]);
  await feed(running, findings);
  await feed(running, findings, true);
  assert.deepEqual([running.ledger.size, waiting(running).length], [50, 10], 'decided once');
  await later(w, minutes(59));
  assert.equal(running.ledger.size, 50);
  await later(w, minutes(2));
  assert.deepEqual([running.ledger.size, (await w.held('blocked4')).length, waiting(running).length], [60, 60, 0]);
  running.responder.stop();
});

test('what waits is lifted by hand, taken by a block by hand, and ended by an allow', async () => {
  const w = world();
  const running = w.open({ perHour: 1 });
  await running.start();
  const findings = [1, 2, 3, 4].map((last) => attack(last, w.clock.now()));
  await feed(running, findings);
  const by = { origin: 'api', actor: 'ops', reason: 'r', expiresAt: 'never' } as const;
  assert.ok((await running.responder.orders.unblock({ ip: '203.0.113.2' as Ip, actor: 'ops' })).ok);
  assert.ok((await running.responder.orders.block({ ...by, ip: '203.0.113.3' as Ip, peer: 'local' })).ok);
  running.allowed.put({ ...by, subject: '203.0.113.4', at: w.clock.now() });
  await running.responder.liftAllowed('ops');
  const told = await Promise.all(findings.map((finding) => running.ledger.find(decisionIdOf(finding))));
  assert.deepEqual(
    told.map((decision) => [decision?.state, decision?.note]),
    [
      ['active', undefined],
      ['lifted', 'unblocked by ops'],
      ['lifted', 'blocked by ops'],
      ['lifted', 'allowed by ops'],
    ],
  );
  assert.deepEqual(waiting(running), []);
  await later(w, hours(2));
  assert.deepEqual(blocked(running), ['203.0.113.1', '203.0.113.3']);
  running.responder.stop();
});

test('while nothing is enforced nobody gets a turn; after two hours it is given up', async () => {
  const w = world();
  const running = w.open({ perHour: 1 });
  await running.start();
  const findings = [1, 2].map((last) => attack(last, w.clock.now()));
  await feed(running, findings);
  running.state.mode = 'dry_run';
  await later(w, minutes(90));
  assert.deepEqual(waiting(running), ['203.0.113.2']);
  await later(w, minutes(31));
  assert.deepEqual([waiting(running), running.planner.queue.givenUp], [[], 1]);
  const [, second] = findings;
  const given = second && (await running.records.get(decisions, [decisionIdOf(second)]));
  assert.equal(given?.state, 'expired');
  running.responder.stop();
});

test('a source blocked before is blocked longer, also after a restart, unless a person forgave it', async () => {
  const w = world();
  const lengthOf = (running: Running, ip: string) => {
    const standing = running.ledger.of(ip);
    return standing && standing.expiresAt !== 'never' ? (standing.expiresAt - standing.at) / hours(1) : standing;
  };
  let running = w.open();
  await running.start();
  await feed(running, [attack(1, w.clock.now()), attack(2, w.clock.now())]);
  await running.responder.orders.unblock({ ip: '203.0.113.2' as Ip, actor: 'ops' });
  await later(w, hours(25));
  running.responder.stop();
  running = w.open();
  await running.start();
  await feed(running, [attack(1, w.clock.now()), attack(2, w.clock.now())]);
  assert.deepEqual([lengthOf(running, '203.0.113.1'), lengthOf(running, '203.0.113.2')], [144, 24]);
  running.responder.stop();
});

test('the network of three is cut, but for what is allowed; it ends with them, or by hand', async () => {
  const w = world();
  const running = w.open({ subnets: SUBNETS });
  await running.start();
  running.allowed.put({
    subject: '203.0.113.9',
    reason: '',
    origin: 'api',
    actor: 'ops',
    at: w.clock.now(),
    expiresAt: 'never',
  });
  await running.firewall.letIn();
  const six = ['2001:db8::1', '2001:db8::2', '2001:db8::3'].map((ip) => sampleFinding(ip, w.clock.now()));
  await feed(running, [1, 2, 3].map((last) => attack(last, w.clock.now())).concat(six));
  assert.deepEqual(['203.0.113.4', '203.0.113.9', '203.0.114.4', '2001:db8::4', '2001:db8:0:1::4'].map(w.passes), [
    false,
    true,
    true,
    false,
    true,
  ]);
  const found = ['203.0.113.4', '203.0.113.9', '203.0.114.4'].map((ip) => running.networkOf(ip as Ip)?.network);
  assert.deepEqual(found, ['203.0.113.0/24', undefined, undefined]);
  const lifted = await running.responder.orders.unblockNetwork({ network: '2001:db8::/64', actor: 'ops' });
  assert.ok(lifted.ok && lifted.value.warning === undefined);
  assert.deepEqual(['2001:db8::4', '2001:db8::3', '203.0.113.4'].map(w.passes), [true, false, false]);
  assert.equal((await running.responder.orders.unblockNetwork({ network: '2001:db8::/64', actor: 'ops' })).ok, false);
  await later(w, hours(25));
  assert.ok(w.passes('203.0.113.4'));
  assert.deepEqual([running.ledger.networks.size, await w.held('blocked_nets4')], [0, []]);
  running.responder.stop();
});

test('a network that is allowed as a whole is not blocked any more', async () => {
  const w = world();
  const running = w.open({ subnets: SUBNETS });
  await running.start();
  await feed(
    running,
    [1, 2, 3].map((last) => attack(last, w.clock.now())),
  );
  const by = { reason: '', origin: 'api', actor: 'ops', at: w.clock.now(), expiresAt: 'never' } as const;
  running.allowed.put({ ...by, subject: '203.0.113.0/25' });
  await running.responder.liftAllowed('ops');
  assert.deepEqual([running.ledger.size, running.ledger.networks.size], [0, 1]);
  running.allowed.put({ ...by, subject: '203.0.0.0/16' });
  await running.responder.liftAllowed('ops');
  assert.deepEqual([running.ledger.networks.size, await w.held('blocked_nets4')], [0, []]);
  running.responder.stop();
});

/** Lets so many effects happen; then nothing does any more, as after kill -9. */
function mortal(effects: number): { readonly act: Act; readonly life: { left: number } } {
  const life = { left: effects };
  return { life, act: (effect) => (life.left-- > 0 ? effect() : new Promise(() => {})) };
}

/** Batches of findings with sweeps between them. @returns those whose batch was acknowledged */
async function story(
  w: ReturnType<typeof world>,
  running: Running,
  life: { readonly left: number },
  batches: readonly (readonly Finding[])[],
) {
  const acknowledged = new Set<Finding>();
  running.start().then(
    async () => {
      for (const batch of batches) {
        await feed(running, batch);
        for (const finding of batch) acknowledged.add(finding);
      }
    },
    () => {},
  );
  for (let i = 0; i < 10; i++) await settled();
  for (let i = 0; i < 6 && life.left >= 0; i++) await later(w, minutes(15));
  running.responder.stop();
  return acknowledged;
}

test('killed after any effect: no pending block lost, nothing decided twice, the cap kept, kernel as decided', async () => {
  const settings = { perHour: 3, subnets: SUBNETS };
  let completed = false;
  for (let effects = 0; !completed; effects++) {
    assert.ok(effects < 100, 'the story ends');
    const w = world();
    const at = w.clock.now();
    const batches = [[1, 2], [3, 4, 5, 6], [7]].map((batch) => batch.map((last) => attack(last, at)));
    const findings = batches.flat();
    const { act, life } = mortal(effects);
    const killed = w.open(settings, act);
    const acknowledged = await story(w, killed, life, batches);
    completed = life.left >= 0;
    const kept = findings.filter((finding) => acknowledged.has(finding));

    const cut = [...(await w.held('blocked4')), ...(await w.held('blocked_nets4'))];
    const running = w.open(settings);
    await running.start();
    const held = [...(await w.held('blocked4')), ...(await w.held('blocked_nets4')), 'missing'];
    assert.deepEqual(
      cut.filter((element) => !held.includes(element)),
      [],
      `let in by the start, after ${effects} effects`,
    );
    assert.deepEqual(
      kept.filter(({ subject }) => !blocked(running).concat(waiting(running)).includes(subject.value)),
      [],
      `acknowledged and lost, after ${effects} effects`,
    );
    await feed(running, findings.filter((finding) => !acknowledged.has(finding)).slice(0, 3));
    await feed(running, findings, true);
    const told = `after ${effects} effects: ${blocked(running).join()} and waiting ${waiting(running).join()}`;
    assert.deepEqual(
      [...blocked(running), ...waiting(running)].sort(),
      findings.map(({ subject }) => subject.value).sort(),
      told,
    );
    const standing = [...running.ledger.active()];
    assert.deepEqual(
      standing.map(({ id }) => id).filter((id) => !findings.some((finding) => decisionIdOf(finding) === id)),
      [],
      told,
    );
    assert.ok(
      standing.every(({ origin }) => origin === 'auto_response'),
      told,
    );
    assert.deepEqual(await w.held('blocked4'), standing.map(({ ip, id }) => `${ip} ${id}`).sort(), told);
    assert.deepEqual(
      (await w.held('blocked_nets4')).map((element) => element.split(' ')[0]),
      standing.length >= 3 ? ['203.0.113.0/24'] : [],
      told,
    );
    await checkDisk(running, told);
    const times = await enforcedAt(running);
    const rush = times.filter((at, i) => (times[i + settings.perHour] ?? Number.POSITIVE_INFINITY) < at + hours(1));
    assert.deepEqual(rush, [], `more than ${settings.perHour} within an hour, ${told}`);
    running.responder.stop();
  }
});

/** When the kernel first took each block, by the records. */
async function enforcedAt({ records }: Running): Promise<readonly Millis[]> {
  const first = new Map<string, Millis>();
  for await (const [, { decision, at, result }] of records.list(outcomes, [])) {
    const isBlock = (await records.get(decisions, [decision])) !== undefined;
    if (isBlock && result === 'enforced' && !first.has(decision)) first.set(decision, at);
  }
  return [...first.values()].sort((a, b) => a - b);
}

async function checkDisk({ records, ledger, planner }: Running, told: string): Promise<void> {
  const states = new Map<string, string[]>();
  for await (const [, { ip, state }] of records.list(decisions, []))
    states.set(state, [...(states.get(state) ?? []), ip]);
  assert.deepEqual(states.get('active')?.sort() ?? [], [...ledger.active()].map(({ ip }) => ip).sort(), told);
  assert.deepEqual(
    states.get('pending')?.sort() ?? [],
    planner.pending.map(({ decision }) => decision.ip).sort(),
    told,
  );
  const networks: string[] = [];
  for await (const [, { network }] of records.find(networkDecisions, 'state', ['active'])) networks.push(network);
  assert.deepEqual(
    networks,
    [...ledger.networks.active()].map(({ network }) => network),
    told,
  );
}

test('blocks on record as waiting are in line though what the planner remembered is lost', async () => {
  const w = world();
  let running = w.open({ perHour: 1 });
  await running.start();
  await feed(
    running,
    [1, 2, 3].map((last) => attack(last, w.clock.now())),
  );
  running.responder.stop();
  await running.records.write((writes) =>
    writes.put(decisions, ['x'], { ...sample(running), ip: '203.0.113.7' as Ip }),
  );
  running = w.open({ perHour: 1 });
  await running.start();
  assert.deepEqual([...waiting(running)].sort(), ['203.0.113.2', '203.0.113.3', '203.0.113.7']);
  running.responder.stop();
});

const sample = ({ planner }: Running) => planner.pending[0]?.decision ?? assert.fail('nobody waits');

test('a block that the planner remembers as waiting is on record after the start', async () => {
  const w = world();
  let running = w.open({ perHour: 1 });
  await running.start();
  const findings = [1, 2].map((last) => attack(last, w.clock.now()));
  await feed(running, findings);
  running.responder.stop();
  const { id } = sample(running);
  await running.records.write((writes) => writes.delete(decisions, [id]));
  running = w.open({ perHour: 1 });
  await running.start();
  await feed(running, findings);
  assert.equal((await running.records.get(decisions, [id]))?.state, 'pending');
  assert.deepEqual(waiting(running), ['203.0.113.2']);
  running.responder.stop();
});

test('what the disk refused of the planner is saved with the next chance', async () => {
  const w = world();
  let running = w.open();
  await running.start();
  w.store.failing = () => true;
  await feed(running, [attack(1, w.clock.now())]);
  w.store.failing = () => false;
  await later(w, hours(25));
  running.responder.stop();
  running = w.open();
  await running.start();
  await feed(running, [attack(1, w.clock.now())]);
  const standing = running.ledger.of('203.0.113.1');
  assert.equal(standing?.expiresAt, plus(standing?.at ?? w.clock.now(), hours(144)));
  running.responder.stop();
});
