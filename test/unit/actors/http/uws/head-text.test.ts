import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headWriter } from '../../../../../actors/http/uws/head-text.ts';
import { fc } from '../../../../support/random.ts';

const text = (head: string | Uint8Array): string => Buffer.from(head as string, 'latin1').toString('latin1');

test('status and headers stand line by line, all but `connection`', () => {
  const write = headWriter();
  assert.equal(write({ status: 404, headers: {} }), '404 Not Found');
  assert.equal(
    write({ status: 200, headers: { 'x-a': '1', connection: 'close', 'x-b': '' } }),
    '200 OK\r\nx-a: 1\r\nx-b: ',
  );
});

test('bytes beyond ASCII go out as bytes', () => {
  const head = headWriter()({ status: 200, headers: { 'x-a': 'é', 'x-b': '1' } });
  assert.ok(typeof head !== 'string');
  assert.equal(text(head), '200 OK\r\nx-a: \xe9\r\nx-b: 1');
});

for (const headers of [
  { 'x-a': 'a\r\nx-b: c' },
  { 'x-a': 'a\n' },
  { 'x-a': '\0' },
  { 'x-a': '€' },
  { 'x-a: 1\r\nx-b': 'c' },
])
  test(`${JSON.stringify(headers)} is refused, however often it comes`, () => {
    const write = headWriter();
    for (let i = 0; i < 3; i++) assert.throws(() => write({ status: 200, headers: { 'x-0': '1', ...headers } }));
    assert.equal(write({ status: 200, headers: { 'x-0': '1' } }), '200 OK\r\nx-0: 1');
  });

test('what it remembers never shows: any reply after any other is written as if it were the first', () => {
  const name = fc.constantFrom('x-a', 'x-b', 'x-c', 'connection', 'x-request-id');
  const value = fc.constantFrom('', '1', '2', 'é');
  const reply = fc.record({ status: fc.constantFrom(200, 404), headers: fc.dictionary(name, value, { maxKeys: 5 }) });
  fc.assert(
    fc.property(fc.array(reply, { maxLength: 12 }), (replies) => {
      const write = headWriter();
      for (const one of replies) assert.equal(text(write(one)), text(headWriter()(one)));
    }),
  );
});
