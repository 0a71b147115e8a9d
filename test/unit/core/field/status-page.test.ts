import assert from 'node:assert/strict';
import { test } from 'node:test';
import { claimText } from '../../../../core/field/claim-text.ts';
import { inAscii, inHalfBlocks, qrModules } from '../../../../core/field/qr.ts';
import type { Serial } from '../../../../core/field/serial.ts';
import { PAGE_COLUMNS, PAGE_ROWS, type StatusPageFacts, statusPage } from '../../../../core/field/status-page.ts';
import { golden } from '../../../support/golden.ts';
import { fc } from '../../../support/random.ts';

const SERIAL = '4K7Q-M2XW-9TS' as Serial;
const CODE = '0A1B2-C3D4-E5F6-G7H8-J9KM-NPQRS';

const CLAIMED: StatusPageFacts = {
  hostname: 'edge-7',
  version: '0.1.0',
  isLab: false,
  slot: 'A',
  serial: SERIAL,
  claim: { state: 'claimed' },
  urls: ['https://192.0.2.7:9443/', 'https://[2001:db8::7]:9443/'],
  fingerprint: { of: 'CA', text: Array.from({ length: 32 }, (_, i) => (i + 160).toString(16).toUpperCase()).join(':') },
  mode: 'enforcing',
  unwell: [],
};

const NEW: StatusPageFacts = { ...CLAIMED, isLab: true, claim: { state: 'open', code: CODE }, mode: 'observing' };

const TROUBLED: StatusPageFacts = {
  ...CLAIMED,
  urls: ['192.0.2.7', '192.0.2.8', '192.0.2.9', '192.0.2.10'].map((address) => `https://${address}:9443/`),
  mode: 'enforcing, but the kernel does not hold the blocks: needs CAP_NET_ADMIN',
  trial: { summary: 'settings: host.network', minutesLeft: 4 },
  unwell: [
    { name: 'file:/var/log/auth.log', state: 'failed', message: 'cannot be read (EACCES); '.repeat(20) },
    { name: 'store', state: 'degraded', message: 'kept in memory: the disk takes no writes' },
  ],
};

const PAGES: Readonly<Record<string, StatusPageFacts>> = { new: NEW, claimed: CLAIMED, troubled: TROUBLED };

for (const [name, facts] of Object.entries(PAGES))
  test(`the page of an appliance that is ${name}`, () => {
    const page = statusPage(facts);
    golden(`test/fixtures/status-page/${name}.txt`, page.utf8);
    golden(`test/fixtures/status-page/${name}.ascii.txt`, page.ascii);
  });

const WORST: StatusPageFacts = {
  ...NEW,
  urls: TROUBLED.urls,
  mode: TROUBLED.mode,
  unwell: [...TROUBLED.unwell, ...TROUBLED.unwell, ...TROUBLED.unwell],
  ...(TROUBLED.trial === undefined ? {} : { trial: TROUBLED.trial }),
};

test('a page fits a terminal of 80 by 24 with the lines of the console below it', () => {
  for (const facts of [NEW, CLAIMED, TROUBLED, WORST]) {
    const { utf8, ascii } = statusPage(facts);
    for (const text of [utf8, ascii]) {
      const lines = text.split('\n');
      assert.ok(lines.length - 1 <= PAGE_ROWS, `${lines.length - 1} rows`);
      for (const line of lines) assert.ok([...line].length <= PAGE_COLUMNS, line);
    }
  }
  assert.match(statusPage(WORST).utf8, /more lines: see the web console/);
});

test('whatever a value holds, a page is lines of printable characters', () => {
  const anything = fc.string({ unit: 'binary', maxLength: 300 });
  fc.assert(
    fc.property(anything, anything, anything, fc.boolean(), (one, other, third, isOpen) => {
      const { utf8, ascii, asciiQr } = statusPage({
        ...(isOpen ? NEW : CLAIMED),
        hostname: one,
        version: third,
        mode: other,
        urls: [one],
        listenTrouble: other,
        trial: { summary: one, minutesLeft: 1 },
        unwell: [{ name: other, state: third, message: one }],
      });
      assert.match(utf8, /^[\n\x20-\x7e▀▄█]*$/);
      assert.match(ascii, /^[\n\x20-\x7e]*$/);
      assert.match(asciiQr, /^[\n #]*$/);
      for (const line of utf8.split('\n')) assert.ok([...line].length <= PAGE_COLUMNS);
    }),
  );
});

test('the claim code is shown only while it opens something', () => {
  for (const state of ['expired', 'exhausted', 'claimed'] as const) {
    const { utf8, ascii, asciiQr } = statusPage({ ...NEW, claim: { state } });
    assert.doesNotMatch(utf8 + ascii, new RegExp(CODE));
    assert.doesNotMatch(utf8, /[▀▄█]/);
    assert.equal(asciiQr, '');
  }
});

test('both drawings of the QR code are of the same modules, light drawn', () => {
  const modules = qrModules(claimText(SERIAL, CODE));
  assert.equal(modules.length, 25, 'version 2: fits beside the text');
  const ascii = inAscii(modules).map((line) => [...line].filter((_, x) => x % 2 === 0).map((char) => char === '#'));
  const blocks = inHalfBlocks(modules).flatMap((line) => [
    [...line].map((char) => '▀█'.includes(char)),
    [...line].map((char) => '▄█'.includes(char)),
  ]);
  assert.deepEqual(blocks.slice(0, ascii.length), ascii);
  assert.deepEqual(
    ascii.slice(2, -2).map((row) => row.slice(2, -2).map((isLight) => !isLight)),
    modules,
  );
});
