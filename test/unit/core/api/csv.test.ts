import assert from 'node:assert/strict';
import { test } from 'node:test';
import { csvLine, csvPieces } from '../../../../core/api/csv.ts';
import { collect } from '../../../support/collect.ts';
import { fc } from '../../../support/random.ts';

for (const [cell, written] of [
  ['plain', 'plain'],
  ['a,b', '"a,b"'],
  ['say "no"', '"say ""no"""'],
  ['two\nlines', '"two\nlines"'],
  [' padded ', '" padded "'],
  ['=1+1', "'=1+1"],
  ['+1', "'+1"],
  ['-cmd|calc', "'-cmd|calc"],
  ['@SUM(A1)', "'@SUM(A1)"],
  ['＝1', "'＝1"],
  ['\t=1', "'\t=1"],
  ['\r=1', '"\'\r=1"'],
  ['=HYPERLINK("http://x","y")', '"\'=HYPERLINK(""http://x"",""y"")"'],
  [-5, '-5'],
  ['', ''],
] as const)
  test(`cell ${JSON.stringify(cell)}`, () => assert.equal(csvLine([cell]), `${written}\r\n`));

/** A reader of RFC 4180, as plain as can be. */
function readCsv(text: string): string[][] {
  const rows: string[][] = [];
  let row: string[] = [];
  for (const [, quoted, bare, end] of text.matchAll(/(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/g)) {
    row.push(quoted === undefined ? (bare ?? '') : quoted.replaceAll('""', '"'));
    if (end === ',') continue;
    rows.push(row);
    row = [];
  }
  return rows;
}

test('whatever is written reads back, with an apostrophe before formulas at most', () => {
  fc.assert(
    fc.property(fc.array(fc.array(fc.string(), { minLength: 2, maxLength: 2 })), (rows) => {
      const read = readCsv(rows.map(csvLine).join(''));
      assert.deepEqual(
        read,
        rows.map((row) => row.map((cell) => (/^[=+\-@\t\r\n＝＋－＠]/u.test(cell) ? `'${cell}` : cell))),
      );
    }),
  );
});

async function* counted(rows: number, taken: { count: number }) {
  for (; taken.count < rows; taken.count++) yield { a: taken.count, b: 'x'.repeat(1000), c: 'not a column' };
}

test('rows are made as the pieces are taken', async () => {
  const taken = { count: 0 };
  const pieces = csvPieces(['b', 'a'], counted(1000, taken));
  const first = await pieces.next();
  assert.ok(taken.count < 50, `${taken.count} rows for one piece`);
  const text = String(first.value) + (await collect(pieces)).join('');
  const lines = text.split('\r\n');
  assert.deepEqual([lines[0], lines.length, lines[1000]?.slice(-4), lines[1001]], ['b,a', 1002, ',999', '']);
});

test('no rows leave the head', async () => {
  assert.deepEqual(await collect(csvPieces(['A', 'B'], counted(0, { count: 0 }))), ['A,B\r\n']);
});
