import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hours, millis, minutes, plus, seconds } from '../../../../core/base/time.ts';
import type { Hex } from '../../../../core/link/hex.ts';
import type { Command } from '../../../../core/link/order.ts';
import { OrdersLife, OrdersWorld, quiet } from '../../../support/link/orders-site.ts';
import { commandOrder, idAt, NOW, order, sealed, setOf, testKey } from '../../../support/link-orders.ts';

const [ops, guard, next] = [testKey('ops'), testKey('guard', ['block', 'unblock']), testKey('next')];
const block = (target: string, reason = ''): Command => ({ kind: 'block', target, reason, lasts: 'forever' });

async function site() {
  const world = new OrdersWorld(ops, guard);
  const life = new OrdersLife(world);
  await quiet();
  life.open();
  return { world, life };
}

const told = (command: Command, fill: number, ...keys: readonly (typeof ops)[]) =>
  sealed(commandOrder(command, { id: idAt(NOW, fill) }), ...(keys.length === 0 ? [ops] : keys)).bytes;

async function reborn(world: OrdersWorld, old: OrdersLife): Promise<OrdersLife> {
  old.kill();
  const life = new OrdersLife(world);
  await quiet();
  life.open();
  await quiet();
  return life;
}

test('a command is done once, however often it comes, and answered each time', async () => {
  const { world, life } = await site();
  const bytes = told(block('192.0.2.1', 'why'), 1, guard);
  for (let i = 0; i < 3; i++) {
    await life.deliver(bytes);
    await quiet();
  }
  assert.deepEqual([...world.blocks], [['192.0.2.1', 'blocked why']]);
  assert.equal(world.deeds.length, 1);
  assert.deepEqual(
    world.results.map(({ state }) => state),
    ['done', 'done', 'done'],
  );
  assert.deepEqual(
    world.notes.map(({ action, actor }) => `${action} ${actor}`),
    ['order_block guard', 'refuse_order guard'],
  );
});

test('what was accepted is done after a kill, and its result told', async () => {
  const { world, life } = await site();
  life.dying = { commits: 0, isKept: true };
  void life.deliver(told(block('192.0.2.1'), 1));
  await quiet();
  assert.equal(world.blocks.size, 0);
  await reborn(world, life);
  assert.equal(world.blocks.size, 1);
  assert.equal(world.resultOf(idAt(NOW, 1))?.state, 'done');
});

test('a restart is booked before it happens, and happens once', async () => {
  const { world, life } = await site();
  await life.deliver(told({ kind: 'restart', reason: '' }, 1));
  await quiet();
  assert.equal(world.restarts, 1);
  const again = await reborn(world, life);
  await again.deliver(told({ kind: 'restart', reason: '' }, 1));
  await quiet();
  assert.equal(world.restarts, 1);
  assert.equal(world.resultOf(idAt(NOW, 1))?.state, 'done');
});

test('nothing is done that cannot be written down', async () => {
  const { world, life } = await site();
  world.disk.failing = () => true;
  await life.deliver(told(block('192.0.2.1'), 1));
  await quiet();
  assert.equal(world.blocks.size, 0);
  assert.deepEqual(
    world.results.map(({ state, code }) => `${state} ${code}`),
    ['refused not_kept'],
  );
});

test('a result waits for a connection, with its detail', async () => {
  const world = new OrdersWorld(ops);
  const life = new OrdersLife(world);
  await life.deliver(told({ kind: 'diagnostics', log: seconds(60) }, 1));
  await quiet();
  assert.equal(world.results.length, 0);
  const second = await reborn(world, life);
  assert.deepEqual(
    world.results.map(({ state, detail }) => [state, ...detail]),
    [['done', 1, 2, 3]],
  );
  await reborn(world, second);
  assert.equal(world.results.length, 1);
});

test('refusals are written down once a minute a kind and key, and counted', async () => {
  const { world, life } = await site();
  for (let i = 0; i < 50; i++) await life.deliver(told({ kind: 'restart', reason: '' }, i, guard));
  for (let i = 0; i < 50; i++) await life.deliver(told(block('192.0.2.1'), i, next));
  await life.deliver(Uint8Array.of(1, 2, 3));
  await quiet();
  const codes = () => world.notes.map(({ details: { code, not_told: count } }) => `${code} ${count}`);
  assert.deepEqual(codes(), ['kind_not_allowed 0', 'unknown_key 0', 'malformed 0']);
  assert.equal(world.restarts + world.deeds.length, 0);
  const refused = { kind_not_allowed: 50, unknown_key: 50, malformed: 1 };
  assert.deepEqual(life.orders.counters(), { taken: 0, refused });
  // Who did not sign gets no answer.
  assert.equal(world.results.length, 50);
  world.clock.advance(minutes(2));
  await life.deliver(told({ kind: 'restart', reason: '' }, 99, guard));
  assert.equal(codes().at(-1), 'kind_not_allowed 49');
});

test('while the clock is not set orders wait on disk, and are done once it is', async () => {
  const { world, life } = await site();
  world.isClockSet = false;
  await life.deliver(told(block('192.0.2.1'), 1));
  await quiet();
  assert.equal(world.deeds.length + world.notes.length, 0);
  const second = await reborn(world, life);
  world.isClockSet = true;
  world.clock.advance(seconds(30));
  await quiet();
  assert.equal(world.deeds.length, 1);
  await reborn(world, second);
  assert.equal(world.deeds.length, 1);
});

test('what was signed by keys that come later is done once they have come, and nothing else is', async () => {
  const { world, life } = await site();
  const stranger = testKey('stranger');
  for (let i = 0; i < 100; i++) await life.deliver(told(block(`198.51.100.${i}`), 100 + i, stranger));
  await life.deliver(told(block('192.0.2.1'), 1, next));
  await life.deliver(told(block('192.0.2.2'), 2, next));
  await quiet();
  assert.equal(world.blocks.size, 0);
  const rotation = order({ kind: 'keys', keys: setOf(next) }, { generation: 2, appliance: 'everybody' });
  await life.deliver(sealed(rotation, ops, next).bytes);
  await quiet();
  assert.deepEqual([...world.blocks.keys()], ['192.0.2.1', '192.0.2.2']);
  assert.equal(world.resultOf(idAt(NOW, 2))?.state, 'done');
});

test('other keys take the place of the ring at once and for good; an enrolment brings its own', async () => {
  const { world, life } = await site();
  const rotation = order({ kind: 'keys', keys: setOf(next) }, { generation: 2, appliance: 'everybody' });
  await life.deliver(sealed(rotation, ops, next).bytes);
  await life.deliver(told(block('192.0.2.1'), 1));
  await life.deliver(told(block('192.0.2.2'), 2, next));
  await quiet();
  assert.deepEqual([...world.blocks.keys()], ['192.0.2.2']);
  assert.equal(life.orders.report().keysGeneration, 2);
  const again = await reborn(world, life);
  await again.deliver(told(block('192.0.2.3'), 3));
  await quiet();
  assert.equal(world.blocks.size, 1);
  world.enrolledAt = plus(NOW, hours(1));
  await again.deliver(told(block('192.0.2.3'), 3));
  await quiet();
  assert.equal(world.blocks.size, 2);
});

const desired = (generation: number, parent: Hex | undefined, value: unknown) =>
  sealed(
    order(
      {
        kind: 'desired',
        desired: { parent, sections: [{ name: 'a', values: { b: value } }], trial: seconds(60), rules: [] },
      },
      { generation, id: idAt(NOW, 100 + generation) },
    ),
    ops,
  );
const standing = (life: OrdersLife) => life.orders.report().desired;
const confirm = (life: OrdersLife, fill: number) => {
  const change = life.orders.report().change;
  assert.ok(change !== undefined, 'no nonce is reported');
  return told({ kind: 'confirm', change: change.id as never, nonce: change.nonce }, fill);
};

test('what is desired goes on trial, proves a fresh connection and is confirmed', async () => {
  const { world, life } = await site();
  const first = desired(1, undefined, 'new');
  await life.deliver(first.bytes);
  await quiet();
  assert.equal(standing(life).standing, 'on_trial');
  assert.equal(life.reconnects, 1);
  assert.equal(life.orders.report().change, undefined);
  life.orders.closed();
  world.clock.advance(seconds(1));
  life.open();
  const change = life.orders.report().change;
  assert.equal(change?.order, first.digest);
  await life.deliver(told({ kind: 'confirm', change: change?.id as never, nonce: 'ab'.repeat(16) as Hex }, 1));
  await quiet();
  assert.equal(world.resultOf(idAt(NOW, 1))?.code, 'wrong_nonce');
  await life.deliver(confirm(life, 2));
  await quiet();
  assert.equal(world.resultOf(idAt(NOW, 2))?.state, 'done');
  assert.equal(standing(life).standing, 'confirmed');
  assert.equal(standing(life).confirmedOrder, first.digest);
  assert.deepEqual(standing(life).changedHere, []);
  world.settings.set('a.b', 'by hand');
  assert.deepEqual(standing(life).changedHere, ['a.b']);
  await life.deliver(first.bytes);
  await quiet();
  assert.equal(world.changes.history.length, 1);
  await life.deliver(desired(2, 'cd'.repeat(32) as Hex, 'x').bytes);
  assert.equal(standing(life).standing, 'conflict');
  await life.deliver(desired(3, first.digest, 'x').bytes);
  await quiet();
  assert.equal(standing(life).standing, 'on_trial');
});

test('what nobody confirms is reverted and says why, and is not tried again', async () => {
  const { world, life } = await site();
  world.settings.set('a.b', 'old');
  const { bytes } = desired(1, undefined, 'new');
  await life.deliver(bytes);
  await quiet();
  world.clock.advance(seconds(61));
  await quiet();
  assert.deepEqual([standing(life).standing, standing(life).text], ['reverted', 'nobody confirmed it in time']);
  const note = world.notes.at(-1);
  assert.deepEqual([note?.action, note?.actor, note?.isRefused], ['order_desired', 'ops', true]);
  assert.equal(world.settings.get('a.b'), 'old');
  await life.deliver(bytes);
  await quiet();
  assert.equal(world.changes.history.length, 1);
  world.refusing = { kind: 'refused', text: 'no such thing' };
  await life.deliver(desired(2, undefined, 'bad').bytes);
  await quiet();
  assert.deepEqual([standing(life).standing, standing(life).text], ['refused', 'no such thing']);
});

test('where a change has cut the link off, its end is tried out at once', async () => {
  const { life, world } = await site();
  await life.deliver(desired(1, undefined, 'new').bytes);
  await quiet();
  life.orders.closed();
  const { reconnects } = life;
  world.clock.advance(seconds(61));
  await quiet();
  assert.equal(standing(life).standing, 'reverted');
  assert.equal(life.reconnects, reconnects + 1);
});

test('what is desired waits for the change of another, and then has its turn', async () => {
  const { world, life } = await site();
  const word = { actor: 'anna', origin: 'api', peer: 'local' } as const;
  const proposal = [{ path: 'x', value: 1 }];
  const other = await world.changes.propose({
    ...{ subject: 'settings', proposal, word, trial: seconds(60), confirmedBy: 'word' },
  });
  await life.deliver(desired(1, undefined, 'new').bytes);
  await quiet();
  assert.equal(standing(life).standing, 'waiting');
  assert.ok(other.ok);
  await world.changes.revert({ id: other.value.id, word });
  await quiet();
  assert.equal(standing(life).standing, 'on_trial');
});

test('of those that wait the newest has its turn, whichever came last', async () => {
  const { world, life } = await site();
  const word = { actor: 'anna', origin: 'api', peer: 'local' } as const;
  const proposal = [{ path: 'x', value: 1 }];
  const other = await world.changes.propose({
    ...{ subject: 'settings', proposal, word, trial: seconds(60), confirmedBy: 'word' },
  });
  assert.ok(other.ok);
  const [older, newer] = [desired(1, undefined, 'older'), desired(2, undefined, 'newer')];
  for (const { bytes } of [older, newer, older]) await life.deliver(bytes);
  await world.changes.revert({ id: other.value.id, word });
  await quiet();
  assert.deepEqual([standing(life).order, world.settings.get('a.b')], [newer.digest, 'newer']);
});

for (const commits of [0, 1, 2]) {
  for (const isKept of [false, true]) {
    test(`a kill at write ${commits} (${isKept ? 'kept' : 'lost'}) of a trial leaves one trial, which goes on`, async () => {
      const { world, life } = await site();
      const { bytes, digest } = desired(1, undefined, 'new');
      life.dying = { commits, isKept };
      void life.deliver(bytes);
      await quiet();
      const second = await reborn(world, life);
      await second.deliver(bytes);
      await quiet();
      second.orders.closed();
      world.clock.advance(seconds(1));
      second.open();
      assert.equal(second.orders.report().change?.order, digest);
      await second.deliver(confirm(second, 1));
      await quiet();
      assert.equal(standing(second).standing, 'confirmed');
      assert.equal(world.changes.history.length, 1);
    });
  }
}

test('a trial that ended while nobody lived is known afterwards', async () => {
  const { world, life } = await site();
  await life.deliver(desired(1, undefined, 'new').bytes);
  await quiet();
  life.kill();
  world.clock.advance(seconds(61));
  const second = await reborn(world, life);
  assert.equal(standing(second).standing, 'reverted');
});

test('commands that expired are forgotten and still not done again', async () => {
  const { world, life } = await site();
  const bytes = told(block('192.0.2.1'), 1);
  await life.deliver(bytes);
  await quiet();
  world.clock.advance(hours(30));
  await quiet();
  const second = await reborn(world, life);
  world.clock.set(plus(NOW, millis(1000)));
  await second.deliver(bytes);
  await quiet();
  assert.equal(world.deeds.length, 1);
});
