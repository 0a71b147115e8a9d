import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOfText, readList, readWell, textsOf } from '../../../../support/lists.ts';

const A = '192.0.2.1';
const NET = '198.51.100.0/24';

for (const { name, text, format = 'auto', column, holds } of [
  { name: 'plain addresses', text: `${A}\n192.0.2.2\n`, holds: [A, '192.0.2.2'] },
  {
    name: 'comments, blank lines and remarks',
    text: `# x\n; y\n\n // z\n${A} # bad host\n${NET};SBL1\n`,
    holds: [A, NET],
  },
  { name: 'CRLF and a byte order mark', text: `\ufeff${A}\r\n${NET}\r\n`, holds: [A, NET] },
  { name: 'no newline at the end', text: `${A}\n${NET}`, holds: [A, NET] },
  { name: 'a FireHOL netset', text: `#\n# firehol_level1\n#\n${NET}\n2001:db8::/32\n`, holds: [NET, '2001:db8::/32'] },
  { name: 'a range with blanks', text: '192.0.2.0 - 192.0.2.1\n', holds: ['192.0.2.0/31'] },
  { name: 'Spamhaus DROP as text', text: `; Spamhaus DROP\n${NET} ; SBL256894\n`, holds: [NET] },
  {
    name: 'Spamhaus DROP as JSON lines',
    text: `{"cidr":"${NET}","sblid":"SBL1","rir":"apnic"}\n{"type":"metadata","records":1}\n`,
    holds: [NET],
  },
  {
    name: 'a DShield block list',
    text: '# DShield\nStart\tEnd\tNetmask\tAttacks\tName\n198.51.100.0\t198.51.100.255\t24\t4000\tEXAMPLE\n',
    holds: [NET],
  },
  { name: 'DShield without a head', text: '198.51.100.0\t198.51.100.255\t24\t4000\n', holds: [NET] },
  {
    name: 'ipset save',
    text: `create bad hash:net family inet\nadd bad ${NET} timeout 5\nadd bad ${A}\n`,
    holds: [A, NET],
  },
  { name: 'CSV with a head', text: `"ip","seen"\n"${A}","2026-01-01"\n${NET},x\n`, holds: [A, NET] },
  { name: 'CSV with a named column', text: `id,dst,src\n1,192.0.2.9,${A}\n`, format: 'csv', column: 'SRC', holds: [A] },
  { name: 'CSV with a numbered column', text: `1;192.0.2.9;${A}\n`, format: 'csv', column: '3', holds: [A] },
  { name: 'CSV with a delimiter in quotes', text: `"a,b",${A}\n`, format: 'csv', column: '2', holds: [A] },
] as const)
  test(`reads ${name}`, () => {
    const read = readWell(text, format, column);
    assert.deepEqual(textsOf(read.columns), holds);
    assert.equal(read.bad, 0);
  });

test('bad lines are counted, and the numbers of the first ten told', () => {
  const read = readWell(`${`${A}\n`.repeat(20)}# comment\n${'oops\u0007\n'.repeat(12)}${NET}\n`);
  assert.equal(read.bad, 12);
  assert.equal(read.told.length, 10);
  assert.equal(read.told[0], 22);
  assert.deepEqual(textsOf(read.columns), [A, NET]);
});

for (const { name, text, says, format = 'auto', column } of [
  {
    name: 'more bad than good lines',
    text: `${A}\nfoo bar\nbaz qux\n`,
    says: /2 lines of it cannot be read and 1 can, the first of them is line 2$/,
  },
  { name: 'a web page', text: '\n<!doctype html>\n<p>192.0.2.1', says: /web page/ },
  {
    name: 'text in UTF-16',
    text: Uint8Array.from([...A].flatMap((letter) => [letter.charCodeAt(0), 0])),
    says: /cannot be read/,
  },
  {
    name: 'a CSV without the named column',
    text: `a,b\n${A},${A}\n`,
    format: 'csv',
    column: 'src',
    says: /cannot be read/,
  },
] as const)
  test(`refuses ${name}`, () => {
    const read = readList(text, { format, ...(column === undefined ? {} : { column }) });
    assert.ok(!read.ok);
    assert.match(read.public, says);
  });

test('more entries than are taken end the reading', () => {
  const text = Array.from({ length: 1001 }, (_, i) => `198.18.${i >> 8}.${i & 255}`).join('\n');
  const read = readList(text);
  assert.match(read.ok ? '' : read.public, /more than 1000 entries/);
});

test('networks that are too wide are left out and counted', () => {
  const read = readWell(`224.0.0.0/3\n${NET}\n`);
  assert.deepEqual([read.wide, textsOf(read.columns)], [1, [NET]]);
});

test('a line longer than any may be is bad, and only that', () => {
  const read = readWell(`${A}\n${'9'.repeat(5000)}\n${NET}\n`);
  assert.deepEqual([read.bad, read.told[0], textsOf(read.columns)], [1, 2, [A, NET]]);
});

test('however the text comes in pieces, it reads the same', () => {
  const text = `# head\r\n${A}\n\nbad line\n${NET} ; x\n2001:db8::/32\n${'7'.repeat(6000)}\n192.0.2.9`;
  const whole = readList(text);
  for (const step of [1, 2, 3, 7, 100, 4095, 4096, 4097])
    assert.deepEqual(readList(bytesOfText(text), {}, step), whole);
});
