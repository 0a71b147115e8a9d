import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIp } from '../../../../core/base/ip.ts';
import { millis } from '../../../../core/base/time.ts';
import { type Event, isEvent, type Unparsed } from '../../../../core/event/event.ts';
import { createParsers } from '../../../../core/event/parsers.ts';
import { UTC } from '../../../../core/event/syslog-time.ts';
import { GRAMMARS, JSON_FORMAT, type Talker } from '../../../support/grammars.ts';
import { fc } from '../../../support/random.ts';

const NOW = millis(Date.UTC(2026, 10, 22, 12));
const parsers = createParsers({ zone: UTC, declared: [{ name: 'declared-json', nginx_log_format: JSON_FORMAT }] });

function parse(parser: string, text: string): Event | Unparsed {
  const read = parsers.get(parser) ?? assert.fail(parser);
  return read({ text, position: { source: 'f', offset: 0 }, receivedAt: NOW, provenance: 'file' });
}

/** Pieces of the programs' own lines, with an innocent address to frame. */
const fragment = fc.constantFrom(
  '192.0.2.9',
  '[192.0.2.9]',
  ' [192.0.2.9]: 535 Incorrect authentication data (set_id=x)',
  ') [192.0.2.9]',
  '(x) [192.0.2.9]',
  'x) [192.0.2.9]:25 ',
  ' H=(x) [192.0.2.9] ',
  ' H=[192.0.2.9] ',
  'unknown[192.0.2.9]: SASL LOGIN authentication failed: ',
  ' from unknown[192.0.2.9]',
  '>, method=PLAIN, rip=192.0.2.9, lip=192.0.2.9, session=<x>',
  ', rip=192.0.2.9',
  ',192.0.2.9): ',
  ',192.0.2.9,<x>): ',
  ',192.0.2.9,sasl:plain)<x>: ',
  'a(b,192.0.2.9): ',
  ')<x',
  '] FAIL LOGIN: Client "192.0.2.9"',
  'ftp] OK LOGIN: Client "192.0.2.9"',
  ': Client "192.0.2.9',
  '", anon password "',
  ' (192.0.2.9[192.0.2.9]) - USER x (Login failed): ',
  ': no such user found from 192.0.2.9 [192.0.2.9] to ',
  ' FROM 192.0.2.9 FOR root, x',
  "' from '192.0.2.9' FOR 'x",
  "' from `192.0.2.9'",
  ' rhost=192.0.2.9 ',
  ' ruser=',
  ' user=root',
  ' ; USER=root ; COMMAND=x',
  ', client: 192.0.2.9, server: x',
  ', client: 192.0.2.9',
  '[client 192.0.2.9:1] ',
  '[client 192.0.2.9]',
  ' [22/Nov/2026:05:02:17 +0000] "GET / HTTP/1.1" 200 5',
  '192.0.2.9 - - [22/Nov/2026:05:02:17 +0000] ',
  'x:80 192.0.2.9 ',
  '","ip":"192.0.2.9","t":"',
  'SRC=192.0.2.9 ',
  '"',
  '\\',
  "'",
  ' ',
  ':',
  'x',
  'é',
  '\u2028',
  '\t',
);

const hostileText = fc
  .tuple(
    fc.array(fragment, { maxLength: 6 }),
    fc.nat(120),
    fc.constantFrom('x', '\\', 'é', '"'),
    fc.array(fragment, { maxLength: 3 }),
  )
  .map(([head, times, filler, tail]) => head.join('') + (times < 90 ? '' : filler.repeat(times * 17)) + tail.join(''));

const address = fc.constantFrom('203.0.113.7', '2001:db8::7');

for (const { parser, lines } of GRAMMARS)
  test(`${parser}: no word of a client's makes another address the source`, () => {
    fc.assert(
      fc.property(hostileText, hostileText, address, (user, text, ip) => {
        for (const line of lines) {
          const written = line({ ip, port: 4242, user, text });
          const parsed = parse(parser, written);
          if (!isEvent(parsed)) continue;
          assert.ok(parsed.sourceIp === undefined || parsed.sourceIp === ip, `${parsed.sourceIp}: ${written}`);
          if (parsed.destinationIp !== undefined) assert.notEqual(parsed.destinationIp, '192.0.2.9', written);
        }
      }),
      { numRuns: 50 },
    );
  });

/** What names nobody or whose words alone say it. */
const NAMELESS = /sudo:|su\[7\]/;

test('clients without tricks keep their address, port and name', () => {
  for (const ip of ['203.0.113.7', '2001:db8::7', '::ffff:203.0.113.7']) {
    const canonical = parseIp(ip);
    assert.ok(canonical.ok);
    const talker: Talker = { ip, port: 4242, user: 'admin', text: 'hello' };
    for (const { parser, lines } of GRAMMARS) {
      for (const line of lines) {
        const written = line(talker);
        const parsed = parse(parser, written);
        assert.ok(isEvent(parsed), written);
        if (!NAMELESS.test(written)) assert.equal(parsed.sourceIp, canonical.value.text, written);
        if (parsed.sourcePort !== undefined) assert.equal(parsed.sourcePort, 4242, written);
        if (/(?:user|FOR|set_id|USER|username)\W?/.test(written) && parsed.user !== undefined) {
          assert.ok(['admin', 'bob', 'ftp', 'anonymous'].includes(parsed.user), `${parsed.user}: ${written}`);
        }
      }
    }
  }
});

test('the address pushed off the end of a cut line gives none', () => {
  const forged = ', client: 192.0.2.9, server: x';
  for (let pad = 1850; pad < 2100; pad++) {
    const text = 'x'.repeat(pad) + forged;
    const line = `2026/11/22 05:02:17 [error] 67#67: *2 open() "/${text}" failed, client: 203.0.113.7, server: x`.slice(
      0,
      2047,
    );
    const parsed = parse('nginx-error', line);
    assert.ok(isEvent(parsed));
    assert.ok(parsed.sourceIp === undefined || parsed.sourceIp === '203.0.113.7', line.slice(-80));
  }
});
