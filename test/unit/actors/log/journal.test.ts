import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeEntry, fieldName } from '../../../../actors/log/entry.ts';
import { createLog, isOwnEntry, JOURNAL_SOCKET, journalOutput } from '../../../../actors/log/index.ts';
import { BURST } from '../../../../actors/log/repeats.ts';
import { FakeDatagrams } from '../../../../native/notify/fake.ts';
import { fc } from '../../../support/random.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

/** Reads the native protocol as its documentation has it. */
function decode(entry: Uint8Array): Record<string, string> {
  const bytes = Buffer.from(entry);
  const fields: Record<string, string> = {};
  for (let at = 0; at < bytes.length; ) {
    const end = bytes.indexOf(0x0a, at);
    const equals = bytes.indexOf(0x3d, at);
    if (equals >= 0 && equals < end) {
      fields[bytes.toString('utf8', at, equals)] = bytes.toString('utf8', equals + 1, end);
      at = end + 1;
    } else {
      const length = Number(bytes.readBigUInt64LE(end + 1));
      fields[bytes.toString('utf8', at, end)] = bytes.toString('utf8', end + 9, end + 9 + length);
      at = end + 10 + length;
    }
  }
  return fields;
}

for (const [key, name] of [
  ['path', 'BARTIZAN_PATH'],
  ['linesLost', 'BARTIZAN_LINES_LOST'],
  ['x509Name', 'BARTIZAN_X509_NAME'],
  ['a-b c', 'BARTIZAN_A_B_C'],
  ['_level', 'BARTIZAN__LEVEL'],
  ['é', 'BARTIZAN__'],
  ['x'.repeat(99), `BARTIZAN_${'X'.repeat(55)}`],
] as const)
  test(`what is called ${key.slice(0, 20)} is the field ${name.slice(0, 30)}`, () =>
    assert.equal(fieldName(key), name));

test('whatever a line is about, its entry is read back, and only its own fields are in it', () => {
  const text = fc.string({ unit: fc.constantFrom('a', '\n', '=', 'é', 'PRIORITY=0', '😀') });
  fc.assert(
    fc.property(text, text, text, (message, key, value) => {
      const entry = encodeEntry({ level: 'warn', message, about: { [key]: value }, site: undefined }, 1000);
      assert.deepEqual(decode(entry), {
        MESSAGE: message,
        PRIORITY: '4',
        SYSLOG_FACILITY: '3',
        SYSLOG_IDENTIFIER: 'bartizan',
        [fieldName(key)]: value,
      });
    }),
  );
});

function bench({ journald = true, room = 512 } = {}) {
  const clock = new SimulatedClock();
  const kernel = new FakeDatagrams();
  const receiver = journald ? kernel.listen(JOURNAL_SOCKET, { room }) : undefined;
  const lines: string[] = [];
  const pauses = { count: 0 };
  const output = { isTerminal: false, write: (line: string) => lines.push(line) > 0 };
  const made = createLog({ clock, level: 'info', output, journal: journalOutput(kernel.open(), () => pauses.count++) });
  return { ...made, pauses, clock, lines, receiver, entries: () => receiver?.queue.map(decode) ?? [] };
}

test('an entry holds the words, the fields and where it was logged', () => {
  const { log, entries, lines } = bench();
  log('error', 'disk is full', { path: '/x', free: 0, list: [1, 'a'], password: 'hunter2' });
  const [entry = {}] = entries();
  assert.equal(entry['MESSAGE'], 'disk is full path=/x free=0 list=[1,"a"] password=[redacted]');
  assert.deepEqual([entry['PRIORITY'], entry['BARTIZAN_LIST']], ['3', '[1,"a"]']);
  assert.match(entry['CODE_FILE'] ?? '', /journal\.test\.[jt]s$/);
  assert.deepEqual(lines, []);
});

test('an entry too large for a datagram is cut, and says so', () => {
  const { log, entries, lines } = bench();
  const about = Object.fromEntries(Array.from({ length: 99 }, (_, i) => [`f${i}`, 'x'.repeat(4000)]));
  log('info', 'large', about);
  const [entry = {}] = entries();
  assert.equal(entry['BARTIZAN_TRUNCATED'], '100');
  assert.match(entry['BARTIZAN_F98'] ?? '', /^x{1024}… \(2976 more characters were cut off\)$/);
  assert.deepEqual(lines, []);
});

test('what the journal does not take goes to standard error', () => {
  const { log, lines, lost } = bench({ journald: false });
  log('info', 'nobody there', { n: 1 });
  assert.equal(JSON.parse(lines[0] ?? '{}').message, 'nobody there');
  const full = bench({ room: 2 });
  for (const n of [1, 2, 3]) full.log('info', `line ${n}`);
  for (const n of [4, 5]) full.log('info', `line ${n}`);
  assert.deepEqual([full.entries().length, full.lines.length], [2, 3]);
  assert.equal(full.pauses.count, 20, 'waited for once');
  full.receiver?.queue.splice(0);
  full.log('info', 'line 6');
  assert.equal(full.entries().length, 1);
  assert.equal(lost(), 0);
});

test('a message without end is written a bounded number of times, and how often not is told', () => {
  const { log, entries, clock } = bench({ room: 10_000 });
  for (let i = 0; i < 5 * BURST; i++) log('warn', 'again', { i });
  log('info', 'something else');
  assert.equal(entries().length, BURST + 1);
  clock.advance(10_000);
  assert.equal(clock.pending, 0);
  log('info', 'something else');
  assert.deepEqual(
    entries()
      .slice(-2)
      .map((entry) => [entry['MESSAGE'], entry['PRIORITY'], entry['BARTIZAN_SUPPRESSED']]),
    [
      [`again suppressed=${4 * BURST}`, '4', String(4 * BURST)],
      ['something else', '6', undefined],
    ],
  );
  log('warn', 'again');
  assert.equal(entries().at(-1)?.['MESSAGE'], 'again');
});

test('a clock that is set back does not silence a message', () => {
  const { log, entries, clock } = bench({ room: 10_000 });
  for (let i = 0; i < 2 * BURST; i++) log('warn', 'again', { i });
  clock.set(clock.now() - 3_600_000);
  log('warn', 'again', { back: true });
  assert.equal(entries().at(-1)?.['BARTIZAN_BACK'], 'true');
  assert.equal(entries().at(-2)?.['BARTIZAN_SUPPRESSED'], String(BURST));
});

for (const [what, origin, isOwn] of [
  ['our process', { pid: 7, identifier: 'node' }, true],
  ['our last run', { pid: 6, identifier: 'bartizan', unit: 'bartizan.service' }, true],
  ['somebody who calls himself so', { pid: 6, identifier: 'bartizan', unit: 'evil.service' }, false],
  ['the same without a unit', { pid: 6, identifier: 'bartizan' }, false],
  ['another program in our unit', { pid: 6, identifier: 'sshd', unit: 'bartizan.service' }, false],
  ['sshd', { pid: 9, identifier: 'sshd', unit: 'ssh.service' }, false],
] as const)
  test(`an entry of ${what} is ${isOwn ? '' : 'not '}our own`, () =>
    assert.equal(isOwnEntry(origin, { pid: 7, unit: 'bartizan.service' }), isOwn));

test('without a unit of our own nobody is ours by name', () => {
  assert.equal(isOwnEntry({ pid: 6, identifier: 'bartizan' }, { pid: 7 }), false);
});
