import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis } from '../../../core/base/time.ts';
import { echo, get, type MakeEngine, openBench, post } from './bench.ts';

/** What the engine answers by itself is told to whoever keeps count, and has an id. */
export function refusalCases(name: string, make: MakeEngine): void {
  for (const [what, text, status, target] of [
    ['an expectation that is none', post(1, 'Expect: 200-ok\r\n'), 417, '/p'],
    ['two Hosts', get('/two?hosts', 'Host: y\r\n'), 400, '/two?hosts'],
  ] as const)
    test(`${name}: ${what} is told, with what could be read, under the id that the client gets`, async (t) => {
      const { connect, refusals, served, capabilities } = await openBench(t, make);
      const client = await connect();
      client.send(text);
      if (!capabilities.wordedRefusals) {
        await client.untilClosed();
        // The engine's own parser refuses some of these before we hear of them.
        if (!client.seen.includes('refused-0')) return assert.deepEqual([refusals, served], [[], []]);
      } else assert.equal((await client.response()).headers['x-request-id'], 'refused-0');
      const method = text.slice(0, text.indexOf(' '));
      assert.deepEqual([refusals, served], [[{ status, peer: '127.0.0.1', method, target }], []]);
    });

  test(`${name}: what is refused in words is told once, even when nothing could be read`, async (t) => {
    const { connect, refusals, capabilities } = await openBench(t, make, { limits: { headerRead: millis(200) } });
    if (!capabilities.wordedRefusals) return t.skip('the engine refuses it without a word to us');
    for (const [text, status] of [
      ['hello\r\n\r\n', 400],
      ['CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n', 400],
      [get('/', `X-A: ${'a'.repeat(70_000)}\r\n`), 431],
      ['GET / HTTP/1.1\r\n', 408],
    ] as const) {
      const client = await connect();
      client.send(text);
      const reply = await client.response();
      assert.deepEqual([reply.status, reply.headers['x-request-id']], [status, `refused-${refusals.length - 1}`]);
      assert.deepEqual(refusals.at(-1), { status, peer: '127.0.0.1', method: '', target: '' });
    }
    assert.equal(refusals.length, 4);
  });

  test(`${name}: a body that is late is the dispatch's to answer, once`, async (t) => {
    const limits = { headerRead: millis(200), requestRead: millis(5000), uploadRead: millis(400) };
    const serve = async (request: Parameters<typeof echo>[0]) => ({ ...(await echo(request)), requestId: 'its-own' });
    const { connect, refusals } = await openBench(t, make, { serve, limits });
    const client = await connect();
    client.send(post(1000));
    const drip = setInterval(() => client.send('x'), 20);
    t.after(() => clearInterval(drip));
    const { status, headers } = await client.response();
    assert.deepEqual([status, headers['x-request-id'], refusals], [408, 'its-own', []]);
    await client.untilClosed();
  });
}
