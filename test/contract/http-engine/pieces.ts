import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpReply, HttpRequest } from '../../../core/api/http.ts';
import { millis } from '../../../core/base/time.ts';
import { until } from '../../support/until.ts';
import { ASKING, get, type MakeEngine, openBench, promised, say } from './bench.ts';

const PIECE = 'x'.repeat(16 * 1024);

/** `count` pieces of 16 KiB, and what became of them. */
function making(count: number, failsAt = Number.POSITIVE_INFINITY) {
  const over = promised<void>();
  const seen = { made: 0, isBegun: false, over: over.promise };
  async function* pieces(): AsyncGenerator<string> {
    seen.isBegun = true;
    try {
      for (; seen.made < count; seen.made++) {
        if (seen.made === failsAt) throw new Error('the disk is gone');
        yield PIECE;
      }
    } finally {
      over.keep();
    }
  }
  return { reply: { ...say(''), pieces: pieces() }, seen };
}

const serving = (reply: HttpReply) => ({ serve: async () => reply });

/** Bodies that are made while they are sent. */
export function pieceCases(name: string, make: MakeEngine): void {
  for (const [what, ask, isLast] of ASKING)
    test(`${name}: pieces arrive whole, and the connection ends where it must (${what})`, async (t) => {
      const { reply } = making(100);
      const options = { ...serving(reply), limits: { requestRead: millis(1000) } };
      const client = await (await openBench(t, make, options)).connect();
      client.send(ask);
      const { headers, body } = await client.response();
      assert.deepEqual([body.length, headers['content-length']], [100 * PIECE.length, undefined]);
      if (!isLast) return;
      assert.equal(headers['connection'], 'close');
      await client.untilClosed();
    });

  for (const [what, ask] of ASKING)
    test(`${name}: pieces are made no faster than the client takes them (${what})`, async (t) => {
      const { reply, seen } = making(10_000);
      const client = await (await openBench(t, make, serving(reply))).connect();
      client.socket.pause();
      client.send(ask);
      let before = -1;
      await until('the making is held up', () => {
        const isStill = seen.made > 0 && seen.made === before;
        before = seen.made;
        return isStill;
      });
      assert.ok(seen.made < 2000, `${seen.made} pieces were made`);
      client.destroy();
      await seen.over;
    });

  for (const [what, ask] of ASKING)
    test(`${name}: pieces that fail midway are a transfer cut off (${what})`, async (t) => {
      const { reply } = making(100, 50);
      const client = await (await openBench(t, make, serving(reply))).connect();
      client.send(ask);
      await assert.rejects(client.response(), /closed while waiting/);
    });

  test(`${name}: the connection goes on behind pieces, behind none, and behind HEAD, which begins nothing`, async (t) => {
    const { reply, seen } = making(2);
    const replies = [making(3).reply, making(0).reply, reply, say('last')];
    const client = await (await openBench(t, make, { serve: async () => replies.shift() ?? say('') })).connect();
    client.send(get('/'));
    assert.equal((await client.response()).body.length, 3 * PIECE.length);
    client.send(get('/'));
    assert.equal((await client.response()).body, '');
    client.send(get('/').replace('GET', 'HEAD'));
    const head = await client.response(true);
    assert.deepEqual([head.status, head.headers['content-length']], [200, undefined]);
    client.send(get('/'));
    assert.equal((await client.response()).body, 'last');
    assert.equal(seen.isBegun, false);
  });

  test(`${name}: a piece goes out before the next is made`, async (t) => {
    const go = promised<void>();
    async function* pieces(): AsyncGenerator<string> {
      yield 'first';
      await go.promise;
      yield 'second';
    }
    const client = await (await openBench(t, make, serving({ ...say(''), pieces: pieces() }))).connect();
    client.send(get('/'));
    await client.text('first');
    go.keep();
    await client.text('second');
  });

  test(`${name}: pieces for a client that is gone already are let go of`, async (t) => {
    const [begun, gone, released] = [promised<void>(), promised<void>(), promised<void>()];
    const pieces: AsyncIterableIterator<string> = {
      next: () => Promise.reject(new Error('asked for')),
      return: async () => {
        released.keep();
        return { done: true, value: undefined };
      },
      [Symbol.asyncIterator]: () => pieces,
    };
    const serve = async ({ signal }: HttpRequest) => {
      signal.addEventListener('abort', () => gone.keep());
      begun.keep();
      await gone.promise;
      return { ...say(''), pieces };
    };
    const client = await (await openBench(t, make, { serve })).connect();
    client.send(get('/'));
    await begun.promise;
    client.destroy();
    await released.promise;
  });
}
