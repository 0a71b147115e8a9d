import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fail } from '../../../../../core/base/result.ts';
import { type FollowedFiles, follow } from '../../../../support/followed-files.ts';

const LOG = '/log/a.log';

/** Stops without a crash, lets `meanwhile` happen, and starts again from what was committed. */
async function restart(files: FollowedFiles, meanwhile: () => void): Promise<void> {
  files.ledger.commit();
  await files.stop();
  meanwhile();
  await files.start();
  await files.pass(10_000, 1000);
}

test('a file is read from its beginning, then as it grows; stopping releases everything', async () => {
  const files = await follow(({ fs }) => fs.append(LOG, 'one\ntwo\n'));
  assert.deepEqual(files.ledger.texts, ['one', 'two']);
  files.fs.append(LOG, 'three\nfo');
  await files.settle();
  files.fs.append(LOG, 'ur\n');
  await files.settle();
  assert.deepEqual(files.ledger.texts, ['one', 'two', 'three', 'four']);
  assert.equal(files.component().state, 'ok');
  await files.stop();
  assert.deepEqual([files.fs.openFiles, files.fs.watches, files.clock.pending], [0, 0, 0]);
});

test('a file and a directory that appear later are read from their beginning, whatever start says', async () => {
  const files = await follow(() => {}, [
    { path: '/log/new/a.log', start: 'end' },
    { path: LOG, start: 'end' },
  ]);
  assert.equal(files.component().state, 'waiting');
  assert.match(files.component().message ?? '', /no such file.*appears/);
  files.fs.append(LOG, 'one\n');
  await files.settle();
  assert.deepEqual(files.ledger.texts, ['one']);
  files.fs.mkdir('/log/new');
  files.fs.append('/log/new/a.log', 'two\n');
  await files.pass(2000);
  files.fs.append('/log/new/a.log', 'three\n');
  await files.pass(2000);
  files.fs.append('/log/new/a.log', 'four\n');
  await files.settle();
  assert.deepEqual(files.ledger.texts, ['one', 'two', 'three', 'four']);
});

test('start at the end means behind the last complete line, and a restart does not move it', async () => {
  const files = await follow(({ fs }) => fs.append(LOG, `${'x'.repeat(100_000)}\nold\npart`), [{ start: 'end' }]);
  await restart(files, () => files.fs.append(LOG, 'ial\nnew\n'));
  assert.deepEqual(files.ledger.texts, ['partial', 'new']);
});

test('what comes while the watcher is down is read whole, though the entry starts at the end', async () => {
  const files = await follow(({ fs }) => fs.append(LOG, 'old\n'), [{ path: '/log/*.log', start: 'end' }]);
  await files.pass(2000);
  await restart(files, () => files.fs.append('/log/b.log', 'new\n'));
  assert.deepEqual(files.ledger.texts, ['new']);
});

test('a kill before anything is committed leaves the start at the end as it was', async () => {
  const files = await follow(({ fs }) => fs.append(LOG, 'old\n'), [{ path: '/log/*.log', start: 'end' }]);
  await files.kill();
  files.fs.append(LOG, 'new\n');
  await files.start();
  await files.settle();
  assert.deepEqual(files.ledger.texts, []);
});

test('lines submitted but not committed are submitted again after a kill', async () => {
  const files = await follow(({ fs }) => fs.append(LOG, 'one\n'));
  files.ledger.commit();
  files.fs.append(LOG, 'two\n');
  await files.settle();
  await files.kill();
  await files.start();
  await files.settle();
  files.ledger.commit();
  assert.deepEqual(
    files.ledger.lines.map(({ text }) => text),
    ['one', 'two'],
  );
});

test('rotated while down, twice: the old file is finished, then the one between, then the new one', async () => {
  const files = await follow(({ fs }) => fs.append(LOG, 'one\n'));
  await restart(files, () => {
    files.fs.append(LOG, 'two\n');
    files.fs.rename(LOG, `${LOG}.2`);
    files.fs.append(`${LOG}.1`, 'three\n');
    files.fs.append(LOG, 'four\n');
  });
  assert.deepEqual(files.ledger.texts, ['one', 'two', 'three', 'four']);
  assert.equal(files.component().state, 'ok');
  assert.equal(files.component().counters['rotations'], 2);
});

test('copied and truncated while down: the rest is read from the copy', async () => {
  const files = await follow(({ fs }) => fs.append(LOG, 'one\n'));
  await restart(files, () => {
    files.fs.append(LOG, 'two\n');
    files.fs.copy(LOG, `${LOG}-20260131`);
    files.fs.truncate(LOG);
    files.fs.append(LOG, 'a longer third line\n');
  });
  assert.deepEqual(files.ledger.texts, ['one', 'two', 'a longer third line']);
});

for (const { what, lay, message } of [
  { what: 'nothing', lay: () => {}, message: /replaced by another file, and found no rotated file beside it/ },
  {
    what: 'a compressed file',
    lay: ({ fs }: FollowedFiles) => void fs.append('/log/a.log.1.gz', 'one\ntwo\n'),
    message: /only compressed rotated files \(a\.log\.1\.gz\)/,
  },
  {
    what: 'a stranger',
    lay: ({ fs }: FollowedFiles) => void fs.append('/log/a.log.1', 'other\n'),
    message: /no rotated file/,
  },
]) {
  test(`rotated while down with ${what} left: the loss is told for an hour`, async () => {
    const files = await follow(({ fs }) => fs.append(LOG, 'one\n'));
    await restart(files, () => {
      files.fs.unlink(LOG);
      lay(files);
      files.fs.append(LOG, 'three\n');
    });
    assert.deepEqual(files.ledger.texts, ['one', 'three']);
    assert.equal(files.component().state, 'degraded');
    assert.match(files.component().message ?? '', message);
    assert.match(files.component().message ?? '', /behind byte 4 of the former content may be lost/);
    await files.pass(3_600_000, 60_000);
    assert.equal(files.component().state, 'ok');
  });
}

test('a rotated file that may not be read does not hold up the new one', async () => {
  const files = await follow(({ fs }) => fs.append(LOG, 'one\n'));
  await restart(files, () => {
    files.fs.rename(LOG, `${LOG}.1`);
    files.fs.deny(`${LOG}.1`);
    files.fs.append(LOG, 'two\n');
  });
  assert.deepEqual(files.ledger.texts, ['one', 'two']);
  assert.match(files.component().message ?? '', /cannot be read \(permission denied\)/);
});

test('a restored copy is the same file, though its inode is another', async () => {
  const files = await follow(({ fs }) => fs.append(LOG, 'one\n'));
  await restart(files, () => {
    files.fs.copy(LOG, '/log/saved');
    files.fs.unlink(LOG);
    files.fs.rename('/log/saved', LOG);
    files.fs.append(LOG, 'two\n');
  });
  assert.deepEqual(files.ledger.texts, ['one', 'two']);
  assert.equal(files.component().state, 'ok');
});

test('files that all begin with the same line are told apart by what was read last', async () => {
  const files = await follow(({ fs }) => fs.append(LOG, '# time user\none\n'));
  await restart(files, () => {
    files.fs.rename(LOG, `${LOG}.1`);
    files.fs.append(LOG, '# time user\ntwo\nthree\n');
  });
  assert.deepEqual(files.ledger.texts, ['# time user', 'one', '# time user', 'two', 'three']);
});

test('truncated under the watcher after all was read: nothing is lost, and nothing said', async () => {
  const files = await follow(({ fs }) => fs.append(LOG, 'one\n'));
  files.fs.truncate(LOG);
  files.fs.append(LOG, 'longer than before\n');
  await files.settle();
  assert.deepEqual(files.ledger.texts, ['one', 'longer than before']);
  assert.deepEqual([files.component().state, files.component().counters['truncations']], ['ok', 1]);
});

test('truncated under the watcher before all was read: how much is lost is said', async () => {
  const files = await follow(({ fs }) => fs.append(LOG, 'one\n'));
  let open = (): void => {};
  files.ledger.gate = new Promise((resolve) => {
    open = resolve;
  });
  files.fs.append(LOG, 'two\n');
  await files.settle();
  files.fs.append(LOG, 'three\n');
  await files.pass(2000);
  assert.equal(files.component().counters['lag'], 10 - 4);
  files.fs.truncate(LOG);
  open();
  files.fs.append(LOG, 'four\n');
  await files.pass(4000);
  assert.deepEqual(files.ledger.texts, ['one', 'two', 'four']);
  assert.match(files.component().message ?? '', /before its last 6 bytes were read/);
});

test('a writer who still has the rotated file open is heard until the grace time is over', async () => {
  const files = await follow(({ fs }) => fs.append(LOG, 'one\n'));
  const old = files.fs.append(LOG);
  files.fs.rename(LOG, `${LOG}.1`);
  files.fs.append(LOG, 'new\n');
  await files.pass(1500);
  files.fs.appendTo(old, 'late\n');
  await files.pass(1500);
  files.fs.appendTo(old, 'later\n');
  await files.pass(5000);
  assert.deepEqual(files.ledger.texts, ['one', 'late', 'later', 'new']);
});

test('while the new file is empty, the old one is followed', async () => {
  const files = await follow(({ fs }) => fs.append(LOG, 'one\n'));
  const old = files.fs.append(LOG);
  files.fs.rename(LOG, `${LOG}.1`);
  files.fs.append(LOG);
  await files.pass(100_000, 5000);
  files.fs.appendTo(old, 'two\n');
  await files.settle();
  assert.deepEqual(files.ledger.texts, ['one', 'two']);
  await files.pass(5000);
  files.fs.append(LOG, 'three\n');
  await files.settle();
  assert.deepEqual(files.ledger.texts, ['one', 'two', 'three']);
});

test('deleted and made anew', async () => {
  const files = await follow(({ fs }) => fs.append(LOG, 'one\n'));
  files.fs.unlink(LOG);
  await files.pass(5000);
  assert.deepEqual([files.component().state, files.fs.openFiles], ['waiting', 0]);
  files.fs.append(LOG, 'two\n');
  await files.settle();
  assert.deepEqual(files.ledger.texts, ['one', 'two']);
});

test('a log that lost its path is kept open for a day after the last line', async () => {
  const files = await follow(({ fs }) => fs.append(LOG, 'one\n'));
  const old = files.fs.append(LOG);
  files.fs.rename(LOG, '/log/elsewhere');
  await files.pass(80_000_000, 4_000_000);
  assert.match(files.component().message ?? '', /the old file is followed until a new one appears/);
  files.fs.appendTo(old, 'two\n');
  await files.pass(80_000_000, 4_000_000);
  assert.deepEqual([files.ledger.texts, files.fs.openFiles], [['one', 'two'], 1]);
  await files.pass(12_000_000, 4_000_000);
  assert.equal(files.fs.openFiles, 0);
});

test('no permission: said, and tried at once when it changes', async () => {
  const files = await follow(({ fs }) => {
    fs.append(LOG, 'one\n');
    fs.deny(LOG);
  });
  assert.equal(files.component().state, 'failed');
  assert.match(files.component().message ?? '', /permission denied/);
  files.fs.deny(LOG, false);
  await files.settle();
  assert.deepEqual([files.ledger.texts, files.component().state], [['one'], 'ok']);
});

test('a disk that fails to read is tried again, later and later, and nothing is lost', async () => {
  const files = await follow(({ fs }) => fs.append(LOG, 'one\n'));
  files.fs.isBroken = true;
  files.fs.append(LOG, 'two\n');
  await files.pass(20_000, 1000);
  assert.deepEqual([files.component().state, files.component().message], ['failed', 'input/output error']);
  files.fs.isBroken = false;
  await files.pass(16_000, 1000);
  assert.deepEqual([files.ledger.texts, files.component().state], [['one', 'two'], 'ok']);
});

test('no descriptor left: said with what to raise, and tried again', async () => {
  const files = await follow(({ fs }) => {
    fs.append(LOG, 'one\n');
    fs.openFailure = fail('descriptors', 'raise LimitNOFILE');
  });
  assert.deepEqual([files.component().state, files.component().message], ['failed', 'raise LimitNOFILE']);
  files.fs.openFailure = undefined;
  await files.pass(1000);
  assert.deepEqual([files.ledger.texts, files.component().state], [['one'], 'ok']);
});

for (const kind of ['directory', 'FIFO', 'socket', 'character device', 'block device'] as const) {
  test(`a ${kind} is refused without being opened, also behind a symbolic link; a file in its place is read`, async () => {
    const files = await follow(
      ({ fs }) => {
        fs.make(LOG, kind);
        fs.symlink(LOG, '/log/link');
      },
      [LOG, '/log/link'],
    );
    for (const path of [LOG, '/log/link']) {
      assert.equal(files.component(path).state, 'failed');
      assert.match(files.component(path).message ?? '', new RegExp(`is a ${kind}, not a regular file: .*`));
    }
    assert.equal(files.fs.mostOpenFiles, 0);
    files.fs.unlink(LOG);
    files.fs.append(LOG, 'one\n');
    await files.settle();
    assert.deepEqual(files.ledger.texts, ['one']);
  });
}

test('a file renamed to another name the pattern matches is not read again, not even after a restart', async () => {
  const files = await follow(({ fs }) => fs.append(LOG, 'one\n'), ['/log/*.log']);
  files.fs.rename(LOG, '/log/first.log');
  files.fs.append(LOG, 'two\n');
  await files.pass(10_000, 1000);
  files.fs.append('/log/first.log', 'three\n');
  await files.pass(5000);
  assert.deepEqual(files.ledger.texts, ['one', 'two', 'three']);
  await restart(files, () => {
    files.fs.rename(LOG, '/log/second.log');
    files.fs.append('/log/second.log', 'four\n');
    files.fs.append(LOG, 'five\n');
  });
  assert.deepEqual([...files.ledger.texts].sort(), ['one', 'two', 'three', 'four', 'five'].sort());
});

test('a pattern: what matches, what comes later, what is rotated or compressed, what goes', async () => {
  const files = await follow(() => {}, ['/log/*']);
  assert.equal(files.component('/log/*').state, 'waiting');
  files.fs.append(LOG, 'one\n');
  files.fs.append('/log/a.log.2.gz', 'zip\n');
  await files.pass(100, 50);
  files.fs.rename(LOG, `${LOG}.1`);
  files.fs.append(LOG, 'two\n');
  await files.pass(5000);
  assert.deepEqual(files.ledger.texts, ['one', 'two']);
  assert.deepEqual(files.component('/log/*').counters, { files: 1 });
  files.fs.unlink(LOG);
  files.fs.unlink(`${LOG}.1`);
  await files.pass(10_000, 1000);
  assert.equal(files.component().state, 'off');
  assert.equal(files.component('/log/*').state, 'waiting');
});

test('a pattern that cannot be read is told as failed', async () => {
  const files = await follow(() => {}, ['log/*.log']);
  assert.match(files.component('log/*.log').message ?? '', /not an absolute path/);
});

test('one path, several parsers: the first entry has it, the others say so', async () => {
  const entries = [LOG, { path: '/log/*', parser: 'other' }, { parser: 'third' }];
  const files = await follow(({ fs }) => fs.append(LOG, 'one\n'), entries);
  assert.deepEqual(
    files.ledger.chunks.map(({ parser }) => parser),
    ['sshd', 'sshd'],
  );
  assert.match(files.component('/log/*').message ?? '', /1 of its files are followed for an earlier entry/);
  assert.equal(files.component('/log/a.log (third)').state, 'failed');
});

test('without inotify everything is found by polling', async () => {
  const files = await follow(({ fs }) => {
    fs.isDeaf = true;
    fs.append(LOG, 'one\n');
  });
  files.fs.append(LOG, 'two\n');
  await files.pass(2000);
  assert.deepEqual(files.ledger.texts, ['one', 'two']);
});

test('inotify limits reached: polling only, said with what to raise; over when there is room again', async () => {
  const files = await follow(({ fs }) => {
    fs.isWatchLimited = true;
    fs.append(LOG, 'one\n');
  });
  files.fs.append(LOG, 'two\n');
  await files.pass(2000);
  assert.deepEqual([files.ledger.texts, files.component().state], [['one', 'two'], 'degraded']);
  assert.match(files.component().message ?? '', /fs\.inotify\.max_user_watches/);
  files.fs.isWatchLimited = false;
  await files.pass(34_000, 2000);
  assert.equal(files.component().state, 'ok');
  files.fs.append(LOG, 'three\n');
  await files.settle();
  assert.equal(files.ledger.texts.at(-1), 'three');
});

test('a directory replaced by another of its name is watched again', async () => {
  const files = await follow(
    ({ fs }) => {
      fs.mkdir('/log/d');
      fs.append('/log/d/a.log', 'one\n');
    },
    ['/log/d/a.log'],
  );
  files.fs.rename('/log/d', '/log/e');
  files.fs.mkdir('/log/d');
  await files.pass(4000);
  files.fs.append('/log/d/a.log', 'two\n');
  await files.settle();
  await files.pass(3000);
  assert.deepEqual(files.ledger.texts, ['one', 'two']);
});

test('more files than may be open: descriptors and chunks under way stay bounded, no line is missing', async () => {
  const names = Array.from({ length: 100 }, (_, i) => `/log/${i}.log`);
  const limits = { openFiles: 20, chunksInFlight: 3 };
  const files = await follow(
    ({ fs }) => names.forEach((name) => void fs.append(name, `${name}\n`)),
    ['/log/*.log'],
    limits,
  );
  await files.settle();
  names.forEach((name) => void files.fs.append(name, `${name} again\n`));
  await files.pass(4000, 2000);
  assert.equal(files.ledger.texts.length, 200);
  assert.equal(new Set(files.ledger.texts).size, 200);
  assert.ok(files.fs.mostOpenFiles <= 21, `${files.fs.mostOpenFiles} open`);
  assert.ok(files.ledger.mostAtOnce <= 3);
  await files.stop();
});

test('a sink that is slow holds up reading, one that refuses is asked again', async () => {
  const files = await follow(({ fs }) => fs.append(LOG, 'one\n'));
  let refusals = 2;
  files.ledger.refuses = () => refusals-- > 0;
  files.fs.append(LOG, 'two\n');
  await files.settle();
  assert.match(files.component().message ?? '', /the pipeline does not take lines: the store is full/);
  await files.pass(4000);
  assert.deepEqual([files.ledger.texts, files.component().state], [['one', 'two'], 'ok']);
});
