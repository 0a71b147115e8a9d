import assert from 'node:assert/strict';
import { readdirSync, rmSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { millis, seconds } from '../../core/base/time.ts';
import { type JournalOptions, type JournalPort, openJournal, parseCursor } from '../../native/journal/index.ts';
import { Journald, noJournald } from '../support/journald.ts';
import { done } from './journal-suite.ts';

const FIELDS = ['MESSAGE', 'SYSLOG_IDENTIFIER', '_TRANSPORT', '_EXE', '_UID'];

async function startJournald(t: TestContext, options: Parameters<typeof Journald.start>[0] = {}): Promise<Journald> {
  const journald = await Journald.start(options);
  t.after(() => journald[Symbol.asyncDispose]());
  return journald;
}

async function open(t: TestContext, path: string, more: Partial<JournalOptions> = {}): Promise<JournalPort> {
  const port = done(await openJournal({ source: { kind: 'directory', path }, fields: FIELDS, ...more }));
  t.after(() => port.close());
  return port;
}

/** Reads on, sleeping when there is nothing, until `count` messages of `tag` came. */
async function arrive(port: JournalPort, tag: string, count: number): Promise<string[]> {
  const texts: string[] = [];
  const deadline = performance.now() + 15_000;
  while (texts.length < count) {
    const batch = done(await port.read());
    const ours = batch.entries().filter(({ fields }) => fields['SYSLOG_IDENTIFIER'] === tag);
    texts.push(...ours.map(({ fields }) => fields['MESSAGE'] ?? ''));
    if (batch.length > 0) continue;
    assert.ok(performance.now() < deadline, `only ${texts.join()} came`);
    done(await port.wait(seconds(1)));
  }
  return texts;
}

test('live entries of a real journald arrive; what it says of the transport is there', {
  skip: noJournald(),
}, async (t) => {
  const journald = await startJournald(t);
  const port = await open(t, journald.persistent);
  done(await port.seek({ to: 'tail' }));
  journald.log('one', 'by syslog');
  journald.send({ MESSAGE: 'by protocol', SYSLOG_IDENTIFIER: 'one' });
  journald.run('systemd-cat', ['--identifier=one', 'echo', 'by stdout']);
  const texts = await arrive(port, 'one', 3);
  assert.deepEqual(texts, ['by syslog', 'by protocol', 'by stdout']);
  const again = await open(t, journald.persistent, {
    matches: [[{ field: 'SYSLOG_IDENTIFIER', value: 'one' }]],
  });
  const transports = done(await again.read())
    .entries()
    .map(({ fields }) => fields['_TRANSPORT']);
  assert.deepEqual(transports, ['syslog', 'journal', 'stdout']);
});

test("an entry can be read at once; a sleeper is woken within journald's half second", {
  skip: noJournald(),
}, async (t) => {
  const journald = await startJournald(t);
  const port = await open(t, journald.persistent);
  done(await port.seek({ to: 'tail' }));
  const begun = performance.now();
  journald.log('one', 'x');
  const logged = performance.now();
  while (done(await port.read()).length === 0) assert.ok(performance.now() < begun + 5000);
  t.diagnostic(
    `logger ${(logged - begun).toFixed(0)} ms, then read within ${(performance.now() - logged).toFixed(1)} ms`,
  );
  while (done(await port.wait(millis(600))) !== 'quiet');
  const waiting = port.wait(seconds(30));
  const from = performance.now();
  journald.log('one', 'y');
  assert.equal(done(await waiting), 'appended');
  t.diagnostic(`woken after ${(performance.now() - from).toFixed(0)} ms`);
});

test('rotation and vacuum of a real journald: every entry once, sequence numbers go on', {
  skip: noJournald(),
}, async (t) => {
  const journald = await startJournald(t);
  const port = await open(t, journald.persistent);
  done(await port.seek({ to: 'tail' }));
  journald.log('one', 'before');
  await arrive(port, 'one', 1);
  const { last } = done(await port.read());
  journald.rotate();
  journald.log('one', 'between');
  assert.deepEqual(await arrive(port, 'one', 1), ['between']);
  journald.rotate();
  journald.log('one', 'behind');
  journald.sync();
  journald.vacuum();
  assert.deepEqual(await arrive(port, 'one', 1), ['behind']);
  const later = await open(t, journald.persistent);
  const landing = done(await later.seek({ to: 'cursor', cursor: last }));
  const [from, to] = [parseCursor(last), parseCursor(landing.next ?? '')];
  assert.equal(landing.exact, false);
  assert.equal(to?.seqnumId, from?.seqnumId);
  assert.ok((to?.seqnum ?? 0) > (from?.seqnum ?? 0) + 1, 'the numbers tell how much was deleted');
  assert.deepEqual(await arrive(later, 'one', 1), ['behind']);
});

test('a flush from /run to /var: the cursor of the volatile entry finds the copy', {
  skip: noJournald(),
}, async (t) => {
  const journald = await startJournald(t, { persistent: false });
  const port = await open(t, journald.volatile);
  done(await port.seek({ to: 'tail' }));
  journald.log('one', 'volatile');
  await arrive(port, 'one', 1);
  const { last } = done(await port.read());
  journald.log('one', 'unread');
  journald.flush();
  journald.log('one', 'persistent');
  journald.sync();
  const after = await open(t, journald.persistent);
  const landing = done(await after.seek({ to: 'cursor', cursor: last }));
  assert.equal(landing.exact, true);
  assert.notEqual(parseCursor(landing.before ?? '')?.seqnumId, parseCursor(last)?.seqnumId);
  assert.deepEqual(await arrive(after, 'one', 2), ['unread', 'persistent']);
});

test('values that journald compressed, and one that is longer than the bound', { skip: noJournald() }, async (t) => {
  const journald = await startJournald(t);
  const long = 'compressible'.repeat(4000);
  journald.send({ MESSAGE: long, SYSLOG_IDENTIFIER: 'one' }, { MESSAGE: 'short', SYSLOG_IDENTIFIER: 'one' });
  journald.sync();
  const matches = [[{ field: 'SYSLOG_IDENTIFIER', value: 'one' }]];
  const whole = done(await (await open(t, journald.persistent, { matches })).read());
  assert.ok(whole.text(0, 0) === long && !whole.isCutOff(0, 0));
  const cut = done(await (await open(t, journald.persistent, { matches, maxValueBytes: 1000 })).read());
  assert.deepEqual([cut.text(0, 0), cut.isCutOff(0, 0)], [long.slice(0, 1000), true]);
  assert.deepEqual([cut.text(1, 0), cut.isCutOff(1, 0)], ['short', false]);
});

test('a file truncated under the reader ends nothing but the reading of it', { skip: noJournald() }, async (t) => {
  const journald = await startJournald(t);
  const filler = 'x'.repeat(400);
  for (let i = 0; i < 20; i++) journald.run('logger', ['-t', 'one'], Array(100).fill(`${filler} ${i}`).join('\n'));
  journald.sync();
  journald.rotate();
  journald.log('one', 'behind');
  journald.sync();
  const [machine = ''] = readdirSync(journald.persistent);
  const archived = readdirSync(join(journald.persistent, machine)).find((name) => name.includes('@')) ?? '';
  const port = await open(t, journald.persistent);
  assert.ok(done(await port.read({ entries: 10, bytes: 1e6 })).length > 0);
  truncateSync(join(journald.persistent, machine, archived), 100_000);
  for (let reads = 0; reads < 1000; reads++) {
    const batch = await port.read({ entries: 10, bytes: 1e6 });
    if (!batch.ok || batch.value.length === 0) break;
  }
  const anew = await open(t, journald.persistent);
  assert.equal(done(await anew.files()).refused.length, 1);
  assert.deepEqual((await arrive(anew, 'one', 1)).slice(-1), ['behind']);
});

test('several journals at once, of several threads of calls, do not disturb each other', {
  skip: noJournald(),
}, async (t) => {
  const journald = await startJournald(t);
  const ports = await Promise.all(Array.from({ length: 20 }, () => open(t, journald.persistent)));
  for (const port of ports) done(await port.seek({ to: 'tail' }));
  journald.run('logger', ['-t', 'one'], Array.from({ length: 500 }, (_, i) => `line ${i}`).join('\n'));
  const read = await Promise.all(ports.map((port) => arrive(port, 'one', 500)));
  for (const texts of read)
    assert.deepEqual(
      texts,
      Array.from({ length: 500 }, (_, i) => `line ${i}`),
    );
});

test('a directory that is deleted, and one that never was', { skip: noJournald() }, async (t) => {
  const journald = await startJournald(t);
  const port = await open(t, journald.persistent);
  const [machine = ''] = readdirSync(journald.persistent);
  rmSync(join(journald.persistent, machine), { recursive: true });
  done(await port.read());
  assert.deepEqual(done(await port.files()), { readable: 0, refused: [] });
  const nowhere = await openJournal({ source: { kind: 'directory', path: '/nowhere/at/all' }, fields: FIELDS });
  assert.deepEqual(nowhere.ok ? '' : [nowhere.code, nowhere.errno], ['absent', 2]);
});
