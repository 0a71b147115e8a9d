import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { UndoDesk } from '../../../../actors/responder/index.ts';
import { type Ip, parseCidr } from '../../../../core/base/ip.ts';
import type { Result } from '../../../../core/base/result.ts';
import { hours, minutes, plus, seconds } from '../../../../core/base/time.ts';
import type { BlockNetworkRequest, Reversible } from '../../../../core/respond/block.ts';
import type { Reversal } from '../../../../core/respond/reversal.ts';
import { UNDO_WINDOW } from '../../../../core/respond/undo.ts';
import { FakeKernel } from '../../../../native/nft/fake.ts';
import { blocking } from '../../../support/blocking.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { sampleFinding } from '../../../support/sample-finding.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const OPS = { actor: 'ops', origin: 'api' } as const;

async function world(perHour = 0) {
  const clock = new SimulatedClock();
  const kernel = new FakeKernel(clock, ['192.0.2.10']);
  const store = new MemoryStore();
  const house = blocking({ nft: kernel.open(), store, clock }, { perHour });
  await house.start();
  const held = async (set: string): Promise<readonly string[]> => {
    const listed = await kernel.open().list('bartizan', set);
    return listed.ok ? listed.value.map(({ key }) => key).sort() : [listed.code];
  };
  const { orders } = house.responder;
  const block = async (ip: string, length = hours(1)) => {
    const done = await orders.block({
      ...OPS,
      ip: ip as Ip,
      reason: 'r',
      expiresAt: plus(clock.now(), length),
      peer: 'local',
    });
    return done.ok ? done.value : assert.fail(done.public);
  };
  const attack = (ip: string) => house.responder.respond([{ finding: sampleFinding(ip, clock.now()), again: false }]);
  const network = (cidr: string, change: Partial<BlockNetworkRequest> = {}) => {
    const net = parseCidr(cidr);
    assert.ok(net.ok);
    const order = { ...OPS, network: net.value, reason: 'scan', expiresAt: 'never', peer: 'local', ...change } as const;
    return orders.blockNetwork(order);
  };
  const undo = async (reversal: Reversal) => {
    const done = await orders.reverse(reversal, OPS);
    return done.ok ? done.value : assert.fail(done.public);
  };
  return { ...house, orders, clock, kernel, store, held, block, attack, network, undo };
}

let w: Awaited<ReturnType<typeof world>>;
beforeEach(async () => {
  w = await world();
});

const value = <V>(result: { ok: true; value: V } | { ok: false; public: string }): V =>
  result.ok ? result.value : assert.fail(result.public);

test('what was unblocked stands again until the moment it would have ended, with reason, origin and past', async () => {
  await w.attack('203.0.113.7');
  const before = w.ledger.of('203.0.113.7' as Ip);
  const memory = w.planner.memoryOf('203.0.113.7' as Ip);
  assert.ok(before && memory.offence);
  w.clock.advance(minutes(10));
  const { reversal } = value(await w.orders.unblock({ ip: '203.0.113.7' as Ip, actor: 'ops' }));
  assert.deepEqual([await w.held('blocked4'), w.planner.memoryOf('203.0.113.7' as Ip).offence], [[], undefined]);
  assert.deepEqual(await w.undo(reversal), { count: 1 });
  const after = w.ledger.of('203.0.113.7' as Ip);
  assert.deepEqual(
    [after?.expiresAt, after?.reason, after?.origin, after?.actor, after?.findings],
    [before.expiresAt, before.reason, 'auto_response', 'ops', before.findings],
  );
  assert.notEqual(after?.id, before.id);
  assert.deepEqual(w.planner.memoryOf('203.0.113.7' as Ip), memory);
  assert.deepEqual(await w.held('blocked4'), ['203.0.113.7']);
});

test('a block that waited waits again', async () => {
  w = await world(1);
  for (const ip of ['203.0.113.1', '203.0.113.2']) await w.attack(ip);
  const { reversal } = value(await w.orders.unblock({ ip: '203.0.113.2' as Ip, actor: 'ops' }));
  assert.equal(w.planner.pending.length, 0);
  assert.deepEqual(await w.undo(reversal), { count: 1 });
  assert.deepEqual(
    w.planner.pending.map(({ decision }) => [decision.ip, decision.state]),
    [['203.0.113.2', 'pending']],
  );
});

test('a block that was made ends, and the one that it took the place of stands again without a gap', async () => {
  const first = await w.block('203.0.113.7', hours(5));
  const second = await w.block('203.0.113.7', hours(1));
  const fresh = await w.block('203.0.113.8');
  assert.deepEqual(await w.undo(second.reversal), { count: 1 });
  assert.equal(w.ledger.of('203.0.113.7' as Ip)?.expiresAt, first.expiresAt);
  assert.deepEqual(await w.undo(fresh.reversal), { count: 1 });
  assert.deepEqual(await w.held('blocked4'), ['203.0.113.7']);
});

test('what somebody decided since, what is over, and what is allowed by now stays as it is', async () => {
  for (const last of [1, 2, 3]) await w.block(`203.0.113.${last}`, last === 2 ? seconds(20) : hours(1));
  const ips = ['203.0.113.1', '203.0.113.2', '203.0.113.3'] as Ip[];
  const { reversal } = value(await w.orders.unblockAll(ips, 'ops'));
  const since = await w.block('203.0.113.1', hours(9));
  const allowed = { reason: '', origin: 'api', actor: 'ops', at: w.clock.now(), expiresAt: 'never' } as const;
  w.allowed.put({ ...allowed, subject: '203.0.113.3' });
  w.clock.advance(seconds(25));
  const { count, warning } = await w.undo(reversal);
  assert.equal(count, 0);
  assert.match(warning ?? '', /^3 blocks were over/);
  assert.equal(w.ledger.of('203.0.113.1' as Ip)?.id, since.id);
  assert.deepEqual(await w.held('blocked4'), ['203.0.113.1']);
});

test('a made block that ended meanwhile is not ended twice', async () => {
  const made = await w.block('203.0.113.7');
  await w.orders.unblock({ ip: '203.0.113.7' as Ip, actor: 'ops' });
  const other = await w.block('203.0.113.7', hours(2));
  assert.deepEqual(await w.undo(made.reversal), { count: 0 });
  assert.equal(w.ledger.of('203.0.113.7' as Ip)?.id, other.id);
});

test('a network is blocked by order, with another reason in its old place, and let go', async () => {
  value(await w.network('203.0.113.0/24'));
  const again = value(await w.network('203.0.113.0/24', { reason: 'worse', actor: 'root' }));
  assert.deepEqual([w.ledger.networks.size, again.origin, again.actor], [1, 'api', 'root']);
  assert.deepEqual(await w.held('blocked_nets4'), ['203.0.113.0/24']);
  assert.deepEqual(await w.undo(again.reversal), { count: 1 });
  assert.equal(w.ledger.networks.of('203.0.113.0/24')?.reason, 'scan');
  const gone = value(await w.orders.unblockNetwork({ network: '203.0.113.0/24', actor: 'ops' }));
  assert.deepEqual(await w.held('blocked_nets4'), []);
  assert.deepEqual(await w.undo(gone.reversal), { count: 1 });
  assert.deepEqual(await w.held('blocked_nets4'), ['203.0.113.0/24']);
});

for (const [cidr, code, change] of [
  ['0.0.0.0/7', 'too_broad', {}],
  ['2001:d00::/31', 'too_broad', {}],
  ['192.0.2.0/24', 'protected', {}],
  ['127.0.0.0/8', 'protected', {}],
  ['198.51.100.0/24', 'protected', {}],
  ['203.0.113.0/24', 'would_cut', { peer: '203.0.113.77' }],
] as const)
  test(`${cidr} is refused as ${code}`, async () => {
    const allowed = { reason: '', origin: 'api', actor: 'ops', at: w.clock.now(), expiresAt: 'never' } as const;
    w.allowed.put({ ...allowed, subject: '198.51.100.7' });
    const refused = await w.network(cidr, change);
    assert.ok(!refused.ok && refused.code === code, JSON.stringify(refused));
    assert.equal(w.ledger.networks.size, 0);
  });

test('who asks is not blocked either, as an address, unless for a reason', async () => {
  const ip = '203.0.113.77' as Ip;
  const order = { ...OPS, ip, reason: 'r', expiresAt: 'never', peer: '::ffff:203.0.113.77' } as const;
  const refused = await w.orders.block(order);
  assert.ok(!refused.ok && refused.code === 'would_cut', JSON.stringify(refused));
  assert.deepEqual([w.ledger.size, await w.held('blocked4')], [0, []]);
  assert.ok((await w.orders.block({ ...order, forcedBecause: 'I leave' })).ok);
  assert.ok((await w.orders.block({ ...order, peer: '203.0.113.78' })).ok);
});

test('who asks is cut only for a reason', async () => {
  assert.ok((await w.network('203.0.113.0/24', { peer: '203.0.113.77', forcedBecause: 'I leave' })).ok);
});

test('a network that the kernel refuses is not on the books', async () => {
  w.kernel.failNext('denied', 1);
  w.kernel.failNext('denied', 1);
  const refused = await w.network('203.0.113.0/24');
  assert.ok(!refused.ok && refused.code === 'failed');
  assert.equal(w.ledger.networks.size, 0);
});

test('observing, nothing is blocked and nothing taken back', async () => {
  const made = await w.block('203.0.113.7');
  w.state.mode = 'observe';
  const network = await w.network('203.0.113.0/24');
  const undone = await w.orders.reverse(made.reversal, OPS);
  assert.deepEqual([network.ok || network.code, undone.ok || undone.code], ['observing', 'observing']);
});

test('an unban lifts the block and the narrowest network around, and nothing is no error', async () => {
  await w.block('203.0.113.7');
  for (const cidr of ['203.0.0.0/16', '203.0.113.0/24']) value(await w.network(cidr));
  const { network, reversal } = value(await w.orders.unban({ ip: '203.0.113.7' as Ip, actor: 'ops' }));
  assert.equal(network, '203.0.113.0/24');
  assert.deepEqual([await w.held('blocked4'), await w.held('blocked_nets4')], [[], ['203.0.0.0/16']]);
  assert.deepEqual(await w.undo(reversal), { count: 2 });
  const free = value(await w.orders.unban({ ip: '198.51.100.1' as Ip, actor: 'ops' }));
  assert.deepEqual([free.network, free.reversal.ended], [undefined, []]);
});

test('a flush lifts everything, also what waits, and can be taken back whole', async () => {
  w = await world(1);
  for (const last of [1, 2, 3]) await w.attack(`203.0.113.${last}`);
  const many = Array.from({ length: 4100 }, (_, i) => someBlock(i));
  for (const one of many) w.ledger.put(one);
  assert.ok((await w.firewall.enforce(many)).ok);
  value(await w.network('198.51.100.0/24'));
  const { addresses, networks, reversal } = value(await w.orders.flush(OPS));
  assert.deepEqual([addresses, networks, w.ledger.size, w.planner.pending.length], [4103, 1, 0, 0]);
  assert.deepEqual([await w.held('blocked4'), await w.held('blocked_nets4')], [[], []]);
  const { count } = await w.undo(reversal);
  assert.deepEqual([count, w.ledger.size, w.planner.pending.length], [4104, 4101, 2]);
  assert.deepEqual(await w.held('blocked_nets4'), ['198.51.100.0/24']);
});

test('what is lifted while the disk refuses is lifted, said not to be on disk, and can be taken back', async () => {
  await w.block('203.0.113.1');
  const many = Array.from({ length: 4100 }, (_, i) => someBlock(i));
  for (const one of many) w.ledger.put(one);
  assert.ok((await w.firewall.enforce(many)).ok);
  value(await w.network('198.51.100.0/24'));
  let commits = 0;
  w.store.failing = () => ++commits > 1;
  const flushed = value(await w.orders.flush(OPS));
  assert.deepEqual([flushed.addresses, flushed.networks, w.ledger.size], [4101, 1, 0]);
  assert.match(flushed.warning ?? '', /^not on disk yet/);
  const undone = await w.undo(flushed.reversal);
  assert.deepEqual([undone.count, w.ledger.size, w.ledger.networks.size], [4102, 4101, 1]);
  assert.match(undone.warning ?? '', /^not on disk yet/);
  const ip = '203.0.113.1' as Ip;
  for (const lift of [
    (): Promise<Result<Reversible, string>> => w.orders.unblock({ ip, actor: 'ops' }),
    () => w.orders.unblockAll([ip], 'ops'),
    () => w.orders.unban({ ip, actor: 'ops' }),
  ]) {
    const { warning, reversal } = value(await lift());
    assert.match(warning ?? '', /^not on disk yet/);
    assert.equal(w.ledger.of(ip), undefined);
    assert.equal((await w.undo(reversal)).count, 1);
    assert.ok(w.ledger.of(ip));
  }
});

function someBlock(i: number) {
  const made = w.ledger.of('203.0.113.1' as Ip) ?? assert.fail();
  const id = `019b7000-0000-7000-9000-${i.toString(16).padStart(12, '0')}` as typeof made.id;
  return { ...made, id, ip: `10.1.${i >> 8}.${i & 255}` as Ip };
}

test('an order is kept for its operator as long as its window, and what is over is let go of', async () => {
  const desk = new UndoDesk({
    reverse: w.orders.reverse.bind(w.orders),
    clock: w.clock,
    random: { bytes: (n) => new Uint8Array(n).fill(7) },
  });
  const { reversal } = await w.block('203.0.113.7');
  const order = { action: 'block_ip', inverse: 'threat_bulk_unblock', summary: 's', reversal } as const;
  const id = desk.record('token a', order);
  assert.deepEqual([id, desk.latest('token a')?.id, desk.latest('token b')], ['07'.repeat(8), id, undefined]);
  const other = await desk.run('token b', id, OPS);
  assert.ok(!other.ok && other.code === 'gone');
  w.clock.advance(UNDO_WINDOW);
  assert.equal(desk.latest('token a'), undefined);
  desk.record('token a', order);
  const done = value(await desk.run('token a', '', OPS));
  assert.deepEqual(done, { count: 1, action: 'block_ip', inverse: 'threat_bulk_unblock' });
  desk.stop();
});
