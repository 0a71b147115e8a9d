import assert from 'node:assert/strict';
import { test } from 'node:test';
import { StoreComponent } from '../../../../actors/daemon/store-component.ts';
import type { StoreHealth } from '../../../../actors/store/index.ts';
import { millis } from '../../../../core/base/time.ts';

test('the store is shown with the moment at which its state changed', () => {
  let health: StoreHealth = { state: 'ok', bytes: 1 };
  let now = 100;
  const store = new StoreComponent(
    () => health,
    () => millis(now),
  );
  assert.deepEqual(store.component(), { name: 'store', state: 'ok', since: 100, counters: {} });
  now = 200;
  assert.equal(store.component().since, 100);
  health = { state: 'memory', bytes: 1, message: 'disk gone' };
  assert.deepEqual(store.component(), {
    name: 'store',
    state: 'degraded',
    since: 200,
    message: 'disk gone',
    counters: {},
  });
});
