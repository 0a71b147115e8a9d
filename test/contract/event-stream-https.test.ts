import assert from 'node:assert/strict';
import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { get } from 'node:https';
import { type TestContext, test } from 'node:test';
import { nodeEngine } from '../../actors/http/index.ts';
import { millis } from '../../core/base/time.ts';
import { EventBench } from '../support/api/event-bench.ts';
import { eventsIn, type ReadEvent, serialOf } from '../support/api/stream-client.ts';
import { SEED, seeded } from '../support/random.ts';
import { realClock } from '../support/real-clock.ts';
import { until } from '../support/until.ts';
import { CERTIFICATES } from './http-engine/bench.ts';

const CUTS = 60;
const EVENTS = 6000;

/** The real dispatch and journal behind the real engine, on a free port. */
async function listen(t: TestContext) {
  const bench = new EventBench(realClock);
  const engine = nodeEngine({ clock: realClock, log: () => {} });
  const opened = await engine.listen({ host: '127.0.0.1', port: 0 }, CERTIFICATES.one, bench.api.dispatch);
  if (!opened.ok) throw new Error(opened.public);
  t.after(() => opened.value.stop(millis(0)));
  return { bench, port: opened.value.port };
}

async function openStream(port: number, seen: string): Promise<IncomingMessage> {
  const headers = { authorization: 'Bearer read-token', 'last-event-id': seen };
  const asked = get({
    host: '127.0.0.1',
    port,
    path: '/api/v1/events',
    rejectUnauthorized: false,
    agent: false,
    headers,
  });
  const [response] = (await once(asked, 'response')) as [IncomingMessage];
  assert.equal(response.statusCode, 200);
  return response.setEncoding('latin1').on('error', () => {});
}

test(`${CUTS} cuts over HTTPS, slow reads and bursts between them: every event exactly once`, async (t) => {
  const { bench, port } = await listen(t);
  const random = seeded(SEED);
  const read: ReadEvent[] = [];
  const making = (async () => {
    while (bench.made < EVENTS) {
      await bench.make(1 + Math.floor(random() * 100));
      await new Promise((resolve) => setImmediate(resolve));
    }
  })();
  for (let cut = 0; cut <= CUTS || read.length < EVENTS; cut++) {
    const response = await openStream(port, read.at(-1)?.id ?? '0');
    const enough = cut < CUTS ? Math.floor(random() * 40_000) : Number.POSITIVE_INFINITY;
    let text = '';
    response.on('data', (part: string) => {
      text += part;
      if (random() < 0.2) response.pause();
    });
    await until('enough of the stream was read', () => {
      response.resume();
      return text.length >= enough || eventsIn(text).length + read.length >= bench.made;
    });
    response.destroy();
    read.push(...eventsIn(text));
  }
  await making;
  assert.deepEqual(
    read.map(({ event, id }) => (event === 'message' ? serialOf(id) : event)),
    Array.from({ length: bench.made }, (_, i) => i + 1),
  );
});

test('a client that does not read costs its buffer, and loses nothing when it does', async (t) => {
  const { bench, port } = await listen(t);
  const response = await openStream(port, '0');
  response.pause();
  for (let i = 0; i < 200; i++) await bench.make(100);
  let text = '';
  response.on('data', (part: string) => {
    text += part;
  });
  response.resume();
  await until('all of it was read', () => text.includes(`-${bench.made}\ndata:`));
  const ids = eventsIn(text).map(({ event, id }) => (event === 'message' ? serialOf(id) : event));
  assert.deepEqual(
    ids,
    Array.from({ length: bench.made }, (_, i) => i + 1),
  );
  response.destroy();
});
