import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isOwnEntry } from '../../actors/log/index.ts';
import { type JournalEntry, journalOf, noJournald } from '../support/private-journal.ts';

const writer = [
  process.execPath,
  ...process.execArgv,
  fileURLToPath(new URL('../support/journal-writer.js', import.meta.url)),
];

/** As the service manager starts a service: systemd-cat connects the descriptor, not every version says so. */
const CONNECTED = 'JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) exec "$@"';

test('connected to the journal, lines go there with every field', { skip: noJournald }, () => {
  const { entries } = journalOf(['systemd-cat', '-t', 'elsewhere', 'sh', '-c', CONNECTED, 'sh', ...writer]);
  const said = entries.find(({ MESSAGE }) => String(MESSAGE).startsWith('lost '));
  assert.match(String(said?.['MESSAGE']), /^lost 0, /);
  const ours = entries.filter((entry) => entry['SYSLOG_IDENTIFIER'] === 'bartizan');
  const of = (message: string): JournalEntry => {
    const found = ours.find(({ MESSAGE }) => String(MESSAGE).startsWith(message));
    assert.ok(found !== undefined, message);
    return found;
  };
  const started = of('started');
  assert.equal(
    started['MESSAGE'],
    'started linesRead=12 path=/var/log/auth.log metrics_token=[redacted] nested={"a":[1,"b"]}',
  );
  assert.equal(started['_TRANSPORT'], 'journal');
  assert.deepEqual([started['PRIORITY'], started['SYSLOG_FACILITY']], ['6', '3']);
  assert.deepEqual([started['BARTIZAN_LINES_READ'], started['BARTIZAN_PATH']], ['12', '/var/log/auth.log']);
  assert.equal(started['BARTIZAN_METRICS_TOKEN'], '[redacted]');
  assert.equal(started['BARTIZAN_NESTED'], '{"a":[1,"b"]}');
  assert.match(String(started['CODE_FILE']), /\/test\/support\/journal-writer\.[jt]s$/);
  assert.match(String(started['CODE_LINE']), /^\d+$/);
  assert.deepEqual([of('stranger')['PRIORITY'], of('failed')['PRIORITY']], ['4', '3']);
  assert.equal(of('stranger')['BARTIZAN_USER'], 'root\\x0aPRIORITY=0');
  assert.match(String(of('failed')['BARTIZAN_ERROR']), /"cause":\{"name":"Error","message":"inner"/);
  assert.ok(!JSON.stringify(entries).includes('hunter2'));
  assert.ok(Number(of('large')['BARTIZAN_TRUNCATED']) >= 90);
  assert.match(String(of('large')['BARTIZAN_FIELD_0']), /^ä{1024}… \(2976 more characters were cut off\)$/);
  assert.equal(ours.filter(({ MESSAGE }) => String(MESSAGE).startsWith('again and again i=')).length, 100);
  const own = { pid: Number(of('last')['_PID']) };
  for (const entry of entries) {
    const origin = { identifier: String(entry['SYSLOG_IDENTIFIER']), pid: Number(entry['_PID']) };
    assert.equal(isOwnEntry(origin, own), origin.identifier === 'bartizan' || entry === said);
  }
});

test('a journald that dies: what it did not take goes to standard error', { skip: noJournald }, () => {
  const { entries, said } = journalOf(['env', 'STOP_JOURNALD=1', 'sh', '-c', REDIRECTED, 'sh', ...writer]);
  assert.ok(entries.some(({ MESSAGE }) => String(MESSAGE).startsWith('started')));
  assert.match(said, /"message":"last"/);
  assert.match(said, /lost 0/);
});

/** Claims the redirected descriptor for the journal, so that the native way is taken and the fallback can be read. */
const REDIRECTED = `
exec 2>/run/said
export JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2)
"$@"
cat /run/said >&1
`;

test('not connected to the journal, though the variable was inherited: standard error', { skip: noJournald }, () => {
  const { entries, said } = journalOf(['env', 'JOURNAL_STREAM=1:2', ...writer]);
  assert.match(said, /"message":"started"/);
  assert.ok(!entries.some(({ MESSAGE }) => String(MESSAGE).startsWith('started')));
});
