import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FollowedJournal } from '../../../../support/followed-journal.ts';

/** Starts following after `prepare` has set the scene. */
async function follow(prepare: (journal: FollowedJournal) => void = () => {}): Promise<FollowedJournal> {
  const journal = new FollowedJournal();
  journal.journald.rotate();
  prepare(journal);
  await journal.start();
  return journal;
}

/** Stops without a crash, lets `meanwhile` happen, and starts again from what was committed. */
async function restart(journal: FollowedJournal, meanwhile: () => void): Promise<void> {
  journal.ledger.commit();
  await journal.stop();
  meanwhile();
  await journal.start();
}

test('a first start begins behind what is there, then hands on what comes; stopping releases everything', async () => {
  const journal = await follow((it) => it.log('old'));
  journal.log('one', 'two');
  await journal.settle();
  journal.log('three');
  await journal.settle();
  assert.deepEqual(journal.ledger.texts, ['one', 'two', 'three']);
  assert.equal(journal.component.state, 'ok');
  await journal.stop();
  assert.deepEqual([journal.journald.ports.size, journal.clock.pending], [0, 0]);
});

test('a kill right after the first start does not move its beginning', async () => {
  const journal = await follow((it) => it.log('old'));
  journal.ledger.commit();
  await journal.kill();
  journal.log('one');
  await journal.start();
  assert.deepEqual(journal.ledger.texts, ['one']);
});

test('entries handed on but not committed are handed on again after a kill, in the same positions', async () => {
  const journal = await follow();
  journal.log('one');
  await journal.settle();
  journal.ledger.commit();
  journal.log('two', 'three');
  await journal.settle();
  await journal.kill();
  await journal.start();
  const [, ...twice] = journal.ledger.taken.map(({ position }) => position);
  assert.deepEqual(twice.slice(0, 2), twice.slice(2));
  journal.ledger.commit();
  assert.deepEqual(
    journal.ledger.lines.map(({ text }) => text),
    ['one', 'two', 'three'],
  );
  assert.deepEqual(journal.losses, []);
});

test('a slow sink is offered one chunk at a time and loses nothing', async () => {
  const journal = new FollowedJournal();
  journal.journald.rotate();
  await journal.start({ entries: 3, bytes: 1e6 });
  const { promise, resolve } = Promise.withResolvers<void>();
  journal.ledger.gate = promise;
  const texts = Array.from({ length: 20 }, (_, i) => `line ${i}`);
  journal.log(...texts);
  await journal.settle();
  assert.deepEqual(journal.ledger.texts, []);
  resolve();
  await journal.settle();
  assert.deepEqual(journal.ledger.texts, texts);
  assert.equal(journal.ledger.chunks, 1 + Math.ceil(20 / 3));
});

test('what the sink refused is offered again, and the component says so meanwhile', async () => {
  const journal = await follow();
  journal.ledger.refusals = 2;
  journal.log('one');
  await journal.settle();
  assert.equal(journal.component.state, 'degraded');
  assert.match(journal.component.message ?? '', /kept in the journal/);
  journal.log('two');
  await journal.pass(10_000);
  assert.deepEqual(journal.ledger.texts, ['one', 'two']);
  assert.equal(journal.component.state, 'ok');
});

test('our own entries are passed over, also when there are no others, and keep nobody busy', async () => {
  const journal = await follow();
  const { chunks } = journal.ledger;
  journal.logOwn(900);
  await journal.settle();
  assert.deepEqual([journal.ledger.chunks, journal.component.counters['own']], [chunks, 900]);
  journal.logOwn(100);
  await journal.settle();
  assert.equal(journal.ledger.chunks, chunks + 1, 'a cursor alone, now and then');
  journal.log('one');
  journal.logOwn();
  await restart(journal, () => journal.log('two'));
  assert.deepEqual(journal.ledger.texts, ['one', 'two']);
});

test('rotation, and rotation with vacuum of what was read: nothing lost', async () => {
  const journal = await follow();
  journal.log('one');
  await journal.settle();
  journal.journald.rotate();
  journal.log('two');
  await journal.pass(200, 100);
  journal.log('three');
  await journal.settle();
  journal.journald.rotate();
  journal.journald.vacuum();
  journal.log('four');
  await journal.pass(200, 100);
  assert.deepEqual(journal.ledger.texts, ['one', 'two', 'three', 'four']);
  assert.deepEqual(journal.losses, []);
});

test('vacuumed while down: reading goes on with what is left, and the number lost is told for an hour', async () => {
  const journal = await follow();
  journal.log('one');
  await journal.settle();
  await restart(journal, () => {
    journal.log('two', 'three');
    journal.journald.rotate();
    journal.log('four');
    journal.journald.vacuum();
  });
  assert.deepEqual(journal.ledger.texts, ['one', 'four']);
  assert.deepEqual(
    journal.losses.map(({ why, atMost }) => [why, atMost]),
    [['vacuumed', 2]],
  );
  assert.equal(journal.component.state, 'degraded');
  assert.match(journal.component.message ?? '', /^up to 2 entries logged after .* were deleted before they were read/);
  await journal.pass(3_600_000, 60_000);
  assert.equal(journal.component.state, 'ok');
});

test('the last entry read was vacuumed and nothing behind it: nothing is lost', async () => {
  const journal = await follow();
  journal.log('one');
  await journal.settle();
  await restart(journal, () => {
    journal.journald.rotate();
    journal.log('two');
    journal.journald.vacuum();
  });
  assert.deepEqual(journal.ledger.texts, ['one', 'two']);
  assert.deepEqual(journal.losses, []);
});

test('a flush to the persistent journal, live and while down: the copies are known', async () => {
  const journal = await follow();
  journal.log('one', 'two');
  await journal.settle();
  journal.journald.flush();
  await journal.pass(200, 100);
  journal.log('three');
  await journal.settle();
  await restart(journal, () => {
    journal.journald.flush();
    journal.log('four');
  });
  assert.deepEqual(journal.ledger.texts, ['one', 'two', 'three', 'four']);
  assert.deepEqual(journal.losses, []);
});

test('a volatile journal after a reboot, its clock years behind: all of the new boot is read', async () => {
  const journal = await follow();
  journal.log('one');
  await journal.settle();
  await restart(journal, () => {
    journal.journald.wipe();
    journal.journald.boot = 'c'.repeat(32);
    const fields = { MESSAGE: 'booting', SYSLOG_IDENTIFIER: 'sshd' };
    journal.journald.append({ fields, realtime: 1e6, monotonic: 5 });
    journal.log('clock set');
  });
  assert.deepEqual(journal.ledger.texts, ['one', 'booting', 'clock set']);
  assert.deepEqual(
    journal.losses.map(({ why, atMost }) => [why, atMost]),
    [['replaced', undefined]],
  );
});

test('wiped within a boot: what was logged since is read; nothing yet: what comes is', async () => {
  for (const there of [['two'], []]) {
    const journal = await follow();
    journal.log('one');
    await journal.settle();
    await restart(journal, () => {
      journal.clock.advance(1000);
      journal.journald.wipe();
      journal.journald.rotate();
      journal.log(...there);
    });
    journal.log('three');
    await journal.settle();
    assert.deepEqual(journal.ledger.texts, ['one', ...there, 'three']);
    assert.equal(journal.losses[0]?.why, 'replaced');
  }
});

test('the clock set back and forth by a year changes nothing', async () => {
  const journal = await follow();
  for (const [i, step] of [0, -31_536_000_000, 63_072_000_000].entries()) {
    journal.clock.set(journal.clock.now() + step);
    journal.log(`line ${i}`);
    await restart(journal, () => journal.log(`restarted ${i}`));
  }
  assert.equal(journal.ledger.texts.length, 6);
  assert.deepEqual(journal.losses, []);
});

test('entries that vanished between others are counted and told', async () => {
  const journal = await follow();
  const { promise, resolve } = Promise.withResolvers<void>();
  journal.log('one');
  await journal.settle();
  journal.ledger.gate = promise;
  journal.log('two');
  await journal.settle();
  journal.log('three', 'four', 'five');
  journal.journald.damage(({ fields }) => ['three', 'four'].includes(String(fields['MESSAGE'])));
  resolve();
  await journal.settle();
  assert.deepEqual(journal.ledger.texts, ['one', 'two', 'five']);
  assert.deepEqual([journal.losses[0]?.why, journal.losses[0]?.atMost], ['missing', 2]);
  assert.equal(journal.component.counters['missing'], 2);
  assert.match(journal.component.message ?? '', /^up to 2 entries .* cannot be read/);
});

test('no journal at the first start: it is read from its beginning when it appears', async () => {
  const journal = new FollowedJournal();
  await journal.start();
  assert.equal(journal.component.state, 'waiting');
  assert.match(journal.component.message ?? '', /no journal yet.*beginning/);
  journal.log('one');
  await journal.pass(5000);
  assert.deepEqual(journal.ledger.texts, ['one']);
  assert.deepEqual([journal.component.state, journal.losses.length], ['ok', 0]);
});

test('files that may not be read, one and all of them', async () => {
  const journal = new FollowedJournal();
  journal.journald.refuse('/var/log/journal/m/system.journal', 13);
  await journal.start();
  assert.equal(journal.component.state, 'failed');
  assert.match(journal.component.message ?? '', /cannot read .*system\.journal: not permitted \(EACCES\): run as root/);
  journal.log('one');
  await journal.pass(2000);
  assert.equal(journal.component.state, 'degraded');
  assert.match(journal.component.message ?? '', /entries are missing/);
});

test('a host without libsystemd: the component says what to install, and nothing is tried again', async () => {
  const journal = new FollowedJournal();
  journal.journald.installed = false;
  await journal.start();
  await journal.pass(600_000, 60_000);
  assert.equal(journal.component.state, 'failed');
  assert.match(journal.component.message ?? '', /libsystemd\.so\.0.*install the package libsystemd0/);
  assert.equal(journal.clock.pending, 0);
});

for (const call of ['open', 'seek', 'read', 'wait', 'files'] as const) {
  test(`${call} fails once: it is tried again, and every entry comes once`, async () => {
    const journal = await follow();
    journal.log('one');
    await journal.settle();
    journal.journald.fail(call, 74);
    journal.journald.rotate();
    await journal.pass(5000);
    journal.log('two');
    await journal.pass(5000);
    assert.deepEqual(journal.ledger.texts, ['one', 'two']);
    assert.equal(journal.component.state, 'ok');
  });
}
