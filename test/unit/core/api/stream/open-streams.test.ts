import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OpenStreams } from '../../../../../core/api/stream/open-streams.ts';
import { Pulse } from '../../../../../core/api/stream/pulse.ts';
import { CSM } from '../../../../../core/api/surface.ts';
import { seconds } from '../../../../../core/base/time.ts';
import { ApiHarness, bearer } from '../../../../support/api/harness.ts';
import { StreamClient } from '../../../../support/api/stream-client.ts';
import { SimulatedClock } from '../../../../support/simulated-clock.ts';

async function open(api: ApiHarness, ask: { headers?: Record<string, string>; principal?: 'root' } = {}) {
  const { headers = {}, principal } = ask;
  const client = new StreamClient();
  const { stream } = await api.ask({
    target: '/api/v1/events',
    headers,
    signal: client.signal,
    ...(principal && { principal: { kind: 'local', name: principal, scopes: ['admin'] } as const }),
  });
  stream?.start(client);
  client.read();
  return client;
}

const beats = (client: StreamClient) => client.read().received.split(': keepalive\n\n').length - 1;

test('a stream shows a sign of life every 25 s', async () => {
  const api = new ApiHarness();
  const client = await open(api, { headers: bearer('read-token') });
  for (const [until, count] of [
    [24_999, 0],
    [25_000, 1],
    [49_999, 1],
    [50_000, 2],
    [100_000, 4],
  ] as const) {
    api.clock.advance(until - (api.clock.now() - new SimulatedClock().now()));
    assert.equal(beats(client), count, `after ${until} ms`);
  }
});

for (const [name, headers, raw] of [
  ['token', bearer('read-token'), 'read-token'],
  ['token in a cookie', { cookie: 'csm_auth=read-token' }, 'read-token'],
  ['session', { cookie: 'csm_auth=session-cookie' }, 'session-cookie'],
] as const)
  test(`a stream ends within 25 s when its ${name} does`, async () => {
    const api = new ApiHarness();
    const [doomed, other] = [await open(api, { headers }), await open(api, { headers: bearer('admin-token') })];
    api.clock.advance(60_000);
    assert.equal(doomed.ended, false);
    api.identity.revoked.add(raw);
    api.clock.advance(25_000);
    assert.deepEqual([doomed.ended, other.ended], [true, false]);
    assert.match(JSON.stringify(api.logs), /credential is no longer good/);
  });

test('an open stream does not keep its session from ending as idle', async () => {
  const api = new ApiHarness();
  await open(api, { headers: { cookie: 'csm_auth=session-cookie' } });
  api.clock.advance(75_000);
  assert.equal(api.identity.glances, 3);
});

test('a stream on the local socket ends with its client only', async () => {
  const api = new ApiHarness();
  const client = await open(api, { principal: 'root' });
  api.clock.advance(3_600_000);
  assert.equal(client.ended, false);
});

test('beats are spread over the interval, and each comes once in it', () => {
  const clock = new SimulatedClock();
  const pulse = new Pulse(clock, seconds(25));
  const ends = Array.from({ length: 5000 }, () => new AbortController());
  const counts = ends.map(() => 0);
  for (const [i, { signal }] of ends.entries()) pulse.add(() => counts.splice(i, 1, (counts[i] ?? 0) + 1), signal);
  let most = 0;
  // What is more than a slice is done 5 ms later, and the next second begins then.
  const PAUSES = 10;
  for (let second = 1; second <= 25; second++) {
    const before = counts.reduce((sum, count) => sum + count);
    clock.advance(1000 + PAUSES);
    most = Math.max(most, counts.reduce((sum, count) => sum + count) - before);
  }
  assert.deepEqual([most, new Set(counts)], [200, new Set([1])]);
  for (const end of ends) end.abort();
  assert.equal(clock.pending, 0);
});

test('a beat that ends others does no harm', () => {
  const clock = new SimulatedClock();
  const pulse = new Pulse(clock, seconds(25));
  const ends = Array.from({ length: 100 }, () => new AbortController());
  for (const { signal } of ends)
    pulse.add(() => {
      for (const end of ends) end.abort();
    }, signal);
  clock.advance(60_000);
  assert.equal(clock.pending, 0);
});

test('one principal cannot take all places, and a stream that ends leaves its place to another', () => {
  const limits = { streams: 5, streamsOfOne: 3, keepalive: seconds(25) };
  const streams = new OpenStreams(limits, new SimulatedClock());
  const gone = new AbortController();
  const stays = new AbortController();
  assert.deepEqual(
    ['a', 'a', 'a', 'a', 'b', 'b', 'c'].map((name) => streams.enter(name, name === 'a' ? gone.signal : stays.signal)),
    [true, true, true, false, true, true, false],
  );
  gone.abort();
  assert.equal(streams.open, 2);
  assert.deepEqual(
    ['a', 'b', 'b', 'c'].map((name) => streams.enter(name, stays.signal)),
    [true, true, false, true],
  );
});

test('a surface keeps room for others: an eighth of its places, but 256 at least, for one', () => {
  const { streams, streamsOfOne } = CSM.limits;
  assert.equal(streamsOfOne, Math.max(256, streams / 8));
});
