import assert from 'node:assert/strict';
import { test } from 'node:test';
import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { condense } from '../../../../actors/http/condense.ts';
import type { HttpReply } from '../../../../core/api/http.ts';

const LONG = JSON.stringify(Array.from({ length: 200 }, (_, i) => ({ name: `finding ${i}` })));
const JSON_REPLY: HttpReply = {
  status: 200,
  headers: { 'content-type': 'application/json; charset=utf-8' },
  body: LONG,
};

const ask = async (reply: HttpReply, headers: Readonly<Record<string, string>> = {}, method = 'GET') =>
  condense(
    {
      method,
      target: '/',
      header: (name) => headers[name],
      peer: '192.0.2.1',
      pieces: () => assert.fail('no body is read'),
      body: () => assert.fail(),
      signal: new AbortController().signal,
    },
    reply,
  );

for (const [accepts, encoding] of [
  ['gzip', 'gzip'],
  ['gzip, deflate, br, zstd', 'br'],
  ['GZIP;q=0.5', 'gzip'],
  ['br;q=0, gzip', 'gzip'],
  ['br; q=0.0', undefined],
  ['identity', undefined],
  ['', undefined],
] as const)
  test(`a client that accepts "${accepts}" gets ${encoding ?? 'it plain'}`, async () => {
    const reply = await ask(JSON_REPLY, { 'accept-encoding': accepts });
    assert.deepEqual([reply.headers['content-encoding'], reply.headers['vary']], [encoding, 'accept-encoding']);
    const bytes = Buffer.from(reply.body);
    const plain = encoding === 'br' ? brotliDecompressSync(bytes) : encoding === 'gzip' ? gunzipSync(bytes) : bytes;
    assert.equal(plain.toString(), LONG);
    if (encoding !== undefined) assert.ok(bytes.length < LONG.length / 4, String(bytes.length));
  });

for (const [what, change] of [
  ['short', { body: '{}' }],
  ['an image', { headers: { 'content-type': 'image/png' } }],
] as const)
  test(`${what}: not compressed, but tagged`, async () => {
    const reply = await ask({ ...JSON_REPLY, ...change }, { 'accept-encoding': 'gzip' });
    assert.equal(reply.headers['content-encoding'], undefined);
    assert.match(reply.headers['etag'] ?? '', /^W\/"[\w-]{22}"$/);
  });

for (const [what, change, method] of [
  ['a reply that hands out a cookie', { headers: { ...JSON_REPLY.headers, 'set-cookie': 'a=b' } }, 'GET'],
  ['a refusal', { status: 404 }, 'GET'],
  ['a write', {}, 'POST'],
  ['an empty body', { body: '' }, 'GET'],
  ['a stream', { stream: { start: () => {}, keepalive: { text: '', every: 1 as never } } }, 'GET'],
] as const)
  test(`${what} is left as it is`, async () => {
    const given = { ...JSON_REPLY, ...change };
    assert.deepEqual(await ask(given, { 'accept-encoding': 'gzip', 'if-none-match': '*' }, method), given);
  });

test('who has it already is told so, under either tag', async () => {
  const first = await ask(JSON_REPLY);
  const etag = first.headers['etag'] ?? '';
  for (const given of [etag, etag.slice(2), `"x", ${etag}`, '*']) {
    const again = await ask(JSON_REPLY, { 'if-none-match': given, 'accept-encoding': 'gzip' });
    assert.deepEqual([again.status, again.body, again.headers['etag']], [304, '', etag], given);
  }
  assert.equal((await ask(JSON_REPLY, { 'if-none-match': '"other"' })).status, 200);
  assert.equal((await ask({ ...JSON_REPLY, body: `${LONG} ` }, { 'if-none-match': etag })).status, 200);
});

test('a tag that is there is kept, and weak once the bytes are others', async () => {
  const tagged = { ...JSON_REPLY, headers: { ...JSON_REPLY.headers, etag: '"strong"' } };
  assert.equal((await ask(tagged)).headers['etag'], '"strong"');
  assert.equal((await ask(tagged, { 'accept-encoding': 'br' })).headers['etag'], 'W/"strong"');
  assert.equal((await ask(tagged, { 'if-none-match': 'W/"strong"' })).status, 304);
});
