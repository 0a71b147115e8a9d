import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis } from '../../../core/base/time.ts';
import { get, type MakeEngine, openBench, refused } from './bench.ts';

/** What is asked for: handed over letter by letter, or refused. */
export function targetCases(name: string, make: MakeEngine): void {
  for (const target of [
    '/',
    '/?',
    '/a?b=c',
    '/?a=/b?c=%3F',
    '//',
    '//a//b',
    '/a/../b/./c',
    '/%2e%2e/%2f',
    '/%zz%1%',
    '/a%00b',
    '/a;b=c,d',
    "/~!$&'()*+,=:@-._",
    '/[::1]/{id}/^|\\`"<>',
    `/${'a'.repeat(16_000)}`,
    `/a?${'b'.repeat(8_000)}&${'c'.repeat(8_000)}`,
  ])
    test(`${name}: the target ${target.slice(0, 30)} is handed over as it is`, async (t) => {
      const client = await (await openBench(t, make)).connect();
      client.send(get(target));
      assert.equal((await client.response()).body, `GET ${target}`);
    });

  for (const [what, target] of [
    ['a fragment', '/a#b'],
    ['a blank', '/a b'],
    ['a tab', '/a\tb'],
    ['a DEL', '/a\x7f'],
    ['a control character', '/a\x01'],
    ['a NUL', '/a\0'],
    ['bytes beyond ASCII', '/\xc3\xa9'],
    ['no slash', 'a'],
    ['nothing', ''],
    ['an authority alone', 'x:443'],
  ] as const)
    test(`${name}: a target with ${what} is refused`, async (t) => {
      const { connect, capabilities, served } = await openBench(t, make);
      const client = await connect();
      client.send(Buffer.from(get(target), 'latin1'));
      await refused(client, capabilities, 400);
      assert.deepEqual(served, []);
    });

  for (const request of ['GET http://x/a?b HTTP/1.1', 'GET https://other:1/a HTTP/1.1', 'OPTIONS * HTTP/1.1'])
    test(`${name}: ${request} is served, or refused as a form that is not spoken`, async (t) => {
      const { connect, capabilities, served } = await openBench(t, make);
      const client = await connect();
      client.send(`${request}\r\nHost: x\r\n\r\n`);
      const { status } = await client.response();
      const [method, target] = request.split(' ');
      if (capabilities.allForms) assert.deepEqual([status, served], [200, [`${method} ${target}`]]);
      else assert.deepEqual([status, served], [505, []]);
    });

  test(`${name}: an empty line before a request is passed over, or ends the connection`, async (t) => {
    const { connect, capabilities, served } = await openBench(t, make, { limits: { headerRead: millis(300) } });
    const client = await connect();
    client.send(`\r\n${get('/a')}`);
    if (capabilities.allForms) assert.equal((await client.response()).body, 'GET /a');
    else {
      await client.untilClosed();
      assert.deepEqual(served, []);
    }
  });
}
