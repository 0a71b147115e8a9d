import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpRequest } from '../../../core/api/http.ts';
import type { RawClient } from '../../support/raw-client.ts';
import { realClock } from '../../support/real-clock.ts';
import { get, type MakeEngine, openBench, say } from './bench.ts';

const serve = async ({ connectionOpenedAt: at }: HttpRequest) => say(String(at));

async function ageOf(client: RawClient, more = ''): Promise<number> {
  client.send(get('/', more));
  return Number((await client.response()).body);
}

/** Resolves with a moment that no other has been told before. */
async function laterMoment(): Promise<number> {
  const last = realClock.now();
  while (realClock.now() === last) await new Promise((resolve) => setImmediate(resolve));
  return realClock.now();
}

/** When a connection was opened. */
export function ageCases(name: string, make: MakeEngine): void {
  test(`${name}: every request of a connection tells when it was opened`, async (t) => {
    const { connect } = await openBench(t, make, { serve });
    const before = await laterMoment();
    const client = await connect();
    const opened = await ageOf(client);
    assert.ok(opened >= before && opened <= realClock.now());
    await laterMoment();
    for (let i = 0; i < 3; i++) assert.equal(await ageOf(client), opened);
  });

  test(`${name}: a connection after one that has gone was opened later`, async (t) => {
    const { connect } = await openBench(t, make, { serve });
    const first = await connect();
    const opened = await ageOf(first, 'Connection: close\r\n');
    await first.untilClosed();
    await laterMoment();
    assert.ok((await ageOf(await connect())) > opened);
  });

  test(`${name}: from a mark on new connections are told from those that stay`, async (t) => {
    const { connect, listener } = await openBench(t, make, { serve });
    const old = await connect();
    const opened = await ageOf(old);
    const mark = await laterMoment();
    listener.mark();
    const fresh = await connect();
    const freshOpened = await ageOf(fresh);
    assert.ok(freshOpened >= mark && freshOpened <= realClock.now());
    assert.equal(await ageOf(old), opened);
    assert.ok(opened < mark);
    listener.mark();
    assert.equal(await ageOf(fresh), freshOpened);
  });

  test(`${name}: no connection is told younger than it is`, async (t) => {
    const { connect, listener } = await openBench(t, make, { serve });
    for (let i = 0; i < 20; i++) {
      if (i % 5 === 0) listener.mark();
      const asked = realClock.now();
      const client = await connect();
      const accepted = realClock.now();
      assert.ok((await ageOf(client)) <= accepted, `${asked}`);
      if (i % 3 === 0) client.destroy();
    }
  });
}
