/** A broker that acknowledges nothing, and a disk that refuses: what was ordered is done all the same, or comes again. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seconds } from '../../../../core/base/time.ts';
import type { Command } from '../../../../core/link/order.ts';
import { OrdersLife, OrdersWorld, quiet } from '../../../support/link/orders-site.ts';
import { commandOrder, idAt, NOW, sealed, testKey } from '../../../support/link-orders.ts';

const ops = testKey('ops');
const block = (target: string): Command => ({ kind: 'block', target, reason: '', lasts: 'forever' });
const told = (command: Command, fill: number) => sealed(commandOrder(command, { id: idAt(NOW, fill) }), ops).bytes;

async function site() {
  const world = new OrdersWorld(ops);
  const life = new OrdersLife(world);
  await quiet();
  life.open();
  return { world, life };
}

/** Whether an acknowledgement goes out for it. */
async function isTaken(life: OrdersLife, bytes: Uint8Array): Promise<boolean> {
  let isOver = false;
  void life.deliver(bytes).then(() => {
    isOver = true;
  });
  await quiet();
  return isOver;
}

test('a broker that acknowledges no result holds up no order', async () => {
  const { world, life } = await site();
  world.isMute = true;
  assert.ok(await isTaken(life, told({ kind: 'diagnostics', log: seconds(60) }, 1)));
  assert.ok(await isTaken(life, told({ kind: 'diagnostics', log: seconds(60) }, 2)));
  for (const i of [3, 4, 5]) assert.ok(await isTaken(life, told(block(`192.0.2.${i}`), i)));
  assert.ok(await isTaken(life, told({ kind: 'restart', reason: '' }, 6)));
  assert.deepEqual([...world.blocks.keys()], ['192.0.2.3', '192.0.2.4', '192.0.2.5']);
  assert.deepEqual([world.deeds.length, world.restarts], [5, 1]);
  // What is long waits for what is long, and for nothing else.
  assert.deepEqual(
    world.results.map(({ id }) => id),
    [1, 3, 4, 5, 6].map((i) => idAt(NOW, i)),
  );
});

test('a look that takes for ever holds up no block', async () => {
  const { world, life } = await site();
  world.isScanning = true;
  assert.ok(await isTaken(life, told({ kind: 'scan', what: '' }, 1)));
  assert.ok(await isTaken(life, told(block('192.0.2.1'), 2)));
  assert.equal(world.blocks.size, 1);
});

test('what a disk does not take is answered, and the answer is not waited for', async () => {
  const { world, life } = await site();
  world.isMute = true;
  world.disk.failing = () => true;
  assert.ok(await isTaken(life, told(block('192.0.2.1'), 1)));
  for (let i = 0; i < 20; i++) assert.ok(await isTaken(life, told(block('192.0.2.1'), 1)));
  assert.deepEqual(
    world.results.map(({ code }) => code),
    ['not_kept'],
    'one answer waits for its broker, not one each time',
  );
});

test('an order that waits for the clock and cannot be kept is answered, and taken when it comes again', async () => {
  const { world, life } = await site();
  world.isClockSet = false;
  world.disk.failing = () => true;
  await life.deliver(told(block('192.0.2.1'), 1));
  assert.equal(world.resultOf(idAt(NOW, 1))?.code, 'not_kept');
  world.disk.failing = () => false;
  await life.deliver(told(block('192.0.2.1'), 1));
  world.isClockSet = true;
  world.clock.advance(seconds(30));
  await quiet();
  assert.equal(world.resultOf(idAt(NOW, 1))?.state, 'done');
});

test('a disk that refuses when the link begins is asked again, and nothing is acknowledged until it has answered', async () => {
  const world = new OrdersWorld(ops);
  world.disk.failing = () => true;
  const life = new OrdersLife(world);
  await quiet();
  life.open();
  assert.equal(await isTaken(life, told(block('192.0.2.1'), 1)), false);
  assert.match(life.orders.trouble() ?? '', /the disk is lost/);
  world.clock.advance(seconds(30));
  await quiet();
  assert.equal(world.deeds.length, 0);
  world.disk.failing = () => false;
  world.clock.advance(seconds(10));
  await quiet();
  assert.deepEqual([life.orders.trouble(), world.resultOf(idAt(NOW, 1))?.state], [undefined, 'done']);
});

test('a link that ends while the disk refuses does not wait for it', async () => {
  const world = new OrdersWorld(ops);
  world.disk.failing = () => true;
  const life = new OrdersLife(world);
  await quiet();
  void life.deliver(told(block('192.0.2.1'), 1));
  await life.orders.stop();
  world.disk.failing = () => false;
  world.clock.advance(seconds(60));
  await quiet();
  assert.equal(world.deeds.length, 0);
});
