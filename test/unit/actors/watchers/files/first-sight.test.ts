import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type FollowedFiles, follow } from '../../../../support/followed-files.ts';

const LOG = '/log/a.log';

/** As when the machine loses power: only so many of the chunks were durable. */
async function crash(files: FollowedFiles, durable: number, meanwhile: () => void): Promise<void> {
  files.ledger.commit(durable);
  await files.kill();
  meanwhile();
  await files.start();
  await files.pass(10_000, 1000);
}

function copyAndTruncate({ fs }: FollowedFiles): void {
  for (let age = 9; age > 0; age--) if (fs.exists(`${LOG}.${age}`)) fs.rename(`${LOG}.${age}`, `${LOG}.${age + 1}`);
  fs.copy(LOG, `${LOG}.1`);
  fs.truncate(LOG);
}

/** Committed, in order. */
async function committed(files: FollowedFiles): Promise<readonly string[]> {
  await files.pass(70_000, 5000);
  files.ledger.commit();
  return files.ledger.lines.map(({ text }) => text);
}

test('cut short in its first line when it was marked, then copied and truncated three times: all is read', async () => {
  const files = await follow(({ fs }) => fs.append(LOG, 'one\n'));
  copyAndTruncate(files);
  files.fs.append(LOG, 'tw');
  await files.pass(10_000, 1000);
  await crash(files, 9, () => {
    files.fs.append(LOG, 'o\n');
    copyAndTruncate(files);
    files.fs.append(LOG, 'three\n');
  });
  await crash(files, 0, () => {
    copyAndTruncate(files);
    files.fs.append(LOG, 'four\n');
    copyAndTruncate(files);
  });
  assert.deepEqual(await committed(files), ['one', 'two', 'three', 'four']);
  assert.equal(files.component().state, 'ok');
});

for (const { what, lay } of [
  { what: 'absent', lay: () => {} },
  { what: 'empty', lay: ({ fs }: FollowedFiles) => void fs.append(LOG) },
  { what: 'cut short in its first line', lay: ({ fs }: FollowedFiles) => void fs.append(LOG, 'o') },
]) {
  test(`${what} at the first sight: rotated files of then are left, those of later are read`, async () => {
    const files = await follow((scene) => {
      scene.fs.append(`${LOG}.2`, 'oldest\n');
      scene.fs.append(`${LOG}.1`, 'old\n');
      lay(scene);
    });
    await crash(files, 1, () => {
      files.fs.append(LOG, 'one\n');
      copyAndTruncate(files);
      files.fs.append(LOG, 'two\n');
      copyAndTruncate(files);
    });
    files.fs.append(LOG, 'three\n');
    const lines = what === 'cut short in its first line' ? ['oone', 'two', 'three'] : ['one', 'two', 'three'];
    assert.deepEqual(await committed(files), lines);
  });

  test(`${what} at the first sight, with nothing rotated beside it: all that is rotated later is read`, async () => {
    const files = await follow(lay);
    await crash(files, 1, () => {
      files.fs.append(LOG, 'ne\n');
      files.fs.rename(LOG, `${LOG}.1`);
      files.fs.append(LOG, 'two\n');
      copyAndTruncate(files);
    });
    const first = what === 'cut short in its first line' ? 'one' : 'ne';
    assert.deepEqual(await committed(files), [first, 'two']);
  });
}

test('that there was no file is marked as soon as the pipeline takes it', async () => {
  const files = await follow(({ ledger }) => {
    ledger.refuses = () => true;
  });
  assert.equal(files.component().state, 'failed');
  assert.match(files.component().message ?? '', /the pipeline does not take lines/);
  files.ledger.refuses = () => false;
  await files.pass(5000);
  assert.equal(files.component().state, 'waiting');
  assert.equal(files.ledger.chunks.length, 1);
});

test('a rotated file that cannot be read does not hold up a log without a first line', async () => {
  const files = await follow(({ fs }) => {
    fs.append(`${LOG}.1`, 'old\n');
    fs.deny(`${LOG}.1`);
    fs.append(LOG);
  });
  files.fs.append(LOG, 'one\n');
  assert.deepEqual(await committed(files), ['one']);
});
