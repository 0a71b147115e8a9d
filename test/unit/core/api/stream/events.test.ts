import assert from 'node:assert/strict';
import { test } from 'node:test';
import { EventBench } from '../../../../support/api/event-bench.ts';
import { SUPPRESSION } from '../../../../support/api/fake-desks.ts';
import { eventsIn, StreamClient } from '../../../../support/api/stream-client.ts';

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

/** Reads until nothing more comes. */
async function readAll(bench: EventBench, client: StreamClient): Promise<readonly (number | string)[]> {
  for (let last = -1; last !== client.received.length; ) {
    last = client.received.length;
    await bench.rest();
    client.read();
  }
  return bench.story(client);
}

test('without a last id a client gets what happens from now on', async () => {
  const bench = new EventBench();
  await bench.make(3);
  const client = await bench.connect();
  await bench.make(2);
  assert.deepEqual(await readAll(bench, client), [4, 5]);
});

test('with a last id it gets what it missed, page by page, then what happens', async () => {
  const bench = new EventBench();
  await bench.make(450);
  const client = await bench.connect(7);
  await bench.make(1);
  assert.deepEqual(await readAll(bench, client), range(8, 451));
});

test('the last id may stand in the query; the header, which is newer, goes before it', async () => {
  const bench = new EventBench();
  await bench.make(4);
  const ask = async (headers: object) => {
    const client = new StreamClient();
    const { stream } = await bench.api.ask({
      target: '/api/v1/events?last_event_id=2',
      headers: { authorization: 'Bearer read-token', ...headers },
      signal: client.signal,
    });
    stream?.start(client);
    return readAll(bench, client);
  };
  assert.deepEqual(await ask({}), [3, 4]);
  assert.deepEqual(await ask({ 'last-event-id': '' }), [3, 4]);
  assert.deepEqual(await ask({ 'last-event-id': '3' }), [4]);
});

test('what is no longer kept is a gap, and its id leads behind it', async () => {
  const bench = new EventBench();
  await bench.make(10);
  await bench.forget(6);
  const client = await bench.connect(2);
  assert.deepEqual(await readAll(bench, client), ['3-6 not_kept', 7, 8, 9, 10]);
  assert.match(client.received, /id: \w+-6\nevent: gap\ndata: \{"from":3,"to":6,"reason":"not_kept"\}\n\n/);
  assert.deepEqual(await readAll(bench, await bench.connect(6)), [7, 8, 9, 10]);
});

test('when nothing of it is kept the gap goes up to now', async () => {
  const bench = new EventBench();
  await bench.make(5);
  await bench.forget(5);
  const client = await bench.connect(2);
  await bench.make(1);
  assert.deepEqual(await readAll(bench, client), ['3-5 not_kept', 6]);
});

test('a hole in the middle is told where it is', async () => {
  const bench = new EventBench();
  await bench.make(6);
  await bench.appliance.store.commit([{ del: `finding!${'4'.padStart(16, '0')}` }]);
  assert.deepEqual(await readAll(bench, await bench.connect(2)), [3, '4-4 not_kept', 5, 6]);
});

for (const id of ['99', '9999999999999999', 'abc', '-1', '1.5', '7\u00e9', 'ffffffff-2', '01000000-99', '-2'])
  test(`the id ${JSON.stringify(id)}, which this store never gave, is told of, and all there is comes behind it`, async () => {
    const bench = new EventBench();
    await bench.make(3);
    const client = await bench.connect(id);
    await bench.make(1);
    assert.deepEqual(await readAll(bench, client), ['1-0 other_store', 1, 2, 3, 4]);
  });

test('before the first finding another store leaves an empty gap', async () => {
  const bench = new EventBench();
  const client = await bench.connect(5);
  await bench.make(1);
  assert.deepEqual(await readAll(bench, client), ['1-0 other_store', 1]);
  assert.match(client.received, /id: \w+-0\nevent: gap/);
});

test('a store that cannot be read costs the past, not the present', async () => {
  const bench = new EventBench();
  await bench.make(3);
  bench.appliance.unreadable = true;
  const client = await bench.connect(1);
  await bench.make(1);
  assert.deepEqual(await readAll(bench, client), ['2-3 unreadable', 4]);
  await bench.make(1);
  assert.deepEqual(await readAll(bench, client), ['2-3 unreadable', 4, 5]);
});

test('a store that does not answer costs the past after 20 s', async () => {
  const bench = new EventBench();
  await bench.make(3);
  bench.appliance.findingsAfter = () => new Promise(() => {});
  const client = await bench.connect(1);
  await bench.rest();
  bench.api.clock.advance(20_000);
  assert.deepEqual(await readAll(bench, client), ['2-3 unreadable']);
});

test('a slow reader has lost nothing when it catches up, and holds nobody up', async () => {
  const bench = new EventBench();
  const [slow, quick] = [await bench.connect(), await bench.connect()];
  for (let i = 0; i < 300; i++) {
    await bench.make(10);
    await bench.rest();
    quick.read();
  }
  assert.ok(slow.waiting < 8192, `${slow.waiting} bytes wait`);
  assert.deepEqual(await readAll(bench, quick), range(1, 3000));
  assert.deepEqual(await readAll(bench, slow), range(1, 3000));
});

test('a stream without a last id is ended rather than left with a hole; a comment says why', async () => {
  const bench = new EventBench();
  const client = await bench.connect();
  await bench.make(30);
  await bench.rest();
  for (let i = 0; i < 10; i++) await bench.make(200);
  await bench.rest();
  await bench.forget(2000);
  assert.deepEqual(await readAll(bench, client), range(1, 30));
  assert.match(client.received, /\n\n: gap \{"from":31,"to":\d+,"reason":"not_kept"\}\n\n$/);
  assert.deepEqual([client.ended, bench.appliance.listeners], [true, 0]);
});

test('a client that does not read for 30 s is cut, and comes back for the rest', async () => {
  const bench = new EventBench();
  const [telling, mute] = [await bench.connect(0), await bench.connect()];
  await bench.make(60);
  await bench.rest();
  bench.api.clock.advance(29_900);
  assert.deepEqual([telling.ended, mute.ended], [false, false]);
  bench.api.clock.advance(100);
  assert.deepEqual([telling.ended, mute.ended], [true, true]);
  await bench.make(1);
  assert.deepEqual(await readAll(bench, telling), [...range(1, 60), '61-60 slow_reader']);
  assert.doesNotMatch(telling.received, /id: \S+\nevent: gap/);
  assert.deepEqual(await readAll(bench, mute), range(1, 60));
  assert.deepEqual(await readAll(bench, await bench.connect(60)), [61]);
});

/** The id of the last event a client has read. */
const lastIdOf = (client: StreamClient): string => eventsIn(client.received).at(-1)?.id ?? '';

test('an id of an earlier run leads on from where it stood, as far as the store still has what was seen', async () => {
  const bench = new EventBench();
  await bench.restart();
  const client = await bench.connect(0);
  await bench.make(5);
  assert.deepEqual(await readAll(bench, client), range(1, 5));
  const ids = eventsIn(client.received).map(({ id }) => id);
  await bench.lose(4);
  await bench.restart();
  await bench.make(2);
  assert.deepEqual(await readAll(bench, await bench.connect(ids[1])), [3, 6, 7]);
  assert.deepEqual(await readAll(bench, await bench.connect(ids[4])), ['4-3 other_store', 6, 7]);
  await bench.restart();
  await bench.make(1);
  assert.deepEqual(await readAll(bench, await bench.connect(ids[4])), ['4-3 other_store', 6, 7, 8]);
  assert.deepEqual(await readAll(bench, await bench.connect(ids[2])), [6, 7, 8]);
});

test('a store that is replaced while the program runs ends all streams; nothing of the new one is missed', async () => {
  const bench = new EventBench();
  const client = await bench.connect(0);
  await bench.make(5);
  await readAll(bench, client);
  await bench.lose(1);
  await bench.make(3);
  await readAll(bench, client);
  assert.equal(client.ended, true);
  assert.deepEqual(await readAll(bench, await bench.connect(lastIdOf(client))), ['1-0 other_store', 6, 7, 8]);
});

test('that is so too when the first of the new store is not shown', async () => {
  const bench = new EventBench();
  const client = await bench.connect(0);
  await bench.make(2);
  await readAll(bench, client);
  await bench.lose(1);
  bench.appliance.suppressing = () => SUPPRESSION;
  await bench.make(4);
  bench.appliance.suppressing = () => undefined;
  await bench.make(1);
  await readAll(bench, client);
  assert.equal(client.ended, true);
  assert.deepEqual(await readAll(bench, await bench.connect(lastIdOf(client))), ['1-0 other_store', 7]);
});

test("an id given by a run that is forgotten is another store's", async () => {
  const bench = new EventBench();
  const client = await bench.connect(0);
  await bench.make(1);
  await readAll(bench, client);
  for (let i = 0; i < 256; i++) await bench.appliance.numbering.begin(1);
  assert.deepEqual(await readAll(bench, await bench.connect(lastIdOf(client))), ['1-0 other_store', 1]);
});

test('an event is encoded once for all who are there', async () => {
  const bench = new EventBench();
  const written: Uint8Array[] = [];
  for (let i = 0; i < 20; i++) {
    const client = new StreamClient();
    client.write = (bytes) => written.push(bytes) > 0;
    await bench.connect(undefined, client);
  }
  written.length = 0;
  await bench.make(3);
  await bench.rest();
  assert.equal(written.length, 20);
  assert.equal(new Set(written).size, 1);
});

test('many clients are served in slices, and the last of them gets it all the same', async () => {
  const bench = new EventBench();
  const clients = await Promise.all(Array.from({ length: 350 }, () => bench.connect()));
  const served = () => clients.filter((client) => bench.story(client.read()).length > 0).length;
  await bench.make(1);
  const counts: number[] = [];
  for (let i = 0; i < 4; i++) {
    bench.api.clock.advance(i === 0 ? 0 : 5);
    counts.push(served());
  }
  assert.deepEqual(counts, [100, 200, 300, 350]);
});

test('when the last client has gone nothing is listened to and no timer runs', async () => {
  const bench = new EventBench();
  const clients = [await bench.connect(), await bench.connect(0)];
  await bench.make(200);
  for (const client of clients) client.leave();
  await bench.rest();
  assert.deepEqual([bench.appliance.listeners, bench.api.clock.pending], [0, 0]);
});
