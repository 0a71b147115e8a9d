import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpRequest } from '../../../core/api/http.ts';
import { millis } from '../../../core/base/time.ts';
import { echo, get, type MakeEngine, openBench, post, refused, say } from './bench.ts';

/** A request of its own, should somebody take these bytes for one. */
const SMUGGLED = get('/smuggled');

/** Where a body begins and ends, and what happens when two readers could differ about it. */
export function framingCases(name: string, make: MakeEngine): void {
  for (const [what, fields] of [
    ['two lengths', 'Content-Length: 1\r\nContent-Length: 2\r\n'],
    ['the same length twice', 'Content-Length: 1\r\nContent-Length: 1\r\n'],
    ['a list of lengths', 'Content-Length: 1, 1\r\n'],
    ['a negative length', 'Content-Length: -1\r\n'],
    ['a length with a sign', 'Content-Length: +1\r\n'],
    ['a hexadecimal length', 'Content-Length: 0x1\r\n'],
    ['a length that is empty', 'Content-Length:\r\n'],
    ['a length with a blank in it', 'Content-Length: 1 1\r\n'],
    ['a length beyond any number', 'Content-Length: 99999999999999999999\r\n'],
    ['length and chunks', 'Content-Length: 3\r\nTransfer-Encoding: chunked\r\n'],
    ['chunks and length', 'Transfer-Encoding: chunked\r\nContent-Length: 3\r\n'],
    ['chunked twice', 'Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n'],
    ['chunked twice in a list', 'Transfer-Encoding: chunked, chunked\r\n'],
    ['a coding behind chunked', 'Transfer-Encoding: chunked, gzip\r\n'],
    ['no coding but identity', 'Transfer-Encoding: identity\r\n'],
    ['almost chunked', 'Transfer-Encoding: xchunked\r\n'],
    ['chunked behind a vertical tab', 'Transfer-Encoding: \x0bchunked\r\n'],
    ['chunked in quotes', 'Transfer-Encoding: "chunked"\r\n'],
    ['a coding that is empty', 'Transfer-Encoding:\r\n'],
    ['a blank before the colon', 'Transfer-Encoding : chunked\r\n'],
  ] as const)
    test(`${name}: ${what}: refused, nothing is served and nothing behind it`, async (t) => {
      const bench = await openBench(t, make);
      const client = await bench.connect();
      client.send(`POST /p HTTP/1.1\r\nHost: x\r\n${fields}\r\n0\r\n\r\n${SMUGGLED}`);
      await client.untilClosed();
      assert.match(client.seen, /^(HTTP\/1\.1 (400|501) |$)/);
      assert.deepEqual(bench.served, []);
      const alone = await bench.connect();
      alone.send(`POST /p HTTP/1.1\r\nHost: x\r\n${fields}\r\n`);
      await refused(alone, { ...bench.capabilities, wordedRefusals: false }, 400);
      assert.deepEqual(bench.served, []);
    });

  test(`${name}: a coding that is not spoken is told so`, async (t) => {
    const { connect, capabilities } = await openBench(t, make);
    const client = await connect();
    client.send('POST /p HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: gzip, chunked\r\n\r\n');
    await refused(client, capabilities, 501);
  });

  for (const [what, chunks, body] of [
    ['one chunk', '3\r\nabc\r\n0\r\n\r\n', '3 abc'],
    ['several chunks', '3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n', '4 abcd'],
    ['a size in capitals', 'A\r\n0123456789\r\n0\r\n\r\n', '10 0123456789'],
    ['a size in small letters', 'a\r\n0123456789\r\n0\r\n\r\n', '10 0123456789'],
    ['a size with zeros before it', '0003\r\nabc\r\n0\r\n\r\n', '3 abc'],
    ['line ends in the data', '4\r\n\r\n\r\n\r\n0\r\n\r\n', '4 \r\n\r\n'],
    ['a last chunk in the data', '7\r\n0\r\n\r\nxx\r\n0\r\n\r\n', '7 0\r\n\r\nxx'],
    ['no chunk but the last', '0\r\n\r\n', '0 '],
  ] as const)
    test(`${name}: a body in chunks, ${what}`, async (t) => {
      const { connect, capabilities } = await openBench(t, make);
      const client = await connect();
      client.send(post('chunked') + chunks);
      const reply = await client.response();
      assert.deepEqual([reply.status, reply.body], [200, `POST ${body}`]);
      assert.equal(reply.headers['connection'] === 'close', !capabilities.exactChunks);
      if (!capabilities.exactChunks) return client.untilClosed();
      client.send(get('/next'));
      assert.equal((await client.response()).body, 'GET /next');
    });

  test(`${name}: chunks that arrive byte by byte are one body`, async (t) => {
    const client = await (await openBench(t, make)).connect();
    for (const byte of `${post('chunked')}3\r\nabc\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n`) client.send(byte);
    assert.equal((await client.response()).body, 'POST 19 abc0123456789abcdef');
  });

  for (const [what, chunks] of [
    ['an extension', '3;x=y\r\nabc\r\n0\r\n\r\n'],
    ['a trailer', '3\r\nabc\r\n0\r\nTrail: er\r\n\r\n'],
    ['a request behind it', '3\r\nabc\r\n0\r\n\r\n'],
  ] as const)
    test(`${name}: chunks with ${what} are read, or cost the connection before anything is done`, async (t) => {
      const outcomes: string[] = [];
      const serve = async (request: HttpRequest) => {
        if (request.method === 'GET') return say(request.target);
        const body = await request.body(1000);
        outcomes.push(body.ok ? new TextDecoder().decode(body.value) : body.code);
        return say('done');
      };
      const limits = { requestRead: millis(500), headerRead: millis(300) };
      const { connect, capabilities, served } = await openBench(t, make, { serve, limits });
      const client = await connect();
      client.send(post('chunked') + chunks + get('/next'));
      if (capabilities.exactChunks) {
        assert.equal((await client.response()).body, 'done');
        assert.equal((await client.response()).body, '/next');
        assert.deepEqual(outcomes, ['abc']);
      } else {
        await client.untilClosed();
        assert.deepEqual([outcomes, served], [['aborted'], ['POST /p']]);
      }
    });

  for (const [what, chunks] of [
    ['a size that is none', 'zz\r\n'],
    ['a size with a prefix', '0x3\r\nabc\r\n0\r\n\r\n'],
    ['a negative size', '-3\r\nabc\r\n0\r\n\r\n'],
    ['a size beyond any number', 'ffffffffffffffffff\r\nabc'],
  ] as const)
    test(`${name}: chunks with ${what} are refused`, async (t) => {
      const { connect, served } = await openBench(t, make);
      const client = await connect();
      client.send(post('chunked') + chunks + SMUGGLED);
      await client.untilClosed();
      assert.match(client.seen, /^(HTTP\/1\.1 400 |$)/);
      assert.deepEqual(served, ['POST /p']);
    });

  for (const [what, chunks] of [
    ['no size', '\r\nabc\r\n0\r\n\r\n'],
    ['a digit that is none', 'g\r\nabc\r\n0\r\n\r\n'],
    ['a blank behind the size', '3 \r\nabc\r\n0\r\n\r\n'],
    ['LF for CR LF', '3\nabc\n0\n\n'],
    ['no line end behind the data', '3\r\nabcXX0\r\n\r\n'],
    ['more data than announced', '3\r\nabcdef\r\n0\r\n\r\n'],
    ['a request line for a trailer', `3\r\nabc\r\n0\r\nXX${SMUGGLED}`],
    ['a request hidden in an extension', `3;\n${SMUGGLED}\r\nabc\r\n0\r\n\r\n`],
  ] as const)
    test(`${name}: chunks with ${what}: refused where chunks are read to the letter, and never two requests`, async (t) => {
      const limits = { requestRead: millis(500), headerRead: millis(300) };
      const { connect, served, capabilities } = await openBench(t, make, { limits });
      const client = await connect();
      client.send(post('chunked') + chunks);
      if (!client.closed) client.send(SMUGGLED);
      await client.untilClosed();
      if (capabilities.exactChunks && what !== 'a blank behind the size') assert.match(client.seen, /^HTTP\/1\.1 400 /);
      assert.deepEqual(
        served.filter((one) => one !== 'POST /p'),
        [],
      );
    });

  for (const method of ['GET', 'HEAD', 'DELETE', 'OPTIONS'])
    test(`${name}: a body of ${method} is no request`, async (t) => {
      const serve = async (request: HttpRequest) => (request.target === '/next' ? echo(request) : say('x'));
      const { connect, served } = await openBench(t, make, { serve });
      const client = await connect();
      client.send(`${method} /a HTTP/1.1\r\nHost: x\r\nContent-Length: ${SMUGGLED.length}\r\n\r\n${SMUGGLED}`);
      await client.response(method === 'HEAD');
      client.send(get('/next'));
      assert.equal((await client.response()).body, 'GET /next');
      assert.deepEqual(served, [`${method} /a`, 'GET /next']);
    });
}
