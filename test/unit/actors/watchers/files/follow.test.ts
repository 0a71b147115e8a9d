import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FollowedFiles } from '../../../../support/followed-files.ts';

const followed = async (...args: ConstructorParameters<typeof FollowedFiles>) => {
  const files = new FollowedFiles(...args);
  return files;
};

test('a file is read from its beginning, then as it grows', async () => {
  const files = await followed(['/log/a.log']);
  files.fs.append('/log/a.log', 'one\ntwo\n');
  await files.start();
  await files.settle();
  assert.deepEqual(files.ledger.texts, ['one', 'two']);
  files.fs.append('/log/a.log', 'three\nfo');
  await files.settle();
  files.fs.append('/log/a.log', 'ur\n');
  await files.settle();
  assert.deepEqual(files.ledger.texts, ['one', 'two', 'three', 'four']);
  assert.equal(files.component().state, 'ok');
  await files.stop();
  assert.equal(files.fs.openFiles, 0);
  assert.equal(files.fs.watches, 0);
  assert.equal(files.clock.pending, 0);
});
