import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpRequest } from '../../../core/api/http.ts';
import { echo, get, type MakeEngine, openBench, post, say } from './bench.ts';

/** Methods, and how long a connection lasts. */
export function connectionCases(name: string, make: MakeEngine): void {
  for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'PROPFIND', 'PURGE', 'QUERY'])
    test(`${name}: ${method} reaches the dispatch`, async (t) => {
      const client = await (await openBench(t, make, { serve: async (r) => say(r.method) })).connect();
      client.send(`${method} / HTTP/1.1\r\nHost: x\r\n\r\n`);
      assert.equal((await client.response()).body, method);
    });

  for (const field of ['close', 'Close', 'keep-alive, close', 'close, te', 'keep-alive\r\nConnection: close'])
    test(`${name}: Connection: ${JSON.stringify(field)} is said back, and done`, async (t) => {
      const client = await (await openBench(t, make)).connect();
      client.send(get('/a', `Connection: ${field}\r\n`));
      const reply = await client.response();
      assert.deepEqual([reply.body, reply.headers['connection']], ['GET /a', 'close']);
      await client.untilClosed();
    });

  for (const field of ['keep-alive', 'Keep-Alive', 'te', 'closed', 'not-close'])
    test(`${name}: Connection: ${field} keeps the connection`, async (t) => {
      const client = await (await openBench(t, make)).connect();
      for (const path of ['/1', '/2']) {
        client.send(get(path, `Connection: ${field}\r\n`));
        assert.equal((await client.response()).body, `GET ${path}`);
      }
    });

  for (const method of ['HEAD', 'POST'])
    test(`${name}: Connection: close of a ${method} is done too`, async (t) => {
      const client = await (await openBench(t, make)).connect();
      client.send(`${method} /a HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`);
      assert.equal((await client.response(method === 'HEAD')).headers['connection'], 'close');
      await client.untilClosed();
    });

  test(`${name}: the dispatch may end a connection`, async (t) => {
    const serve = async () => say('bye', 200, { connection: 'close' });
    const client = await (await openBench(t, make, { serve })).connect();
    client.send(get('/'));
    const reply = await client.response();
    assert.deepEqual([reply.body, reply.headers['connection']], ['bye', 'close']);
    await client.untilClosed();
  });

  test(`${name}: a request behind the last one is not answered`, async (t) => {
    const { connect, served } = await openBench(t, make);
    const client = await connect();
    client.send(get('/last', 'Connection: close\r\n') + get('/more'));
    await client.untilClosed();
    assert.deepEqual(served, ['GET /last']);
  });

  for (const [what, fields] of [
    ['WebSocket', 'Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n'],
    ['h2c', 'Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n'],
    ['TLS/1.0', 'Upgrade: TLS/1.0\r\n'],
  ] as const)
    test(`${name}: an upgrade to ${what} that nobody offers is an ordinary request`, async (t) => {
      const client = await (await openBench(t, make)).connect();
      for (const path of ['/1', '/2']) {
        client.send(get(path, `Connection: Upgrade\r\n${fields}`));
        const { status, body, headers } = await client.response();
        assert.deepEqual([status, body, headers['upgrade']], [200, `GET ${path}`, undefined]);
      }
    });

  test(`${name}: five hundred requests on one connection, each answered`, async (t) => {
    const client = await (await openBench(t, make)).connect();
    for (let i = 0; i < 500; i++) {
      client.send(i % 2 === 0 ? get(`/${i}`) : `${post(3)}abc`);
      assert.equal((await client.response()).body, i % 2 === 0 ? `GET /${i}` : 'POST 3 abc');
    }
  });

  test(`${name}: fifty connections at once, twenty requests on each, some answered late`, async (t) => {
    const serve = async (request: HttpRequest) => {
      if (request.target.endsWith('5')) await new Promise((resolve) => setImmediate(resolve));
      return echo(request);
    };
    const { connect } = await openBench(t, make, { serve });
    await Promise.all(
      Array.from({ length: 50 }, async (_, c) => {
        const client = await connect();
        for (let i = 0; i < 20; i++) {
          client.send(get(`/${c}/${i}`));
          assert.equal((await client.response()).body, `GET /${c}/${i}`);
        }
      }),
    );
  });

  test(`${name}: a connection that has gone makes room under the limit`, async (t) => {
    const { connect } = await openBench(t, make, { limits: { connections: 2 } });
    for (let i = 0; i < 10; i++) {
      const pair = [await connect(), await connect()];
      for (const client of pair) {
        client.send(get('/', 'Connection: close\r\n'));
        await client.response();
        await client.untilClosed();
      }
    }
  });
}
