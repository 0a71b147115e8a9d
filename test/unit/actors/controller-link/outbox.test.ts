import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MemoryStore } from '../../../../actors/store/index.ts';
import { fail, ok } from '../../../../core/base/result.ts';
import { days, hours, millis, minutes } from '../../../../core/base/time.ts';
import { BATCH_BYTES, BATCH_ITEMS, type BatchNote } from '../../../../core/link/outbox.ts';
import { STREAMS } from '../../../../core/link/stream.ts';
import { OutboxSite } from '../../../support/link/outbox-site.ts';
import { fc } from '../../../support/random.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

async function site(): Promise<OutboxSite> {
  const made = new OutboxSite(new MemoryStore(), new SimulatedClock());
  await made.outbox.load();
  return made;
}

test('what is added while the link is up is sent within moments, in order, and nothing of it stays', async () => {
  const one = await site();
  one.up();
  for (let n = 1; n <= 300; n++) one.add('finding', n);
  await one.quiet();
  assert.equal(one.ledger.last('finding'), 300);
  assert.equal(one.outbox.waitingBytes, 0);
  const left: string[] = [];
  for await (const [key] of one.store.entries({ gte: 'link-b', lt: 'link-c' })) left.push(key);
  assert.deepEqual(left, []);
});

test('nothing is sent before it is on the disk', async () => {
  const store = new MemoryStore();
  const one = new OutboxSite(store, new SimulatedClock());
  await one.outbox.load();
  one.up();
  await one.quiet();
  store.failing = () => true;
  one.add('finding', 1);
  await one.quiet();
  assert.equal(one.ledger.taken.length, 0);
  assert.match(one.outbox.trouble ?? '', /nothing can be written down/);
  store.failing = () => false;
  one.add('finding', 2);
  await one.quiet();
  assert.equal(one.ledger.last('finding'), 2);
  assert.equal(one.outbox.trouble, undefined);
});

test('a disk that takes its time loses nothing, however far ahead of it is read', async () => {
  let gate: Promise<void> | undefined;
  class SlowStore extends MemoryStore {
    override async commit(...asked: Parameters<MemoryStore['commit']>) {
      await gate;
      return super.commit(...asked);
    }
  }
  const one = new OutboxSite(new SlowStore(), new SimulatedClock());
  await one.outbox.load();
  const acknowledge: (() => void)[] = [];
  one.answer = () => new Promise((settle) => acknowledge.push(() => settle(ok(undefined))));
  one.up();
  for (let n = 1; n <= 4000; n++) one.add('finding', n);
  await one.quiet();
  const written = Promise.withResolvers<void>();
  gate = written.promise;
  for (let n = 4001; n <= 6000; n++) one.add('finding', n);
  one.answer = async () => ok(undefined);
  for (const settle of acknowledge) settle();
  await one.quiet();
  written.resolve();
  await one.quiet();
  assert.equal(one.ledger.last('finding'), 6000);
  assert.deepEqual(one.ledger.gaps('finding'), []);
});

test('what waits survives the process, and is sent from where the broker has it', async () => {
  const one = await site();
  for (let n = 1; n <= 1000; n++) one.add('finding', n);
  await one.outbox.stop();
  await one.again();
  one.up();
  await one.quiet();
  assert.equal(one.ledger.last('finding'), 1000);
  await one.again();
  one.up();
  await one.quiet();
  assert.equal(one.ledger.doubles, 0);
  assert.deepEqual(one.ledger.epochs('finding').length, 1);
});

test('a link that breaks in the midst sends again what was not acknowledged, under the same numbers', async () => {
  const one = await site();
  for (let n = 1; n <= 2000; n++) one.add('finding', n);
  let left = 7;
  one.answer = async () => (left-- > 0 ? ok(undefined) : fail('closed', 'cut'));
  one.up();
  await one.quiet();
  one.down();
  left = Number.POSITIVE_INFINITY;
  one.up();
  await one.quiet();
  assert.equal(one.ledger.last('finding'), 2000);
  assert.ok(one.ledger.doubles > 0);
  assert.equal(one.outbox.waitingBytes, 0);
});

test('events are given up first, then incidents, then findings, the oldest of each; the audit log never by size', async () => {
  const one = await site();
  const each = 8 * BATCH_ITEMS;
  for (const stream of ['audit', 'event', 'incident'] as const) for (let n = 1; n <= each; n++) one.add(stream, n);
  one.bounds = { ...one.bounds, maxBytes: one.outbox.waitingBytes + 50_000 };
  const firsts = new Map<string, number>();
  let last = 0;
  while (!firsts.has('finding')) {
    for (let n = 0; n < BATCH_ITEMS; n++) one.add('finding', ++last);
    for (const [stream, { givenUp }] of Object.entries(one.outbox.counters())) {
      if (givenUp > 0 && !firsts.has(stream)) firsts.set(stream, last);
    }
    assert.ok(one.outbox.waitingBytes <= one.bounds.maxBytes + BATCH_BYTES);
  }
  assert.deepEqual([...firsts.keys()], ['event', 'incident', 'finding']);
  assert.ok((firsts.get('event') ?? 0) < (firsts.get('incident') ?? 0));
  assert.ok((firsts.get('incident') ?? 0) < (firsts.get('finding') ?? 0));
  one.up();
  await one.quiet();
  for (const stream of STREAMS) {
    const newest = stream === 'finding' ? last : each;
    assert.equal(one.ledger.last(stream), newest, stream);
    const gaps = one.ledger.gaps(stream);
    const missing = gaps.reduce((sum, { count }) => sum + count, 0);
    assert.equal(missing + one.ledger.items(stream).length, newest, stream);
    assert.ok(gaps.length <= 1 && gaps.every(({ reason }) => reason === 'size'), stream);
  }
  assert.equal(one.ledger.items('finding').at(-1)?.kind, 'finding');
});

test('what is too old is given up and named with its times', async () => {
  const one = await site();
  one.bounds = { ...one.bounds, maxAge: hours(1) };
  const begun = one.clock.now();
  for (let n = 1; n <= 256; n++) one.add('audit', n);
  one.clock.advance(minutes(50));
  for (let n = 257; n <= 300; n++) one.add('audit', n);
  one.clock.advance(minutes(12));
  one.up();
  await one.quiet();
  assert.deepEqual(one.ledger.gaps('audit'), [{ count: 256, reason: 'age', oldestAt: begun, newestAt: begun }]);
  assert.equal(one.ledger.items('audit').length, 44);
});

test('what was too old when it came is numbered, and named by a gap', async () => {
  const one = await site();
  const old = millis(one.clock.now() - days(30));
  for (let n = 1; n <= 500; n++) one.add('finding', n, old);
  one.add('finding', 501);
  one.up();
  await one.quiet();
  assert.deepEqual(one.ledger.gaps('finding'), [{ count: 500, reason: 'age', oldestAt: old, newestAt: old }]);
  assert.equal(one.ledger.last('finding'), 501);
});

test('another numbering begins where records are lost or a store was repaired', async () => {
  const one = await site();
  for (let n = 1; n <= 200; n++) one.add('finding', n);
  one.outbox.renumber('finding', 150);
  assert.equal(one.outbox.taken('finding'), 150);
  one.add('finding', 1151);
  await one.outbox.stop();
  await one.again({ isRepaired: true });
  assert.equal(one.outbox.taken('finding'), 151);
  one.add('finding', 1152);
  one.up();
  await one.quiet();
  assert.equal(one.ledger.epochs('finding').length, 3);
  assert.deepEqual(
    one.ledger.taken.slice(-3).map(({ number }) => number),
    [200, 1, 1],
  );
});

test('a batch whose bytes are gone is a gap', async () => {
  const one = await site();
  const all = 3 * BATCH_ITEMS;
  for (let n = 1; n <= all; n++) one.add('finding', n);
  await one.outbox.stop();
  const batches: { readonly key: string; readonly count: number }[] = [];
  for await (const [key, { count }] of one.store.entries<BatchNote>({ gte: 'link-batch!f', lt: 'link-batch!g' })) {
    batches.push({ key, count });
  }
  const [, second, third] = batches;
  assert.ok(second !== undefined && third !== undefined);
  await one.store.commit([{ del: second.key.replace('batch', 'body') }, { del: third.key }]);
  await one.again();
  one.up();
  await one.quiet();
  assert.deepEqual(
    one.ledger.gaps('finding').map(({ count, reason }) => [count, reason]),
    [
      [second.count, 'lost'],
      [third.count, 'lost'],
    ],
  );
  assert.equal(one.ledger.last('finding'), all);
});

test('a message is cut to what the link takes, and an item that is too long for it is a gap', async () => {
  const one = await site();
  for (let n = 1; n <= 100; n++) one.add('finding', n);
  const at = one.clock.now();
  one.outbox.add(
    'audit',
    { kind: 'audit', audit: { serial: 1, record: new Uint8Array(9000), hash: 'ab'.repeat(32) as never } },
    at,
  );
  one.largest = 2048;
  const sizes: number[] = [];
  one.answer = async ({ payload }) => {
    sizes.push(payload.length);
    return ok(undefined);
  };
  one.up();
  await one.quiet();
  assert.equal(one.ledger.last('finding'), 100);
  assert.ok(sizes.length > 10 && Math.max(...sizes) <= 2048);
  assert.deepEqual(
    one.ledger.gaps('audit').map(({ count, reason }) => [count, reason]),
    [[1, 'size']],
  );
});

test('a broker that refuses a stream is asked again later', async () => {
  const one = await site();
  one.answer = async () => fail('refused', 'quota exceeded');
  one.up();
  one.add('finding', 1);
  await one.quiet();
  assert.match(one.outbox.trouble ?? '', /quota exceeded/);
  one.answer = async () => ok(undefined);
  one.clock.advance(31_000);
  await one.quiet();
  assert.equal(one.outbox.waitingBytes, 0);
  assert.equal(one.outbox.trouble, undefined);
});

test('incidents and events stay for replays for a while, findings do not', async () => {
  const one = await site();
  one.up();
  for (const stream of STREAMS) for (let n = 1; n <= 200; n++) one.add(stream, n);
  await one.quiet();
  const held = async (stream: (typeof STREAMS)[number], from: number, to: number) => {
    for await (const { bytes } of one.outbox.held(stream, from, to)) one.ledger.take(`stream/${stream}`, bytes);
    return one.ledger.replayed.splice(0).map((item) => (item.kind === 'gap' ? -item.gap.count : 1));
  };
  assert.deepEqual(await held('incident', 100, 199), Array<number>(100).fill(1));
  assert.deepEqual(await held('finding', 1, 10), [-10]);
  one.bounds = { ...one.bounds, maxAge: minutes(1) };
  one.clock.advance(minutes(3));
  await one.quiet();
  assert.deepEqual(await held('incident', 100, 199), [-100]);
});

test('whatever comes in whatever order of links, restarts and acknowledgements, no number is missing and none says two things', async () => {
  const step = fc.oneof(
    {
      weight: 4,
      arbitrary: fc.record({
        do: fc.constant('add' as const),
        stream: fc.constantFrom(...STREAMS),
        count: fc.integer({ min: 1, max: 300 }),
      }),
    },
    fc.record({ do: fc.constantFrom('up', 'down', 'again', 'wait', 'flaky', 'steady') }),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), async (steps) => {
      const one = await site();
      one.bounds = { ...one.bounds, maxBytes: 60_000 };
      const added = { finding: 0, incident: 0, audit: 0, event: 0 };
      let turn = 0;
      for (const what of steps) {
        if (what.do === 'add' && 'stream' in what) {
          for (let i = 0; i < what.count; i++) one.add(what.stream, ++added[what.stream]);
        } else if (what.do === 'up' && !one.isUp) one.up();
        else if (what.do === 'down') one.down();
        else if (what.do === 'again') {
          await one.outbox.stop();
          await one.again();
        } else if (what.do === 'flaky')
          one.answer = async () => (turn++ % 3 === 0 ? fail('closed', 'cut') : ok(undefined));
        else if (what.do === 'steady') one.answer = async () => ok(undefined);
        else await one.quiet();
      }
      one.answer = async () => ok(undefined);
      one.down();
      one.up();
      await one.quiet();
      for (const stream of STREAMS) assert.equal(one.ledger.last(stream), added[stream], stream);
      assert.equal(one.outbox.waitingBytes, 0);
    }),
    { numRuns: 12 },
  );
});
