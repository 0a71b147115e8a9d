import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hours, millis, plus } from '../../../../core/base/time.ts';
import { MAX_AHEAD } from '../../../../core/event/event.ts';
import { type NetworkMessage, networkText, readNetworkSyslog } from '../../../../core/event/syslog-network.ts';
import { UTC } from '../../../../core/event/syslog-time.ts';
import { fc } from '../../../support/random.ts';

const NOW = millis(Date.UTC(2026, 10, 22, 12));
const SAID = millis(Date.UTC(2026, 10, 22, 1, 2, 3));

function read(text: string, zone = UTC): NetworkMessage {
  const message = readNetworkSyslog(text, NOW, zone);
  assert.ok(!('unparsed' in message), text);
  return message;
}

const whole = {
  at: SAID,
  priority: 38,
  host: 'edge',
  program: 'sshd',
  pid: 12,
  structuredData: undefined,
  message: 'hello',
} satisfies NetworkMessage;

const bare = { at: NOW, host: undefined, program: undefined, pid: undefined };

for (const [text, differences] of [
  ['<38>Nov 22 01:02:03 edge sshd[12]: hello', {}],
  ['<38>2026-11-22T01:02:03+00:00 edge sshd[12]: hello', {}],
  ['<38>1 2026-11-22T01:02:03Z edge sshd 12 - - hello', {}],
  ['<38>1 2026-11-22T01:02:03Z edge sshd 12 ID7 - \ufeffhello', {}],
  ['<38>1 2026-11-22T01:02:03Z edge sshd 12 - -  hello', {}],
  ['<38>1 2026-11-22T01:02:03Z edge sshd 12 ID7 [a b="]\\"]"][c] hello', { structuredData: '[a b="]\\"]"][c]' }],
  ['<38>1 2026-11-22T01:02:03Z edge sshd 12 - [a b="1"]', { structuredData: '[a b="1"]', message: '[a b="1"]' }],
  ['<38>1 - edge sshd 12 - - hello', { at: NOW }],
  ['<38>1 2026-11-22T01:02:03Z - - - - - hello', { host: undefined, program: undefined, pid: undefined }],
  ['<38>1 2026-11-22T01:02:03Z edge sshd 12 -', { ...bare, message: '1 2026-11-22T01:02:03Z edge sshd 12 -' }],
  ['<38>1 2026-11-22T01:02:03Z edge sshd 12 - [a', { ...bare, message: '1 2026-11-22T01:02:03Z edge sshd 12 - [a' }],
  ['<38>1 1970-01-01T00:00:09Z edge sshd 12 - - hello', { at: NOW }],
  ['<38>1 2036-01-01T00:00:09Z edge sshd 12 - - hello', { at: plus(NOW, MAX_AHEAD) }],
  ['<38>1 2026-02-30T00:00:09Z edge sshd 12 - - hello', { at: NOW }],
  ['Nov 22 01:02:03 edge sshd[12]: hello', { priority: undefined }],
  ['<38>Nov 22 01:02:03 sshd[12]: hello', { host: undefined }],
  ['<38>Nov 22 01:02:03 edge sshd[12]: \ufeffhello', {}],
  ['<38>sshd[12]: hello', { at: NOW, host: undefined }],
  ['<38>sshd: hello', { at: NOW, host: undefined, pid: undefined }],
  ['<38>hello', { ...bare }],
  ['<38>%SYS-5-CONFIG: hello', { ...bare, message: '%SYS-5-CONFIG: hello' }],
  ['hello world', { ...bare, priority: undefined, message: 'hello world' }],
  ['<192>hello', { ...bare, priority: undefined, message: '<192>hello' }],
  ['<>hello', { ...bare, priority: undefined, message: '<>hello' }],
  ['<0038>hello', { ...bare, priority: undefined, message: '<0038>hello' }],
  ['<38', { ...bare, priority: undefined, message: '<38' }],
  [`<38>Nov 22 01:02:03 ${'h'.repeat(256)} p: m`, { ...bare, message: `Nov 22 01:02:03 ${'h'.repeat(256)} p: m` }],
] as const)
  test(JSON.stringify(text).slice(0, 80), () => assert.deepEqual(read(text), { ...whole, ...differences }));

for (const text of ['', ' ', '<38>', '<38>  '])
  test(`${JSON.stringify(text)} is empty`, () =>
    assert.deepEqual(readNetworkSyslog(text, NOW, UTC), { unparsed: 'empty' }));

test('a time without a zone is the receiver’s', () => {
  assert.equal(read('<38>Nov 22 01:02:03 edge sshd: hello', () => hours(1)).at, SAID - hours(1));
});

test('no message becomes two lines, and trailers are not part of it', () => {
  const text = networkText(Buffer.from('<38>one\nFailed password\r\x1b[31m\ttab \x7f \u0085é\n\0\r\n'));
  assert.equal(text, '<38>one#012Failed password#015#033[31m\ttab #177 #205é');
  assert.equal(networkText(Uint8Array.of(0x61, 0xff)), 'a\ufffd');
});

test('any text gives a message that it ends with, or is empty', () => {
  const unit = fc.constantFrom(
    '<',
    '>',
    '1',
    '38',
    ' ',
    '-',
    '[',
    ']',
    '"',
    ':',
    'Nov 22 01:02:03',
    'sshd',
    '\\',
    '2026-11-22T01:02:03Z',
  );
  fc.assert(
    fc.property(fc.string({ unit, maxLength: 20 }), (text) => {
      const message = readNetworkSyslog(text, NOW, UTC);
      if ('unparsed' in message) assert.match(text, /^(?:<\d{1,3}>)?\s*$/);
      else assert.ok(text.includes(message.message) && message.at <= NOW + MAX_AHEAD);
    }),
  );
});
