import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BLOB, CONTENT } from '../support/api/fake-blobs.ts';
import { ApiHarness, type Ask, bearer } from '../support/api/harness.ts';
import { MULTIPART, multipart, type TestPart } from '../support/multipart.ts';

const admin = bearer('admin-token');
const TARGET = `/api/v1/blobs/${BLOB.id}`;
const ETAG = `"${BLOB.sha256}"`;

const upload = (api: ApiHarness, parts: readonly TestPart[], ask: Partial<Ask> = {}) =>
  api.ask({
    method: 'POST',
    target: '/api/v1/blobs',
    body: multipart(parts),
    ...ask,
    headers: { ...admin, 'content-type': MULTIPART, ...ask.headers },
  });

test('a file is kept as its part says, for as long as asked', async () => {
  const api = new ApiHarness();
  const answer = await upload(
    api,
    [{ name: 'file', fileName: 'a.bin', mediaType: 'application/x-thing', content: 'x'.repeat(5000) }],
    { target: '/api/v1/blobs?expires_in=1h' },
  );
  assert.deepEqual(answer.json(), {
    id: BLOB.id,
    sha256: BLOB.sha256,
    size: BLOB.size,
    name: BLOB.name,
    media_type: BLOB.mediaType,
    created_at: '2026-01-01T00:00:00.000Z',
    owner: 'operator',
    expires_at: '',
  });
  const expiresAt = api.clock.now() + 3_600_000;
  const about = { name: 'a.bin', mediaType: 'application/x-thing', owner: 'operator', expiresAt };
  assert.deepEqual(api.blobs.asked, [['put', { ...about, content: 'x'.repeat(5000) }]]);
  assert.deepEqual([api.audits[0]?.action, api.audits[0]?.target], ['upload_blob', BLOB.id]);
});

test('a name is what a browser wrote its quotes and line breaks for', async () => {
  const api = new ApiHarness();
  await upload(api, [{ name: 'file', fileName: 'a%22b%0d%0Ac%2522%41.bin', content: 'x' }]);
  assert.equal((api.blobs.asked[0] as [string, { name: string }])[1].name, 'a"b\\x0d\\x0ac%2522%41.bin');
});

const FILE: TestPart = { name: 'file', fileName: 'a', content: 'x' };

for (const [what, parts, ask, status, says] of [
  ['no part', [], {}, 400, 'part "file" is missing'],
  ['another part', [{ ...FILE, name: 'other' }], {}, 400, 'part "file" is missing'],
  ['two parts', [FILE, FILE], {}, 400, 'body has more than 1 part'],
  ['a wrong duration', [FILE], { target: '/api/v1/blobs?expires_in=soon' }, 400, /duration/],
  [
    'JSON',
    [FILE],
    { headers: { 'content-type': 'application/json' } },
    415,
    'Content-Type must be multipart/form-data',
  ],
  ['no boundary', [FILE], { headers: { 'content-type': 'multipart/form-data' } }, 400, /Boundary not found/],
  ['half a body', [FILE], { body: multipart([FILE]).subarray(0, -8) }, 400, /Unexpected end/],
] as const)
  test(`an upload with ${what} is ${status} and keeps nothing`, async () => {
    const api = new ApiHarness();
    const answer = await upload(api, parts, ask);
    assert.equal(answer.status, status);
    const { error } = answer.json() as { error: string };
    if (typeof says === 'string') assert.equal(error, says);
    else assert.match(error, says);
    assert.deepEqual(api.blobs.asked, []);
  });

test('an upload beyond the bounds is 413', async () => {
  const api = new ApiHarness();
  const answer = await api.ask({
    method: 'POST',
    target: '/api/v1/blobs',
    headers: { ...admin, 'content-type': MULTIPART },
    body: new Uint8Array(513 * 1024 * 1024),
  });
  assert.deepEqual([answer.status, answer.json()], [413, { error: 'body is larger than 536936448 bytes' }]);
});

test('the list pages by id', async () => {
  const api = new ApiHarness();
  const page = async () => (await api.ask({ target: '/api/v1/blobs', headers: admin })).json() as { blobs: object[] };
  assert.equal((await page()).blobs.length, 1);
  api.blobs.list = async () => Array.from({ length: 100 }, () => BLOB);
  assert.equal(((await page()) as { next_before?: string }).next_before, BLOB.id);
});

test('a file is a download that runs nothing and is asked for again by its content', async () => {
  const answer = await new ApiHarness().ask({ target: TARGET, headers: admin });
  const { headers } = answer;
  assert.deepEqual([answer.status, answer.text], [200, CONTENT]);
  assert.equal(headers['content-type'], 'application/x-thing');
  assert.equal(
    headers['content-disposition'],
    `attachment; filename="_t_ _1_.bin"; filename*=UTF-8''%C3%A9t%C3%A9%20%221%22.bin`,
  );
  assert.match(headers['content-security-policy'] ?? '', /default-src 'none'.*; sandbox$/);
  assert.deepEqual(
    [headers['etag'], headers['accept-ranges'], headers['x-content-type-options'], headers['cache-control']],
    [ETAG, 'bytes', 'nosniff', 'private, no-cache'],
  );
});

const size = CONTENT.length;
for (const [range, status, from, length] of [
  ['bytes=0-3', 206, 0, 4],
  ['bytes=5-', 206, 5, size - 5],
  ['bytes=-4', 206, size - 4, 4],
  ['bytes=0-9999', 206, 0, size],
  ['bytes=-9999', 206, 0, size],
  [`bytes=${size - 1}-`, 206, size - 1, 1],
  ['bytes = 0 - 3', 200, 0, size],
  ['bytes=0-1,3-4', 200, 0, size],
  ['bytes=3-1', 200, 0, size],
  ['bytes=-', 200, 0, size],
  ['bytes=a-b', 200, 0, size],
  ['items=0-3', 200, 0, size],
] as const)
  test(`${range} is ${status}, ${length} bytes from ${from}`, async () => {
    const api = new ApiHarness();
    const answer = await api.ask({ target: TARGET, headers: { ...admin, range } });
    assert.deepEqual([answer.status, answer.text], [status, CONTENT.slice(from, from + length)]);
    assert.deepEqual([api.blobs.opened, api.blobs.closed], [[[from, length]], 1]);
    const shown = status === 206 ? `bytes ${from}-${from + length - 1}/${size}` : undefined;
    assert.equal(answer.headers['content-range'], shown);
  });

for (const range of [`bytes=${size}-`, 'bytes=9999-', 'bytes=-0'])
  test(`${range} cannot be satisfied`, async () => {
    const api = new ApiHarness();
    const answer = await api.ask({ target: TARGET, headers: { ...admin, range } });
    assert.deepEqual([answer.status, answer.headers['content-range']], [416, `bytes */${size}`]);
    assert.deepEqual([answer.json(), api.blobs.opened], [{ error: `the file has ${size} bytes` }, []]);
  });

for (const [version, status] of [
  [ETAG, 206],
  [`W/${ETAG}`, 200],
  ['"other"', 200],
  ['Wed, 21 Oct 2026 07:28:00 GMT', 200],
] as const)
  test(`a range if the version is ${version} is ${status}`, async () => {
    const headers = { ...admin, range: 'bytes=0-3', 'if-range': version };
    assert.equal((await new ApiHarness().ask({ target: TARGET, headers })).status, status);
  });

for (const [given, status] of [
  [ETAG, 304],
  [`"x", W/${ETAG}`, 304],
  ['*', 304],
  ['"x"', 200],
] as const)
  test(`If-None-Match ${given} is ${status}`, async () => {
    const api = new ApiHarness();
    const answer = await api.ask({ target: TARGET, headers: { ...admin, 'if-none-match': given } });
    assert.deepEqual([answer.status, api.blobs.opened.length], [status, status === 304 ? 0 : 1]);
  });

test('HEAD knows no ranges', async () => {
  const api = new ApiHarness();
  const answer = await api.ask({ method: 'HEAD', target: TARGET, headers: { ...admin, range: 'bytes=0-3' } });
  assert.deepEqual([answer.status, api.blobs.opened], [200, [[0, size]]]);
});

test('an empty file is served, and has no ranges', async () => {
  const api = new ApiHarness();
  api.blobs.blob = { ...BLOB, size: 0 };
  api.blobs.open = async () => ({ ok: true, value: { size: 0, next: async () => undefined, close: () => {} } });
  const ask = async (headers: Record<string, string>) => {
    const { status, text } = await api.ask({ target: TARGET, headers: { ...admin, ...headers } });
    return [status, status === 200 ? text : ''];
  };
  assert.deepEqual(await ask({}), [200, '']);
  assert.deepEqual(await ask({ range: 'bytes=0-' }), [416, '']);
});

test('what is not there is 404, what is lost is 410', async () => {
  const api = new ApiHarness();
  api.blobs.blob = { ...BLOB, size: 5 };
  assert.equal((await api.ask({ target: TARGET, headers: admin })).status, 410);
  api.blobs.blob = undefined;
  assert.equal((await api.ask({ target: TARGET, headers: admin })).status, 404);
  assert.equal((await api.ask({ method: 'DELETE', target: TARGET, headers: admin })).status, 404);
});

test('a deletion names what it deleted', async () => {
  const api = new ApiHarness();
  const answer = await api.ask({ method: 'DELETE', target: TARGET, headers: admin });
  assert.deepEqual(answer.json(), { status: 'deleted', id: BLOB.id });
  assert.deepEqual([api.audits[0]?.action, api.audits[0]?.target], ['delete_blob', BLOB.id]);
});
