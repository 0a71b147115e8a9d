import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventFeed } from '../../../../actors/controller-link/event-feed.ts';
import { MemoryStore } from '../../../../actors/store/index.ts';
import type { EventPage } from '../../../../core/api/event-search.ts';
import { ok } from '../../../../core/base/result.ts';
import { millis } from '../../../../core/base/time.ts';
import type { LinkSettings } from '../../../../core/config/controller-setting.ts';
import type { KeptLine } from '../../../../core/event/kept.ts';
import type { Query } from '../../../../core/query/tree.ts';
import { OutboxSite } from '../../../support/link/outbox-site.ts';
import { settled } from '../../../support/settled.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const line = (at: number, message: string): KeptLine => ({
  at: millis(at),
  position: { source: 'auth', offset: 1 },
  provenance: 'file',
  category: 'authentication',
  action: 'ssh_failed_password',
  outcome: 'failure',
  program: 'sshd',
  user: 'root',
  message,
});

async function fed(wanted: LinkSettings['events']) {
  const site = new OutboxSite(new MemoryStore(), new SimulatedClock());
  await site.outbox.load();
  const queries: Query[] = [];
  const pages: KeptLine[][] = [];
  const feed = new EventFeed({
    outbox: site.outbox,
    clock: site.clock,
    log: () => {},
    wanted: () => wanted,
    search: {
      page: async (query) => {
        queries.push(query);
        const rows = (pages.shift() ?? []).map((one, n) => ({ id: `${n}`, line: one }));
        const page: EventPage = {
          rows,
          complete: true,
          unreadable: 0,
          progress: { blocks: 0, done: 0, read: 0, rows: 0, matched: 0 },
          ...(pages.length > 0 && rows.length > 0 ? { next: 'cursor' } : {}),
        };
        return ok(page);
      },
    },
  });
  feed.start();
  const pass = async (length: number) => {
    site.clock.advance(length);
    for (let i = 0; i < 20; i++) await settled();
  };
  site.up();
  return { site, feed, queries, pages, pass };
}

test('all events are sent as they come, window by window and page by page', async () => {
  const { site, queries, pages, pass, feed } = await fed('all');
  const begun = site.clock.now();
  await pass(5000);
  pages.push([line(begun + 1, 'a'), line(begun + 2, 'b')], [line(begun + 3, 'c')]);
  await pass(5000);
  await pass(5000);
  await site.quiet();
  assert.deepEqual(
    site.ledger.items('event').map((item) => item.kind === 'event' && [item.event.message, item.event.fields['user']]),
    [
      ['a', 'root'],
      ['b', 'root'],
      ['c', 'root'],
    ],
  );
  assert.equal(queries[1]?.after, 'cursor');
  for (const [i, query] of queries.entries()) if (i > 1) assert.equal(query.from, queries[i - 1]?.to);
  await feed.stop();
});

test('what a look does not come to is named by a gap', async () => {
  const { site, pages, pass, feed } = await fed('all');
  const begun = site.clock.now();
  await pass(15_000);
  for (let page = 0; page < 25; page++) pages.push([line(begun + page, 'more')]);
  await pass(5000);
  await site.quiet();
  assert.equal(site.ledger.items('event').length, 20);
  const [gap] = site.ledger.gaps('event');
  assert.deepEqual([gap?.count, gap?.reason, gap?.oldestAt], [1, 'lost', begun + 19]);
  await feed.stop();
});

test('of findings, the events of whom they are about, once', async () => {
  const { queries, feed, pass, site } = await fed('findings');
  feed.found('ip', '192.0.2.1', millis(site.clock.now() - 60_000));
  feed.found('user', 'root', millis(site.clock.now() - 60_000));
  await pass(5000);
  await pass(5000);
  assert.deepEqual(
    queries.map(({ where }) => where),
    [
      { op: 'in', field: 'ip', values: ['192.0.2.1'] },
      { op: 'in', field: 'user', values: ['root'] },
    ],
  );
  await feed.stop();
});

test('without a wish for events none are read', async () => {
  const { queries, feed, pass, site } = await fed('none');
  feed.found('ip', '192.0.2.1', site.clock.now());
  await pass(60_000);
  assert.deepEqual(queries, []);
  await feed.stop();
});
