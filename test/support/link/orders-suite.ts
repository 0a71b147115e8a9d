import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LinkIdentity } from '../../../actors/controller-link/identity-file.ts';
import type { LinkOrders } from '../../../actors/controller-link/port.ts';
import { applianceFilters, fleetKeysTopic, topicOf } from '../../../core/link/topics.ts';
import { identityOf } from './link-site.ts';

/** What the link counts on, whoever carries orders out. */
export function linkOrdersSuite(
  name: string,
  open: (identity: LinkIdentity) => Promise<{ readonly orders: LinkOrders; readonly close: () => Promise<void> }>,
): void {
  const identity = identityOf(0 as never);
  const of = async (run: (orders: LinkOrders) => Promise<void>): Promise<void> => {
    const { orders, close } = await open(identity);
    try {
      await run(orders);
    } finally {
      await close();
    }
  };

  test(`${name}: whatever comes on whatever topic is taken, and never thrown back`, () =>
    of(async (orders) => {
      const topics = [...applianceFilters(identity).filter((filter) => !filter.includes('+')), 'nothing/of/ours', ''];
      const payloads = [new Uint8Array(0), new Uint8Array([0xff]), new Uint8Array(100_000).fill(8)];
      for (const topic of topics) {
        for (const payload of payloads) {
          for (const isRetained of [false, true])
            await orders.receive({ topic, payload, isRetained, contentType: 'x' });
        }
      }
    }));

  test(`${name}: what nobody signed changes nothing that is reported`, () =>
    of(async (orders) => {
      const before = orders.report();
      await orders.receive({
        topic: topicOf(identity, { kind: 'desired' }),
        payload: new Uint8Array(64),
        isRetained: true,
      });
      await orders.receive({ topic: fleetKeysTopic(identity.tenant), payload: new Uint8Array(64), isRetained: true });
      assert.deepEqual(orders.report(), before);
    }));

  test(`${name}: connections come and go as they like`, () =>
    of(async (orders) => {
      orders.closed();
      for (let connection = 1; connection < 4; connection++) {
        orders.opened({ connection, broker: 'mqtts://one' });
        orders.opened({ connection, broker: 'mqtts://one' });
        orders.closed();
        orders.closed();
      }
      assert.deepEqual(orders.report().lists, []);
    }));
}
