import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Feed } from '../../../../actors/controller-link/feed.ts';
import { MemoryStore } from '../../../../actors/store/index.ts';
import { OutboxSite, sourceOf } from '../../../support/link/outbox-site.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';
import { someFinding } from '../../../support/some-finding.ts';

async function fed() {
  const site = new OutboxSite(new MemoryStore(), new SimulatedClock(1_760_000_100_000));
  await site.outbox.load();
  let newest = 0;
  const source = sourceOf(site.store, () => newest);
  const make = () => new Feed(source.source, { outbox: site.outbox, clock: site.clock, log: () => {} });
  const feed = make();
  feed.start();
  const keep = async (from: number, to: number) => {
    await site.keep(Array.from({ length: to - from + 1 }, (_, n) => someFinding(from + n)));
    newest += to - from + 1;
  };
  const shrink = (to: number) => {
    newest = to;
  };
  site.up();
  return { site, source, feed, keep, shrink, make };
}

test('numbers are the serials of the findings', async () => {
  const { site, keep } = await fed();
  await keep(1, 700);
  await site.quiet();
  assert.equal(site.ledger.last('finding'), 700);
  const [first] = site.ledger.items('finding');
  assert.ok(first?.kind === 'finding' && first.finding.message === someFinding(1).message);
});

test('records that are gone are a gap in their place', async () => {
  const { site, keep, feed } = await fed();
  await feed.stop();
  await keep(1, 30);
  await site.store.commit(
    Array.from({ length: 5 }, (_, n) => ({ del: `finding!${String(10 + n).padStart(16, '0')}` })),
  );
  feed.start();
  await site.quiet();
  assert.equal(site.ledger.last('finding'), 30);
  assert.deepEqual(
    site.ledger.gaps('finding').map(({ count, reason }) => [count, reason]),
    [[5, 'lost']],
  );
});

test('a store that numbers anew begins another numbering with what it has since', async () => {
  const { site, source, keep, shrink } = await fed();
  await keep(1, 100);
  await site.quiet();
  // It has lost the last twenty, and gives their serials to others.
  const lost = Array.from({ length: 20 }, (_, n) => ({ del: `finding!${String(81 + n).padStart(16, '0')}` }));
  await site.store.commit([...lost, { put: 'serial!finding', value: 80 }]);
  shrink(80);
  await keep(1001, 1030);
  source.rewound = 80;
  await site.quiet();
  assert.equal(site.ledger.epochs('finding').length, 2);
  assert.equal(site.ledger.last('finding'), 30);
  assert.equal(site.ledger.items('finding').length, 130);
});
