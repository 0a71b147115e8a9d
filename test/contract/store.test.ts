import assert from 'node:assert/strict';
import { test } from 'node:test';
import { contents, openIn, temporary } from '../support/store-directory.ts';
import { storeSuite } from './store-suite.ts';

storeSuite('on disk', async () => {
  const { store, wipe } = await openIn(await temporary());
  await wipe();
  return { store: store.port, close: () => store.service.stop() };
});

test('what was committed is there after a reopening, in a store of its own', async () => {
  const place = await temporary();
  const { store } = await openIn(place);
  await store.port.commit([{ put: 'a', value: 1 }], { sync: true });
  await store.port.commit([{ put: 'b', value: 2 }]);
  await store.service.stop();
  const again = await openIn(place);
  assert.deepEqual(await contents(again.store.port), [
    ['a', 1],
    ['b', 2],
  ]);
  assert.deepEqual(again.damages, []);
  assert.equal(again.store.port.health().state, 'ok');
  assert.ok(again.store.port.health().bytes > 0);
  await again.store.service.stop();
});
