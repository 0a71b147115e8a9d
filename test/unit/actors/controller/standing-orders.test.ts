import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { BrokerLink } from '../../../../actors/controller/broker-link.ts';
import { StandingOrders } from '../../../../actors/controller/standing-orders.ts';
import { minutes } from '../../../../core/base/time.ts';
import type { OrderBody } from '../../../../core/link/order.ts';
import { NOW, OTHER_SERIAL, order, SERIAL, sealed, setOf, TENANT, testKey } from '../../../support/link-orders.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const OPS = testKey('ops');
const LIMITED = testKey('limited', ['lease', 'confirm']);
const STRANGER = testKey('stranger');
const DESIRED: OrderBody = {
  kind: 'desired',
  desired: { parent: undefined, sections: [], rules: [], trial: minutes(5) },
};

function site() {
  const listened = new Set<string>();
  const found: string[] = [];
  const link: BrokerLink = {
    isConnected: true,
    publish: async () => {},
    subscribe: async (filters) => {
      for (const filter of filters) listened.add(filter);
    },
    unsubscribe: async (filters) => {
      for (const filter of filters) listened.delete(filter);
    },
    close: async () => {},
  };
  const keys = { ring: { ...setOf(OPS, LIMITED), generation: 1 } };
  const orders = new StandingOrders({
    ...{ tenant: TENANT, clock: new SimulatedClock(NOW), log: () => {}, keys },
    link: () => link,
  });
  orders.onFound((serial) => found.push(serial));
  return { orders, listened, found };
}

test('an order that stands signed at the topic of an appliance is found once it is asked for', () => {
  const { orders, listened, found } = site();
  const { bytes, digest } = sealed(order(DESIRED), OPS);
  orders.arrived(SERIAL, bytes);
  assert.equal(orders.stands(SERIAL, digest), false, 'nobody asked');
  orders.ask([SERIAL]);
  assert.match([...listened].join(), new RegExp(`^bartizan/1/${TENANT}/../${SERIAL}/desired$`));
  orders.arrived(SERIAL, bytes);
  assert.deepEqual([orders.stands(SERIAL, digest), found, listened.size], [true, [SERIAL], 0]);
  assert.equal(orders.stands(SERIAL, sealed(order(DESIRED, { generation: 2 }), OPS).digest), false);
  orders.forget(SERIAL);
  assert.equal(orders.stands(SERIAL, digest), false);
});

for (const [what, bytes] of [
  ['a stranger has signed', sealed(order(DESIRED), STRANGER).bytes],
  ['a key that may order no configuration has signed', sealed(order(DESIRED), LIMITED).bytes],
  ['is for another appliance', sealed(order(DESIRED, { appliance: OTHER_SERIAL }), OPS).bytes],
  ['is for another fleet', sealed(order(DESIRED, { tenant: 'south' }), OPS).bytes],
  ['is no order for a configuration', sealed(order({ kind: 'keys', keys: setOf(OPS) }, { generation: 2 }), OPS).bytes],
  ['is nothing', Buffer.from('nothing')],
] as const) {
  test(`what ${what} is not believed`, () => {
    const { orders, listened, found } = site();
    orders.ask([SERIAL]);
    orders.arrived(SERIAL, bytes);
    assert.deepEqual([found, listened.size], [[], 0]);
  });
}
