import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isScope, mayDo, type Scope } from '../../../../core/api/auth.ts';
import { mount, mountsOn } from '../../../../core/api/mount.ts';
import { CSM, OWN, type Surface } from '../../../../core/api/surface.ts';
import type { Validate, ValidationError } from '../../../../core/api/validation.ts';
import { ApiHarness, type Ask } from '../../../support/api/harness.ts';
import { rowWith } from '../../../support/api/rows.ts';
import { SECOND, SECOND_ENDPOINTS } from '../../../support/api/second-surface.ts';

const csm = mount(CSM, [rowWith({})], undefined);
const second = mount(SECOND, SECOND_ENDPOINTS, undefined);

/** Two surfaces, the second mounted inside the first, in either order. */
const over = (order: 'first' | 'last') =>
  new ApiHarness({ mounts: order === 'first' ? [second, csm] : [csm, second], validators: () => () => true });

for (const order of ['first', 'last'] as const)
  test(`an unknown path is the surface's with the longest mount, declared ${order}`, async () => {
    const api = over(order);
    const wordsAt = async (target: string) => (await api.ask({ target })).json();
    for (const target of ['/api/v1/second/nothing', '/api/v1/second/', '/api/v1/second'])
      assert.deepEqual(await wordsAt(target), { detail: 'Not found' }, target);
    for (const target of ['/api/v1/secondary', '/api/v1/nothing'])
      assert.deepEqual(await wordsAt(target), { error: 'Not found' }, target);
  });

for (const [scopes, scope, may] of [
  [['read'], 'read', true],
  [['read'], 'admin', false],
  [['admin'], 'metrics', true],
  [['admin'], 'second:read', false],
  [['admin'], 'second:admin', false],
  [['read'], 'second:read', false],
  [['second:admin'], 'second:read', true],
  [['second:read'], 'second:read', true],
  [['second:read'], 'second:admin', false],
  [['second:admin'], 'read', false],
  [['second:admin'], 'admin', false],
  [['second:admin'], 'third:read', false],
  [['second:admin', 'third:read'], 'third:read', true],
  [[], 'none', true],
] as const)
  test(`${scopes.join(' and ') || 'nothing'} ${may ? 'may' : 'may not'} do ${scope}`, () =>
    assert.equal(mayDo({ kind: 'token', name: 'x', scopes }, scope), may));

test('a scope is a word of CSM, or one of a named surface', () => {
  for (const good of ['read', 'admin', 'metrics', 'siem:read', 'esp:node.write']) assert.equal(isScope(good), true);
  for (const bad of ['write', 'siem', 'siem:', ':read', 'a:b:c', 'Siem:read', '', 7, null])
    assert.equal(isScope(bad), false);
});

test('a row that asks for a scope which its surface does not have is not mounted', () => {
  const foreign = (surface: Surface, scope: Scope) => () =>
    new ApiHarness({ mounts: [mount(surface, [rowWith({ scope })], undefined)], validators: () => () => true });
  assert.throws(foreign(CSM, 'second:read'), /probe asks for the scope second:read, which csm does not have/);
  assert.throws(foreign(SECOND, 'read'), /which second does not have/);
});

test('a listener serves the surfaces that are declared for it', () => {
  assert.deepEqual(mountsOn('main', [csm, second]), [csm]);
  assert.deepEqual(mountsOn('side', [csm, second]), [second]);
  assert.throws(() => mountsOn('other', [csm, second]), /no surface is mounted on the listener "other"/);
});

test('credentials are looked for where the surface has them', async () => {
  const api = over('last');
  const principal = (name: string) => ({ kind: 'token', name, scopes: ['second:read'] }) as const;
  api.identity.token = (raw) => (raw === 'key' ? principal('x') : undefined);
  const status = async (headers: Ask['headers'] = {}) =>
    (await api.ask({ target: '/api/v1/second/things', headers })).status;
  assert.deepEqual(
    [await status({ 'x-api-key': 'key' }), await status({ cookie: 'csm_auth=key' }), await status()],
    [200, 401, 401],
  );
});

test('each surface has its own rate limits; one that is another dialect of the same has not', async () => {
  const own = mount(OWN, [rowWith({ name: 'own', path: '/api/v1/own' })], undefined);
  const api = new ApiHarness({ mounts: [csm, second, own], validators: () => () => true });
  const status = async (target: string) => (await api.ask({ target })).status;
  for (let i = 0; i < CSM.rates.normal.burst; i++) await api.ask({ target: '/api/v1/nothing' });
  assert.deepEqual(
    [await status('/api/v1/probe'), await status('/api/v1/own'), await status('/api/v1/second/none')],
    [429, 429, 404],
  );
});

/** What a compiled schema says of a field that it does not name, or of a wrong value. */
function says(error: ValidationError | undefined): Validate {
  return Object.assign(() => error === undefined, { errors: error === undefined ? null : [error] });
}
const unknown: ValidationError = {
  instancePath: '',
  keyword: 'additionalProperties',
  params: { additionalProperty: 'color' },
};
const wrong: ValidationError = { instancePath: '/name', keyword: 'type', params: { type: 'string' } };

const BODY = { name: 'a', color: 'red', more: { size: 1, depth: 2 } };

async function sent(change: Partial<Surface>, error?: ValidationError) {
  const mounts = [mount({ ...SECOND, ...change }, SECOND_ENDPOINTS, undefined)] as const;
  const api = new ApiHarness({ mounts, validators: () => says(error) });
  const principal = { kind: 'local', name: 'root', scopes: ['second:admin'] } as const;
  const answer = await api.ask({
    method: 'POST',
    target: '/api/v1/second/things',
    body: JSON.stringify(BODY),
    principal,
  });
  return [answer.status, answer.json()];
}

test('an unknown field is refused, as one or as the other, and a wrong value as its own', async () => {
  const refusing = (as: 'bad_request' | 'invalid', wrongAs: 'bad_request' | 'invalid') =>
    ({ unknownBodyField: { refuse: as }, invalidInput: wrongAs }) as const;
  const text = { detail: 'unknown field "color"' };
  assert.deepEqual(await sent(refusing('bad_request', 'invalid'), unknown), [400, text]);
  assert.deepEqual(await sent(refusing('invalid', 'bad_request'), unknown), [422, text]);
  assert.equal((await sent(refusing('bad_request', 'invalid'), wrong))[0], 422);
  assert.equal((await sent(refusing('invalid', 'bad_request'), wrong))[0], 400);
});

test('an unknown field is kept beside the others, or left out at every depth', async () => {
  assert.deepEqual(await sent({ unknownBodyField: 'keep' }), [200, { got: BODY }]);
  assert.deepEqual(await sent({ unknownBodyField: 'ignore' }), [200, { got: { name: 'a', more: { size: 1 } } }]);
});
