import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tableLines } from '../../../../core/cli/table.ts';

const table = {
  heads: ['IP', 'REASON'],
  rows: [
    ['192.0.2.1', 'five failed logins in ten minutes'],
    ['2001:db8::1', 'by hand'],
  ],
};

test('columns are aligned, the last one is cut to the terminal', () => {
  assert.deepEqual(tableLines(table, 30), [
    'IP           REASON',
    '192.0.2.1    five failed logi…',
    '2001:db8::1  by hand',
  ]);
});

test('without a terminal nothing is cut', () => {
  assert.equal(tableLines(table, Number.POSITIVE_INFINITY)[1], '192.0.2.1    five failed logins in ten minutes');
});

test('a narrow terminal never cuts an address', () => {
  assert.equal(tableLines(table, 5)[2], '2001:db8::1  by hand');
});

test('cells cannot drive the terminal', () => {
  const lines = tableLines({ heads: ['USER'], rows: [['\u001b]0;x\u0007\nroot']] }, 80);
  assert.deepEqual(lines, ['USER', '\\x1b]0;x\\x07\\x0aroot']);
});

test('wide characters count as two columns, combining marks as none', () => {
  const lines = tableLines(
    {
      heads: ['A', 'B'],
      rows: [
        ['山', 'x'],
        ['e\u0301', 'x'],
        ['abc', 'x'],
      ],
    },
    80,
  );
  assert.deepEqual(lines, ['A    B', '山   x', 'e\u0301    x', 'abc  x']);
});
