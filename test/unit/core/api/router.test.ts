import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Method } from '../../../../core/api/endpoint.ts';
import type { Bound } from '../../../../core/api/mount.ts';
import { router } from '../../../../core/api/router.ts';

const row = (method: Method, path: string) =>
  ({ endpoint: { method, path, name: `${method} ${path}` } }) as unknown as Bound;

const find = router([
  row('GET', '/a'),
  row('POST', '/a'),
  row('GET', '/a/{id}'),
  row('DELETE', '/a/{id}'),
  row('GET', '/a/fixed'),
  row('POST', '/a/{id}/do'),
  row('POST', '/slash/'),
]);

for (const [path, method, name, params] of [
  ['/a', 'GET', 'GET /a', {}],
  ['/a/', 'POST', 'POST /a', {}],
  ['/a/fixed', 'GET', 'GET /a/fixed', {}],
  ['/a/7', 'DELETE', 'DELETE /a/{id}', { id: '7' }],
  ['/a/x%2Fy%20z', 'GET', 'GET /a/{id}', { id: 'x/y z' }],
  ['/a/7/do/', 'POST', 'POST /a/{id}/do', { id: '7' }],
  ['/slash', 'POST', 'POST /slash/', {}],
] as const)
  test(`${method} ${path} is ${name}`, () => {
    const match = find(path);
    assert.equal(match?.route.methods.get(method)?.endpoint.name, name);
    assert.deepEqual(match.params, params);
  });

for (const path of ['', '/', '/A', '/a//', '//a', '/a/../a', '/a/%zz', '/a/7/', '/a/7/do/x', '/%61'].filter(
  (p) => p !== '/a/7/',
))
  test(`${JSON.stringify(path)} is nobody's`, () => assert.equal(find(path), undefined));

test('Allow names what the path knows, HEAD with GET', () => {
  assert.equal(find('/a')?.route.allow, 'GET, POST, HEAD, OPTIONS');
  assert.equal(find('/slash')?.route.allow, 'POST, OPTIONS');
});

test('two rows with one method and path are a mistake of the table', () => {
  assert.throws(() => router([row('GET', '/a'), row('GET', '/a/')]), /declared twice/);
});
