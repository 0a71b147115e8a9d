import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settled } from '../../../support/settled.ts';
import { UpdaterSite } from '../../../support/updates/updater-site.ts';

test('an update that is begun before RAUC was heard for the first time is not taken for one of an earlier daemon', async () => {
  const made = new UpdaterSite();
  const [first, installation] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  made.slots.slow = first.promise;
  made.slots.hold = installation.promise;
  await made.restart();
  made.slots.slow = undefined;
  assert.equal((await made.install()).ok, true);
  first.resolve();
  await settled();
  assert.equal(made.updater.stand().phase, 'installing');
  installation.resolve();
  await settled();
  assert.equal(made.updater.stand().phase, 'installed');
});
