import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpRequest } from '../../../core/api/http.ts';
import { millis } from '../../../core/base/time.ts';
import { get, type MakeEngine, openBench, post, promised, say } from './bench.ts';

const MEGABYTE = 1024 * 1024;

/** One side faster than the other. */
export function pressureCases(name: string, make: MakeEngine): void {
  for (const how of ['kept', 'close'])
    test(`${name}: a reply of 16 MiB arrives whole at a client that takes its time (connection ${how})`, async (t) => {
      const body = Buffer.alloc(
        16 * MEGABYTE,
        Uint8Array.from({ length: 251 }, (_, i) => i),
      );
      const { connect } = await openBench(t, make, { serve: async () => ({ ...say(''), body }) });
      const client = await connect();
      client.socket.removeAllListeners('data');
      client.send(get('/', how === 'close' ? 'Connection: close\r\n' : ''));
      const received: Buffer[] = [];
      let size = 0;
      for await (const piece of client.socket as AsyncIterable<Buffer>) {
        received.push(piece);
        size += piece.length;
        if (received.length % 16 === 0) await new Promise((resolve) => setImmediate(resolve));
        if (size > body.length + 100) break;
      }
      const all = Buffer.concat(received);
      assert.ok(all.subarray(all.indexOf('\r\n\r\n') + 4).equals(body));
    });

  test(`${name}: a client that goes in the middle of a reply is noticed`, async (t) => {
    const gone = promised<void>();
    const serve = async ({ signal }: HttpRequest) => {
      signal.addEventListener('abort', () => gone.keep());
      return say('x'.repeat(32 * MEGABYTE));
    };
    const client = await (await openBench(t, make, { serve })).connect();
    client.send(get('/'));
    await client.text('xxxx');
    client.destroy();
    await gone.promise;
  });

  test(`${name}: a body that is not asked for yet makes its client wait, and is whole when it is`, async (t) => {
    const go = promised<void>();
    const serve = async (request: HttpRequest) => {
      await go.promise;
      const body = await request.body(8 * MEGABYTE);
      return say(body.ok ? `${body.value.length} ${body.value.every((byte) => byte === 120)}` : body.code);
    };
    const client = await (await openBench(t, make, { serve })).connect();
    client.send(post(4 * MEGABYTE));
    client.send('x'.repeat(4 * MEGABYTE));
    setTimeout(go.keep, 100);
    assert.equal((await client.response()).body, `${4 * MEGABYTE} true`);
  });

  test(`${name}: a body of 8 MiB is whole`, async (t) => {
    const serve = async (request: HttpRequest) => {
      const body = await request.body(8 * MEGABYTE);
      return say(body.ok ? `${body.value.length} ${body.value.every((byte) => byte === 120)}` : body.code);
    };
    const client = await (await openBench(t, make, { serve })).connect();
    client.send(post(8 * MEGABYTE));
    client.send('x'.repeat(8 * MEGABYTE));
    assert.equal((await client.response()).body, `${8 * MEGABYTE} true`);
  });

  for (const method of ['GET', 'HEAD', 'OPTIONS'])
    test(`${name}: a client that asks by ${method} without end and never reads is stopped, or cut`, async (t) => {
      const status = method === 'OPTIONS' ? 204 : 200;
      const serve = async () => say('x'.repeat(1000), status, { 'x-a': 'a'.repeat(4000) });
      const { connect, served } = await openBench(t, make, { serve, limits: { stall: millis(300) } });
      const client = await connect();
      client.socket.pause();
      const request = `${method} / HTTP/1.1\r\nHost: x\r\n\r\n`;
      const deadline = performance.now() + 8000;
      let before = -1;
      while (!client.closed && served.length !== before && performance.now() < deadline) {
        before = served.length;
        for (let i = 0; i < 500; i++) {
          client.send(request);
          if (i % 10 === 0) await new Promise((resolve) => setImmediate(resolve));
        }
      }
      assert.ok(served.length < 20_000, `${served.length} replies of 4 kB were made for nobody`);
    });
}
