import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import type { HttpRequest } from '../../../core/api/http.ts';
import type { RawClient } from '../../support/raw-client.ts';
import { get, type MakeEngine, openBench, post, promised, say } from './bench.ts';

/** Answers with the target, for `/slow` not before it is let go, and says who was told that its client has gone. */
async function openSlow(t: TestContext, make: MakeEngine) {
  const [begun, go, gone] = [promised<void>(), promised<void>(), promised<void>()];
  const serve = async ({ target, signal }: HttpRequest) => {
    if (target !== '/slow') return say(target);
    signal.addEventListener('abort', () => gone.keep());
    begun.keep();
    await go.promise;
    return say(target);
  };
  return { ...(await openBench(t, make, { serve })), begun: begun.promise, gone: gone.promise, go: go.keep };
}

/** Bodies of all replies up to the end of the connection. @throws when one of them is not whole */
async function repliesOf(client: RawClient): Promise<string[]> {
  await client.untilClosed();
  const bodies: string[] = [];
  while (client.seen !== '') bodies.push((await client.response()).body);
  return bodies;
}

/** Requests that do not wait for the replies to those before them. */
export function pipeliningCases(name: string, make: MakeEngine): void {
  test(`${name}: pipelined requests that need no waiting are answered in their order`, async (t) => {
    const { connect, served } = await openSlow(t, make);
    const client = await connect();
    const paths = Array.from({ length: 20 }, (_, i) => `/${i}`);
    client.send(paths.map((path) => get(path)).join(''));
    for (const path of paths) assert.equal((await client.response()).body, path);
    assert.equal(served.length, 20);
  });

  test(`${name}: bodies between pipelined requests are no requests`, async (t) => {
    const { connect, served } = await openSlow(t, make);
    const client = await connect();
    const hidden = get('/hidden');
    client.send(get('/0') + post(hidden.length) + hidden + get('/1'));
    for (const path of ['/0', '/p', '/1']) assert.equal((await client.response()).body, path);
    assert.deepEqual(served, ['GET /0', 'POST /p', 'GET /1']);
  });

  for (const [what, before, behind] of [
    ['first', [], ['/1', '/2']],
    ['in the middle', ['/0', '/1'], ['/2', '/3']],
    ['before another', [], ['/slow', '/1']],
  ] as const)
    test(`${name}: with a slow one ${what}, pipelined requests are answered in their order, or end the connection unserved`, async (t) => {
      const { connect, capabilities, served, begun, gone, go } = await openSlow(t, make);
      const client = await connect();
      const paths = [...before, '/slow', ...behind];
      client.send(paths.map((path) => get(path)).join(''));
      await begun;
      if (capabilities.pipelining) {
        go();
        for (const path of paths) assert.equal((await client.response()).body, path);
        return;
      }
      const answered = await repliesOf(client);
      await gone;
      assert.deepEqual(answered, before.slice(0, answered.length));
      assert.deepEqual(
        served,
        [...before, '/slow'].map((path) => `GET ${path}`),
      );
    });

  test(`${name}: a request sent while a slow one is worked on waits for it, or ends the connection unserved`, async (t) => {
    const { connect, capabilities, served, begun, gone, go } = await openSlow(t, make);
    const client = await connect();
    client.send(get('/0'));
    assert.equal((await client.response()).body, '/0');
    client.send(get('/slow'));
    await begun;
    client.send(`${post(3)}abc`);
    if (capabilities.pipelining) {
      go();
      for (const path of ['/slow', '/p']) assert.equal((await client.response()).body, path);
      return;
    }
    assert.deepEqual(await repliesOf(client), []);
    await gone;
    assert.deepEqual(served, ['GET /0', 'GET /slow']);
  });

  test(`${name}: many connections that pipeline get their own answers only`, async (t) => {
    const { connect } = await openSlow(t, make);
    await Promise.all(
      Array.from({ length: 20 }, async (_, c) => {
        const client = await connect();
        client.send(Array.from({ length: 10 }, (__, i) => get(`/${c}/${i}`)).join(''));
        for (let i = 0; i < 10; i++) assert.equal((await client.response()).body, `/${c}/${i}`);
      }),
    );
  });
}
