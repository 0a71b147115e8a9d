import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { HttpRequest } from '../../../core/api/http.ts';
import { get, type MakeEngine, openBench, refused, say } from './bench.ts';

const many = (count: number): string => Array.from({ length: count }, (_, i) => `X-${i}: ${i}\r\n`).join('');

/** Headers of requests and of replies. */
export function fieldCases(name: string, make: MakeEngine): void {
  for (const [what, sent, field, expected] of [
    ['a name in any case', 'X-ABC: 1\r\n', 'x-abc', '1'],
    ['an empty value', 'X-A:\r\n', 'x-a', ''],
    ['a value of blanks', 'X-A:  \t \r\n', 'x-a', ''],
    ['blanks around a value', 'X-A: \t a b \t\r\n', 'x-a', 'a b'],
    ['no blank before a value', 'X-A:a\r\n', 'x-a', 'a'],
    ['a tab in a value', 'X-A: a\tb\r\n', 'x-a', 'a\tb'],
    ['colons in a value', 'X-A: a:b::c\r\n', 'x-a', 'a:b::c'],
    ['every character of a token in a name', "X!#$%&'*+-.^_`|~9: 1\r\n", "x!#$%&'*+-.^_`|~9", '1'],
    ['a name three times', 'X-A: 1\r\nX-B: 0\r\nx-a: 2\r\nX-A: 3\r\n', 'x-a', '1, 2, 3'],
    ['cookies twice', 'Cookie: a=1\r\nCookie: b=2\r\n', 'cookie', 'a=1; b=2'],
    [
      'Authorization twice',
      'Authorization: Bearer one\r\nAuthorization: Bearer two\r\n',
      'authorization',
      'Bearer one',
    ],
    ['Content-Type twice', 'Content-Type: a/b\r\nContent-Type: c/d\r\n', 'content-type', 'a/b'],
    ['User-Agent twice', 'User-Agent: a\r\nUser-Agent: b\r\n', 'user-agent', 'a'],
    ['If-None-Match twice', 'If-None-Match: "a"\r\nIf-None-Match: "b"\r\n', 'if-none-match', '"a", "b"'],
    ['Origin twice', 'Origin: https://a\r\nOrigin: https://b\r\n', 'origin', 'https://a, https://b'],
    ['X-Forwarded-For twice', 'X-Forwarded-For: 1\r\nX-Forwarded-For: 2\r\n', 'x-forwarded-for', '1, 2'],
    ['UTF-8 within a value', 'X-A: a\xc3\xa9b\r\n', 'x-a', 'a\xc3\xa9b'],
    ['a name that objects have', 'Constructor: 1\r\n', 'constructor', '1'],
    ['a name that is not there', '', 'x-a', undefined],
    ['a name that every object has', '', 'tostring', undefined],
  ] as const)
    test(`${name}: ${what}: header(${JSON.stringify(field)}) is ${JSON.stringify(expected)}`, async (t) => {
      let seen: string | undefined = 'not asked';
      const serve = async ({ header }: HttpRequest) => {
        seen = header(field);
        return say('');
      };
      const client = await (await openBench(t, make, { serve })).connect();
      client.send(Buffer.from(get('/', sent), 'latin1'));
      assert.equal((await client.response()).status, 200);
      assert.equal(seen, expected);
    });

  test(`${name}: bytes beyond ASCII anywhere in a value are handed over, or the rest of it is`, async (t) => {
    let seen: string | undefined;
    const serve = async ({ header }: HttpRequest) => {
      seen = `${header('x-a')} ${header('x-b')}`;
      return say('');
    };
    const { connect, capabilities } = await openBench(t, make, { serve });
    const client = await connect();
    client.send(Buffer.from(get('/', 'X-A: \xe9\r\nX-B: b\r\n'), 'latin1'));
    assert.equal((await client.response()).status, 200);
    assert.equal(seen, capabilities.allForms ? '\xe9 b' : ' b');
  });

  test(`${name}: headers can be asked for long after the request came`, async (t) => {
    const serve = async ({ header, method, target }: HttpRequest) => {
      await new Promise((resolve) => setImmediate(resolve));
      return say(`${method} ${target} ${header('x-a')}`);
    };
    const client = await (await openBench(t, make, { serve })).connect();
    client.send(get('/late', 'X-A: 1\r\n'));
    assert.equal((await client.response()).body, 'GET /late 1');
  });

  test(`${name}: 98 headers are read, 99 are too many`, async (t) => {
    const serve = async ({ header }: HttpRequest) => say(`${header('x-0')} ${header('x-96')}`);
    const { connect, capabilities } = await openBench(t, make, { serve });
    const client = await connect();
    client.send(get('/', many(97)));
    assert.equal((await client.response()).body, '0 96');
    client.send(get('/', many(98)));
    await refused(client, capabilities, 431);
  });

  test(`${name}: 30 kB of headers are read, 33 kB are too many`, async (t) => {
    const serve = async ({ header }: HttpRequest) => say(String(header('x-a')?.length));
    const { connect, capabilities } = await openBench(t, make, { serve });
    const client = await connect();
    client.send(get('/', `X-A: ${'a'.repeat(30_000)}\r\n`));
    assert.equal((await client.response()).body, '30000');
    client.send(get('/', `X-A: ${'a'.repeat(33_000)}\r\n`));
    await refused(client, capabilities, 431);
  });

  for (const [status, body] of [
    [200, ''],
    [200, 'text'],
    [201, 'made'],
    [303, ''],
    [404, '{}'],
    [409, 'é€😀'],
    [429, 'later'],
    [500, 'broken'],
    [503, 'busy'],
  ] as const)
    test(`${name}: a reply of ${status} and ${JSON.stringify(body)} arrives as it is, and another after it`, async (t) => {
      const serve = async () => say(body, status, { 'x-a': 'b' });
      const client = await (await openBench(t, make, { serve })).connect();
      client.send(get('/1') + get('/2'));
      for (let i = 0; i < 2; i++) {
        const reply = await client.response();
        if (reply.headers['connection'] === 'close') return client.untilClosed();
        assert.deepEqual([reply.status, Buffer.from(reply.body, 'latin1').toString()], [status, body]);
        assert.deepEqual(
          [reply.headers['content-length'], reply.headers['x-a']],
          [String(Buffer.byteLength(body)), 'b'],
        );
      }
    });

  test(`${name}: a body of bytes arrives byte by byte`, async (t) => {
    const body = Uint8Array.from({ length: 512 }, (_, i) => i % 256).subarray(1, 511);
    const client = await (await openBench(t, make, { serve: async () => ({ ...say(''), body }) })).connect();
    client.send(get('/'));
    assert.equal((await client.response()).body, Buffer.from(body).toString('latin1'));
  });

  for (const [what, headers] of [
    ['a line end in a value', { 'x-a': 'a\r\nx-b: c' }],
    ['a line feed in a value', { 'x-a': 'a\nb' }],
    ['a NUL in a value', { 'x-a': 'a\0b' }],
    ['a character that is no byte', { 'x-a': '€' }],
    ['a line end in a name', { 'x-a\r\nx-b': 'c' }],
    ['a blank in a name', { 'x a': 'b' }],
  ] as const)
    test(`${name}: a reply with ${what} never leaves; it costs one connection`, async (t) => {
      const serve = async ({ target }: HttpRequest) => say('x', 200, target === '/bad' ? headers : {});
      const bench = await openBench(t, make, { serve });
      const bad = await bench.connect();
      bad.send(get('/bad'));
      await bad.untilClosed();
      assert.doesNotMatch(bad.seen, /x-b/);
      const good = await bench.connect();
      good.send(get('/good'));
      assert.equal((await good.response()).status, 200);
    });

  test(`${name}: a header value beyond ASCII is sent as bytes`, async (t) => {
    const serve = async () => say('', 200, { 'x-a': 'caf\xe9' });
    const client = await (await openBench(t, make, { serve })).connect();
    client.send(get('/'));
    assert.equal((await client.response()).headers['x-a'], 'caf\xe9');
  });
}
