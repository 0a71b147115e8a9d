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
  await files.pass(5);
  files.fs.append('/log/a.log', 'ur\n');
  await files.pass(5);
  assert.deepEqual(files.ledger.texts, ['one', 'two', 'three', 'four']);
  assert.equal(files.component().state, 'ok');
  await files.stop();
  assert.equal(files.fs.openFiles, 0);
  assert.equal(files.fs.watches, 0);
  assert.equal(files.clock.pending, 0);
});

test('a line is read at once; those that follow while it is taken are gathered for 5 ms', async () => {
  const files = await followed(['/log/a.log']);
  files.fs.append('/log/a.log', '');
  await files.start();
  await files.pass(5);
  const lines = Array.from({ length: 20 }, (_, i) => `line ${i}`);
  for (const line of lines) {
    files.fs.append('/log/a.log', `${line}\n`);
    await files.settle();
  }
  assert.deepEqual(files.ledger.texts, lines.slice(0, 1));
  await files.pass(4);
  assert.deepEqual(files.ledger.texts, lines.slice(0, 1));
  await files.pass(1);
  assert.deepEqual(files.ledger.texts, lines);
  files.fs.append('/log/a.log', 'more\nand more\n');
  await files.stop();
  assert.equal(files.clock.pending, 0, 'nothing waits any more');
});
