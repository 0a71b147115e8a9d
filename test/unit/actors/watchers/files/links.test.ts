import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FollowedFiles, follow } from '../../../../support/followed-files.ts';

const LOG = '/log/a.log';

/** Stops without a crash, lets `meanwhile` happen, and starts again from what was committed. */
async function restart(files: FollowedFiles, meanwhile: () => void): Promise<void> {
  files.ledger.commit();
  await files.stop();
  meanwhile();
  await files.start();
  await files.pass(10_000, 1000);
}

test('a symbolic link is followed, and so is its swap to another file, and a dangling one waited for', async () => {
  const files = await follow(
    ({ fs }) => {
      fs.mkdir('/data');
      fs.symlink('/data/1', LOG);
    },
    [LOG],
  );
  assert.equal(files.component().state, 'waiting');
  files.fs.append('/data/1', 'one\n');
  await files.pass(2000);
  files.fs.append('/data/1', 'two\n');
  files.fs.unlink(LOG);
  files.fs.append('/data/2', 'three\n');
  files.fs.symlink('/data/2', LOG);
  await files.pass(5000);
  assert.deepEqual(files.ledger.texts, ['one', 'two', 'three']);
});

test('a link swapped twice, its first target empty when it was seen and written to since: nothing is passed over', async () => {
  const files = new FollowedFiles([LOG]);
  files.fs.append('/log/0', 'zero\n');
  files.fs.symlink('/log/0', LOG);
  await files.start();
  await files.settle();
  const swapTo = (name: string): void => {
    files.fs.append(`/log/${name}`);
    files.fs.symlink(`/log/${name}`, '/log/next');
    files.fs.rename('/log/next', LOG);
  };
  swapTo('one');
  await files.pass(10_000);
  files.fs.append('/log/one', 'one\n');
  swapTo('two');
  files.fs.append('/log/two', 'two\n');
  await files.pass(60_000);
  assert.deepEqual(files.ledger.texts, ['zero', 'one', 'two']);
  await files.stop();
});

test('a link swapped while down: its former target beside the new one is finished', async () => {
  const files = await follow(({ fs }) => {
    fs.mkdir('/data');
    fs.append('/data/monday', 'one\n');
    fs.symlink('/data/monday', LOG);
  });
  await restart(files, () => {
    files.fs.append('/data/monday', 'two\n');
    files.fs.append('/data/tuesday', 'three\n');
    files.fs.unlink(LOG);
    files.fs.symlink('/data/tuesday', LOG);
  });
  assert.deepEqual(files.ledger.texts, ['one', 'two', 'three']);
});

test('two paths to one file: it is read once', async () => {
  const files = await follow(
    ({ fs }) => {
      fs.append(LOG, 'one\n');
      fs.symlink(LOG, '/log/b.log');
      fs.link(LOG, '/log/c.log');
    },
    ['/log/*.log'],
  );
  assert.deepEqual(files.ledger.texts, ['one']);
  const states = ['/log/a.log', '/log/b.log', '/log/c.log'].map((path) => files.component(path).state);
  assert.deepEqual(states.sort(), ['off', 'off', 'ok']);
});
