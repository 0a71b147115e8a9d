import assert from 'node:assert/strict';
import { test } from 'node:test';
import { openLines } from '../../native/lines/index.ts';
import { FIELD, FIELDS, type LineReader } from '../../native/lines/port.ts';
import { lineSuite } from './lines-suite.ts';

function open(): LineReader {
  const opened = openLines();
  assert.ok(opened.ok, opened.ok ? '' : opened.public);
  return opened.value;
}

lineSuite('addon', open, true);

test('what is no piece, no place and no array of numbers is a bug, and thrown', () => {
  const reader = open();
  const [piece, rows, fresh] = [Buffer.from('x\n'), new Uint32Array(FIELDS), new Uint32Array(20)];
  const messages = new Uint8Array(1024);
  assert.deepEqual(reader.read(piece, 0, '', '', rows, fresh, messages), { rows: 1, fresh: 0, next: 2 });
  assert.throws(() => reader.read('x' as never, 0, '', '', rows, fresh, messages), TypeError);
  assert.throws(() => reader.read(piece, 3, '', '', rows, fresh, messages), RangeError);
  assert.throws(() => reader.read(piece, Number.NaN, '', '', rows, fresh, messages), RangeError);
  assert.throws(() => reader.read(piece, 0, 7 as never, '', rows, fresh, messages), TypeError);
  assert.throws(() => reader.read(piece, 0, '', '', new Int32Array(FIELDS) as never, fresh, messages), TypeError);
  assert.throws(() => reader.read(piece, 0, '', '', rows, [] as never, messages), TypeError);
  assert.throws(() => reader.read(piece, 0, '', '', rows, fresh, rows as never), TypeError);
});

test('arrays too small for a line leave it where it is', () => {
  const reader = open();
  const piece = Buffer.from('Nov 22 01:02:03 h sshd[1]: Invalid user a from 192.0.2.1 port 4\n');
  const minute = 'Nov 22 01:02:';
  const messages = new Uint8Array(1024);
  assert.equal(reader.read(piece, 0, minute, '', new Uint32Array(FIELDS - 1), new Uint32Array(20), messages).next, 0);
  assert.equal(reader.read(piece, 0, minute, '', new Uint32Array(FIELDS), new Uint32Array(11), messages).next, 0);
  const few = new Uint8Array(1023);
  assert.equal(reader.read(piece, 0, minute, '', new Uint32Array(FIELDS), new Uint32Array(12), few).next, 0);
  const sudo = (length: number): Buffer => {
    const opening = 'Nov 22 01:02:03 h sudo: ops : PWD=/ ; USER=root ; COMMAND=';
    return Buffer.from(`${opening}${'x'.repeat(length - opening.length)}\n`);
  };
  const rows = new Uint32Array(FIELDS);
  for (const length of [1024, 1025]) {
    const longest = reader.read(sudo(length), 0, minute, '', rows, new Uint32Array(12), messages);
    assert.equal(longest.rows, 1);
    assert.equal(rows[FIELD.action] !== 0, length === 1024, 'a line that is longer is for others');
  }
  reader.forget();
  const read = reader.read(piece, 0, minute, '', new Uint32Array(FIELDS), new Uint32Array(12), messages);
  assert.deepEqual(read, { rows: 1, fresh: 4, next: piece.length });
});
