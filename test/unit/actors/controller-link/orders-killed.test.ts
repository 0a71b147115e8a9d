/** Whatever a broker does, and whenever the process dies: what was ordered is done once, and nothing else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hours, plus, seconds } from '../../../../core/base/time.ts';
import type { Command } from '../../../../core/link/order.ts';
import { OrdersLife, OrdersWorld, quiet } from '../../../support/link/orders-site.ts';
import { commandOrder, idAt, NOW, OTHER_SERIAL, order, sealed, setOf, testKey } from '../../../support/link-orders.ts';
import { fc } from '../../../support/random.ts';

const [ops, guard, stranger] = [testKey('ops'), testKey('guard', ['block', 'unblock']), testKey('x')];
const lasts = 'forever' as const;

const ORDERED: readonly Command[] = [
  { kind: 'block', target: '192.0.2.1', reason: 'one', lasts },
  { kind: 'unblock', target: '192.0.2.1' },
  { kind: 'block', target: '192.0.2.2', reason: 'two', lasts },
  { kind: 'allow', target: '192.0.2.3', reason: '', lasts },
  { kind: 'scan', what: '' },
  { kind: 'restart', reason: '' },
  { kind: 'diagnostics', log: seconds(60) },
  { kind: 'block', target: '192.0.2.1', reason: 'again', lasts },
  { kind: 'remove_allow', target: '192.0.2.3' },
  { kind: 'replay', stream: 'finding', epoch: 'e', from: 1, to: 3 },
];
const idOf = (i: number) => idAt(plus(NOW, seconds(i)), i);
const VALID = ORDERED.map((command, i) => {
  const issuedAt = plus(NOW, seconds(i));
  return sealed(commandOrder(command, { id: idOf(i), issuedAt, notAfter: plus(issuedAt, hours(20)) }), ops).bytes;
});
const evil: Command = { kind: 'block', target: '198.51.100.7', reason: 'evil', lasts };
const HOSTILE = [
  sealed({ ...commandOrder(evil), appliance: OTHER_SERIAL }, ops).bytes,
  sealed({ ...commandOrder(evil), tenant: 'south' }, ops).bytes,
  sealed(commandOrder(evil), stranger).bytes,
  sealed(commandOrder({ kind: 'restart', reason: 'evil' }, { id: idAt(NOW, 77) }), guard).bytes,
  sealed(commandOrder(evil, { issuedAt: plus(NOW, hours(-30)) }), ops).bytes,
  sealed(order({ kind: 'keys', keys: setOf(stranger) }, { generation: 9 }), guard, stranger).bytes,
];

type Deed =
  | { readonly kind: 'deliver'; readonly which: number }
  | { readonly kind: 'hostile'; readonly which: number }
  | { readonly kind: 'spoil'; readonly which: number; readonly at: number; readonly byte: number }
  | { readonly kind: 'kill' }
  | { readonly kind: 'cut' }
  | { readonly kind: 'die'; readonly commits: number; readonly isKept: boolean };
const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 8, arbitrary: fc.record({ kind: fc.constant('deliver' as const), which: fc.nat() }) },
  fc.record({ kind: fc.constant('hostile' as const), which: fc.nat() }),
  fc.record({
    kind: fc.constant('spoil' as const),
    which: fc.nat(),
    at: fc.nat(),
    byte: fc.integer({ min: 1, max: 255 }),
  }),
  fc.constantFrom<Deed[]>({ kind: 'kill' }, { kind: 'cut' }),
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant('die' as const), commits: fc.nat({ max: 6 }), isKept: fc.boolean() }),
  },
);

const pick = <T>(list: readonly T[], which: number): T => list[which % list.length] as T;

test('any interleaving with kills ends in the effects of what was ordered', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(deed, { maxLength: 25 }),
      fc.shuffledSubarray([...VALID], { minLength: VALID.length }),
      async (deeds, last) => {
        const world = new OrdersWorld(ops, guard);
        let life = await born(world);
        for (const one of deeds) {
          if (one.kind === 'die') life.dying = one;
          else if (one.kind === 'kill') life.kill();
          else if (one.kind === 'cut') life.orders.closed();
          else void life.deliver(bytesOf(one));
          await quiet();
          if (life.isDead) life = await born(world);
        }
        life.kill();
        life = await born(world);
        // What the broker was never told of comes again.
        for (const bytes of last) await life.deliver(bytes);
        await quiet();
        check(world);
        const [done, restarts] = [world.deeds.length, world.restarts];
        for (const bytes of [...last, ...HOSTILE]) await life.deliver(bytes);
        await quiet();
        assert.deepEqual([world.deeds.length, world.restarts], [done, restarts]);
      },
    ),
    { numRuns: 25 },
  );
});

async function born(world: OrdersWorld): Promise<OrdersLife> {
  const life = new OrdersLife(world);
  await quiet();
  life.open();
  await quiet();
  return life;
}

function bytesOf(one: Exclude<Deed, { kind: 'kill' | 'cut' | 'die' }>): Uint8Array {
  if (one.kind === 'hostile') return pick(HOSTILE, one.which);
  const bytes = pick(VALID, one.which);
  return one.kind === 'deliver'
    ? bytes
    : bytes.map((byte, i) => (i === one.at % bytes.length ? byte ^ one.byte : byte));
}

function check(world: OrdersWorld): void {
  assert.equal(world.blocks.get('192.0.2.1'), 'blocked again');
  assert.equal(world.blocks.get('192.0.2.2'), 'blocked two');
  assert.notEqual(world.blocks.get('allow 192.0.2.3'), 'allowed');
  assert.equal(world.blocks.has('198.51.100.7'), false);
  assert.ok(world.restarts <= 1);
  // Each was done, but for those that a later one about the same had overtaken.
  for (const i of [2, 4, 5, 6, 7, 8, 9]) assert.equal(world.resultOf(idOf(i))?.state, 'done', `command ${i}`);
}
