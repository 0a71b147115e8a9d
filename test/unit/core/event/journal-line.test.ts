import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis } from '../../../../core/base/time.ts';
import type { RawLine } from '../../../../core/event/event.ts';
import { JOURNAL_FIELDS, linesOf } from '../../../../core/event/journal-line.ts';
import { JournalBatch } from '../../../../native/journal/batch.ts';
import { type PlacedEntry, pack } from '../../../../native/journal/pack.ts';

const SEQUENCE = 'a'.repeat(32);
const receivedAt = millis(Date.UTC(2026, 0, 1));

const place = { realtime: 1_767_225_600_123_456, monotonic: 1, boot: 'b'.repeat(32), seqnumId: SEQUENCE, hash: 1 };

function lines(...entries: readonly PlacedEntry['fields'][]): RawLine[] {
  const placed = entries.map((fields, index) => ({ ...place, fields, seqnum: 41 + index }));
  const options = { fields: JOURNAL_FIELDS, maxValueBytes: 1000, excluded: 0, missing: 0, last: '' };
  return linesOf(new JournalBatch(pack({ entries: placed, ...options }), JOURNAL_FIELDS), receivedAt);
}

const SSHD = {
  MESSAGE: 'Failed password for root from 192.0.2.1 port 22 ssh2',
  SYSLOG_IDENTIFIER: 'sshd',
  SYSLOG_PID: '99',
  _TRANSPORT: 'syslog',
  _COMM: 'sshd',
  _PID: '1234',
  _UID: '0',
  _SYSTEMD_UNIT: 'ssh.service',
  _EXE: '/usr/sbin/sshd',
  _HOSTNAME: 'edge',
};

test('an entry of a service: its message, what journald knows of the sender, and its place', () => {
  assert.deepEqual(lines(SSHD), [
    {
      text: SSHD.MESSAGE,
      position: { source: `journal:${SEQUENCE}`, offset: 41 },
      receivedAt,
      provenance: 'journal',
      header: { at: 1_767_225_600_123, host: 'edge', program: 'sshd', pid: 1234 },
      sender: { uid: 0, unit: 'ssh.service', exe: '/usr/sbin/sshd', transport: 'syslog' },
    },
  ]);
});

test('what journald does not know is absent; what the sender claims stands in for name and pid alone', () => {
  const [bare, claimed] = lines({ MESSAGE: 'a' }, { MESSAGE: 'b', SYSLOG_PID: '7', _COMM: 'su' });
  assert.deepEqual([bare?.header, bare?.sender], [{ at: 1_767_225_600_123 }, {}]);
  assert.deepEqual([claimed?.header?.program, claimed?.header?.pid, claimed?.sender], ['su', 7, {}]);
});

test('each line has the sender of its own entry', () => {
  const senders = lines(SSHD, SSHD, { ...SSHD, _UID: '1000' }, { MESSAGE: 'x' }, SSHD).map(({ sender }) => sender?.uid);
  assert.deepEqual(senders, [0, 0, 1000, undefined, 0]);
});

for (const [what, fields, provenance] of [
  ['the kernel', { _TRANSPORT: 'kernel', SYSLOG_FACILITY: '0', SYSLOG_IDENTIFIER: 'kernel' }, 'kernel'],
  ['a process that writes to /dev/kmsg', { _TRANSPORT: 'kernel', SYSLOG_FACILITY: '1' }, 'journal'],
  ['a process that claims the facility', { _TRANSPORT: 'syslog', SYSLOG_FACILITY: '0' }, 'journal'],
  ['a process that claims the identifier', { _TRANSPORT: 'journal', SYSLOG_IDENTIFIER: 'kernel' }, 'journal'],
] as const) {
  test(`provenance of ${what}: ${provenance}`, () => {
    assert.equal(lines({ MESSAGE: 'bartizan: IN=eth0', ...fields })[0]?.provenance, provenance);
  });
}

test('control characters are written out as rsyslog does, a line end behind the message is dropped', () => {
  const texts = lines(
    { MESSAGE: 'user=a\nb\0c\x7f\ttab\r\n' },
    { MESSAGE: Uint8Array.from([0x61, 0xff, 0x62]) },
    { MESSAGE: 'Zoë' },
    { MESSAGE: '' },
  ).map(({ text }) => text);
  assert.deepEqual(texts, ['user=a#012b#000c#177\ttab', 'a\ufffdb', 'Zoë', '']);
});

test('an entry without a message is no line, one with too long a message is a flawed one', () => {
  const [long, after] = lines({ _COMM: 'x' }, { MESSAGE: 'x'.repeat(1001) }, { MESSAGE: 'y' });
  assert.deepEqual([long?.text, long?.flaw, long?.position.offset], ['', 'too-long', 42]);
  assert.deepEqual([after?.text, after?.flaw, after?.position.offset], ['y', undefined, 43]);
});

test('numbers that are none are left out', () => {
  const [line] = lines({ MESSAGE: 'x', _PID: '-1', _UID: '1e3' });
  assert.deepEqual([line?.header?.pid, line?.sender?.uid], [undefined, undefined]);
});
