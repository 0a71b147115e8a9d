import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpRequest } from '../../../core/api/http.ts';
import { get, type MakeEngine, openBench, post, say } from './bench.ts';

/** Requests and replies as HTTP/1.1 has them. */
export function exchangeCases(name: string, make: MakeEngine): void {
  test(`${name}: a reply has status, headers, length and body`, async (t) => {
    const client = await (await openBench(t, make)).connect();
    client.send(get('/a?b=c'));
    const { status, headers, body } = await client.response();
    assert.deepEqual(
      [status, body, headers['content-length'], headers['content-type']],
      [200, 'GET /a?b=c', '10', 'text/plain'],
    );
    assert.ok(headers['date']);
    assert.equal(headers['server'] ?? headers['x-powered-by'], undefined);
  });

  test(`${name}: HEAD has the length of GET and no body`, async (t) => {
    const client = await (await openBench(t, make)).connect();
    client.send(get('/a').replace('GET', 'HEAD') + get('/b'));
    assert.equal((await client.response(true)).headers['content-length'], '7');
    assert.equal((await client.response()).body, 'GET /b');
  });

  for (const status of [204, 304])
    test(`${name}: ${status} has no body and keeps the connection`, async (t) => {
      const serve = async () => say('not sent', status);
      const client = await (await openBench(t, make, { serve })).connect();
      client.send(get('/a') + get('/b'));
      for (let i = 0; i < 2; i++) {
        const { status: got, headers } = await client.response();
        assert.deepEqual(
          [got, headers['content-length'], headers['transfer-encoding']],
          [status, undefined, undefined],
        );
      }
    });

  test(`${name}: a connection serves one request after another until told otherwise`, async (t) => {
    const client = await (await openBench(t, make)).connect();
    for (const path of ['/1', '/2']) {
      client.send(get(path));
      assert.equal((await client.response()).body, `GET ${path}`);
    }
    client.send(get('/3', 'Connection: close\r\n'));
    assert.equal((await client.response()).body, 'GET /3');
    await client.untilClosed();
  });

  test(`${name}: HTTP/1.0 is answered, or refused as such, and closed`, async (t) => {
    const { connect, capabilities, served } = await openBench(t, make);
    const client = await connect();
    client.send('GET /old HTTP/1.0\r\n\r\n');
    if (capabilities.allForms) assert.equal((await client.response()).body, 'GET /old');
    else assert.deepEqual([(await client.response()).status, served], [505, []]);
    await client.untilClosed();
  });

  test(`${name}: a request that arrives byte by byte is one request`, async (t) => {
    const client = await (await openBench(t, make)).connect();
    for (const byte of post(3)) client.send(byte);
    client.send('abc');
    assert.equal((await client.response()).body, 'POST 3 abc');
  });

  test(`${name}: a body of exactly the limit is read, one byte more is not`, async (t) => {
    const bench = await openBench(t, make);
    const client = await bench.connect();
    client.send(post(65_536) + 'x'.repeat(65_536));
    assert.equal((await client.response()).status, 200);
    client.send(post(65_537) + 'x'.repeat(65_537));
    assert.equal((await client.response()).status, 413);
  });

  test(`${name}: headers are found by lower-case name, a repeated Authorization is one`, async (t) => {
    const serve = async ({ header }: HttpRequest) =>
      say(`${header('x-a')}|${header('x-none')}|${header('authorization')}`);
    const client = await (await openBench(t, make, { serve })).connect();
    client.send(get('/', 'X-A: 1\r\nx-a: 2\r\nAuthorization: one\r\nAuthorization: two\r\n'));
    assert.equal((await client.response()).body, '1, 2|undefined|one');
  });

  test(`${name}: the peer is a canonical address`, async (t) => {
    const serve = async ({ peer }: HttpRequest) => say(peer);
    const client = await (await openBench(t, make, { serve })).connect();
    client.send(get('/'));
    assert.equal((await client.response()).body, '127.0.0.1');
  });

  test(`${name}: a reply of 2 MiB arrives whole at a client that starts reading late`, async (t) => {
    const serve = async () => say('x'.repeat(2 * 1024 * 1024));
    const client = await (await openBench(t, make, { serve })).connect();
    client.socket.pause();
    client.send(get('/') + get('/'));
    client.socket.resume();
    for (let i = 0; i < 2; i++) assert.equal((await client.response()).body.length, 2 * 1024 * 1024);
  });

  test(`${name}: a dispatch that breaks its word costs one connection`, async (t) => {
    const serve = async ({ target }: HttpRequest) => say('x', 200, target === '/bad' ? { 'x-a': 'a\r\nb' } : {});
    const bench = await openBench(t, make, { serve });
    const bad = await bench.connect();
    bad.send(get('/bad'));
    await bad.untilClosed();
    const good = await bench.connect();
    good.send(get('/good'));
    assert.equal((await good.response()).status, 200);
  });
}
