import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BrokerLink } from '../../../../actors/controller/broker-link.ts';
import { Happenings } from '../../../../actors/controller/happenings.ts';
import { ShardKeeper } from '../../../../actors/controller/shard-keeper.ts';
import { seconds } from '../../../../core/base/time.ts';
import { type Lease, SETTLE } from '../../../../core/link/lease.ts';
import type { OrderOf } from '../../../../core/link/order.ts';
import { idAt, order } from '../../../support/link-orders.ts';
import { settled } from '../../../support/settled.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const SHARD = 7;

/** A keeper of one shard, and a broker that hands its leases back at once. */
function site() {
  const clock = new SimulatedClock();
  const said: { generation: number; holder: string }[] = [];
  const subscribed: (readonly string[])[] = [];
  const state = { isConnected: true };
  const link: BrokerLink = {
    get isConnected() {
      return state.isConnected;
    },
    publish: async () => {},
    subscribe: async (filters) => void subscribed.push(filters),
    unsubscribe: async () => {},
    close: async () => {},
  };
  const leaseOrder = (lease: Lease, generation: number): OrderOf<'lease'> =>
    order({ kind: 'lease', lease }, { generation, id: idAt(clock.now(), generation) }) as OrderOf<'lease'>;
  const keeper: ShardKeeper = new ShardKeeper({
    ...{ clock, log: () => {}, happenings: new Happenings(clock), link: () => link },
    ...{ tenant: 'acme', name: 'main', preferred: [SHARD] },
    publish: async (lease, generation) => {
      said.push({ generation, holder: lease.holder });
      keeper.heard(leaseOrder(lease, generation));
    },
    positions: async () => [],
    begin: () => {},
    end: async () => {},
  });
  const connect = (isThere: boolean): void => {
    state.isConnected = isThere;
    keeper.connected(isThere);
  };
  const pass = async (time: number): Promise<void> => {
    for (let passed = 0; passed < time; passed += 1000) {
      clock.advance(1000);
      await settled();
    }
  };
  const hear = (lease: Lease, generation: number): void => keeper.heard(leaseOrder(lease, generation));
  return { clock, keeper, said, subscribed, connect, pass, hear };
}

test('a shard that was leased before the connection was lost is served once the connection is back', async () => {
  const { keeper, said, subscribed, connect, pass } = site();
  await keeper.start();
  connect(true);
  await pass(seconds(4));
  assert.deepEqual(said, [{ generation: 1, holder: 'main' }]);
  connect(false);
  await pass(SETTLE + 3000);
  assert.deepEqual([keeper.isServed(SHARD), subscribed.length], [false, 1], 'nobody would hear of it');
  connect(true);
  await pass(seconds(4));
  assert.equal(keeper.isServed(SHARD), true);
  assert.match(subscribed[1]?.join() ?? '', /^bartizan\/1\/acme\/07\/\+\//);
});

test('who is started again goes on from the lease that the broker has kept', async () => {
  const { clock, keeper, said, connect, pass, hear } = site();
  await keeper.start();
  connect(true);
  const until = clock.now() + seconds(20);
  hear({ shard: SHARD, holder: 'main', until: until as Lease['until'], positions: [] }, 12);
  await pass(seconds(10));
  assert.equal(keeper.isServed(SHARD), true);
  assert.deepEqual(said[0], { generation: 13, holder: 'main' });
});

test('orders are given where the shard is served, and who does that is named', async () => {
  const { clock, keeper, connect, pass, hear } = site();
  await keeper.start();
  connect(true);
  assert.match(keeper.whyNotServed(SHARD) ?? '', /^nobody serves its shard 07 yet/);
  const until = clock.now() + seconds(30);
  hear({ shard: SHARD, holder: 'other', until: until as Lease['until'], positions: [] }, 1);
  assert.equal(keeper.whyNotServed(SHARD), 'the controller "other" serves its shard 07: order it there');
  await pass(seconds(50));
  assert.equal(keeper.isServed(SHARD), true, 'the other one has not renewed it');
  assert.equal(keeper.whyNotServed(SHARD), undefined);
  connect(false);
  await pass(seconds(70));
  assert.equal(keeper.isServed(SHARD), false);
  assert.equal(keeper.whyNotServed(SHARD), undefined, 'it is cut off, and knows of nobody else');
});
