import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mount } from '../../../../core/api/mount.ts';
import { CSM } from '../../../../core/api/surface.ts';
import { ApiHarness } from '../../../support/api/harness.ts';
import { rowWith } from '../../../support/api/rows.ts';
import { SECOND } from '../../../support/api/second-surface.ts';

/** Two surfaces, the second mounted inside the first, in either order. */
const over = (order: 'first' | 'last') => {
  const csm = mount(CSM, [rowWith({})], undefined);
  const second = mount(SECOND, [rowWith({ name: 'thing', path: '/api/v1/second/things' })], undefined);
  return new ApiHarness({ mounts: order === 'first' ? [second, csm] : [csm, second], validators: () => () => true });
};

for (const order of ['first', 'last'] as const)
  test(`an unknown path is the surface's with the longest mount, declared ${order}`, async () => {
    const api = over(order);
    const wordsAt = async (target: string) => (await api.ask({ target })).json();
    for (const target of ['/api/v1/second/nothing', '/api/v1/second/', '/api/v1/second'])
      assert.deepEqual(await wordsAt(target), { detail: 'Not found' }, target);
    for (const target of ['/api/v1/secondary', '/api/v1/nothing'])
      assert.deepEqual(await wordsAt(target), { error: 'Not found' }, target);
  });
