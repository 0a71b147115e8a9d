import assert from 'node:assert/strict';
import { test } from 'node:test';
import { announcedLength, fieldOf, flawOf, MAX_HEADERS } from '../../../../actors/http/head.ts';

const HOST = ['Host', 'x'];
const flaw = (fields: readonly string[], rest: { version?: string; method?: string; target?: string } = {}) =>
  flawOf({ version: '1.1', method: 'GET', target: '/', ...rest, fields });

for (const [what, found, expected] of [
  ['an ordinary request', flaw(HOST), undefined],
  ['HTTP/1.0 without Host', flaw([], { version: '1.0' }), undefined],
  ['HTTP/2.0', flaw(HOST, { version: '2.0' }), 505],
  ['no Host', flaw([]), 400],
  ['two Hosts', flaw([...HOST, 'host', 'x']), 400],
  ['a method nobody knows', flaw(HOST, { method: 'FROB' }), 400],
  ['CONNECT', flaw(HOST, { method: 'CONNECT' }), 400],
  ['a fragment', flaw(HOST, { target: '/#a' }), 400],
  ['an empty target', flaw(HOST, { target: '' }), 400],
  ['every other visible character', flaw(HOST, { target: `/!"$%&'()*+,-.:;<=>?@[\\]^_\`{|}~` }), undefined],
  ['a length', flaw([...HOST, 'Content-Length', '007']), undefined],
  ['a length of 16 digits', flaw([...HOST, 'Content-Length', '1'.repeat(16)]), 400],
  ['chunks', flaw([...HOST, 'Transfer-Encoding', 'Chunked']), undefined],
  ['chunks of something', flaw([...HOST, 'Transfer-Encoding', 'gzip, chunked']), 501],
  ['something of chunks', flaw([...HOST, 'Transfer-Encoding', 'chunked, gzip']), 400],
  ['length and chunks', flaw([...HOST, 'Content-Length', '1', 'Transfer-Encoding', 'chunked']), 400],
  ['an expectation', flaw([...HOST, 'Expect', '100-Continue']), undefined],
  ['another expectation', flaw([...HOST, 'Expect', 'wonders']), 417],
  ['as many headers as fit', flaw([...HOST, ...Array(2 * MAX_HEADERS - 2).fill('a')]), undefined],
  ['one more', flaw([...HOST, ...Array(2 * MAX_HEADERS).fill('a')]), 431],
] as const)
  test(`${what}: ${expected ?? 'no flaw'}`, () => assert.equal(found, expected));

test('a field is found by its name, not by a value that looks like one', () => {
  const fields = ['a', 'b', 'b', '1', 'b', '2', 'cookie', 'x=1', 'cookie', 'y=2', 'host', 'p', 'host', 'q'];
  assert.deepEqual(
    ['a', 'b', 'cookie', 'host', '1', 'x'].map((name) => fieldOf(fields, name)),
    ['b', '1, 2', 'x=1; y=2', 'p', undefined, undefined],
  );
});

test('the length of a body is announced, unknown or nothing', () => {
  assert.deepEqual([['content-length', '12'], ['transfer-encoding', 'chunked'], []].map(announcedLength), [
    12,
    Number.POSITIVE_INFINITY,
    0,
  ]);
});
