import assert from 'node:assert/strict';
import { test } from 'node:test';
import { days, hours, type Millis, millis, minutes } from '../../../../core/base/time.ts';
import { MAX_AHEAD } from '../../../../core/event/event.ts';
import { parseSyslog, type SyslogMessage, SyslogReader } from '../../../../core/event/syslog.ts';
import { fromLocal, inferYear, UTC, type ZoneOffset } from '../../../../core/event/syslog-time.ts';
import { fc } from '../../../support/random.ts';

const NOW = millis(Date.UTC(2026, 10, 22, 12));

const read = (text: string, zone: ZoneOffset = UTC, now: Millis = NOW) => parseSyslog(text, now, zone);

const at = (text: string, zone: ZoneOffset = UTC, now: Millis = NOW): string => {
  const parsed = read(text, zone, now);
  return 'unparsed' in parsed ? parsed.unparsed : new Date(parsed.at).toISOString();
};

const parts = (text: string): Omit<SyslogMessage, 'at'> => {
  const parsed = read(text);
  assert.ok(!('unparsed' in parsed), `${text} is unparsed`);
  const { at: _, ...rest } = parsed;
  return rest;
};

const expected = { host: 'edge', program: 'sshd', pid: 12, message: 'hello world' };

for (const [text, differences] of [
  ['Nov 22 01:02:03 edge sshd[12]: hello world', {}],
  ['<38>Nov 22 01:02:03 edge sshd[12]: hello world', {}],
  ['Nov  2 01:02:03 edge sshd[12]: hello world', {}],
  ['Nov 02 01:02:03 edge sshd[12]: hello world', {}],
  ['Nov 2 01:02:03 edge sshd[12]: hello world', {}],
  ['Nov 22 01:02:03.123456 edge sshd[12]: hello world', {}],
  ['2026-11-22T01:02:03.123456+01:00 edge sshd[12]: hello world', {}],
  ['<38>2026-11-22T01:02:03Z edge sshd[12]: hello world', {}],
  ['<34>1 2026-11-22T01:02:03.003Z edge sshd 12 - - hello world', {}],
  ['<34>1 2026-11-22T01:02:03Z edge sshd 12 ID47 [a@1 x="1"][b y="]\\"\\]"] hello world', {}],
  ['<34>1 2026-11-22T01:02:03Z edge sshd 12 - - \ufeffhello world', {}],
  ['<34>1 2026-11-22T01:02:03Z - - - - - hello world', { host: undefined, program: undefined, pid: undefined }],
  ['<34>1 2026-11-22T01:02:03Z edge sshd 12 - [a]', { message: '' }],
  ['Nov 22 01:02:03 edge sshd: hello world', { pid: undefined }],
  ['Nov 22 01:02:03 sshd[12]: hello world', { host: undefined }],
  ['Nov 22 01:02:03 edge sshd(pam_unix)[12]: hello world', { program: 'sshd(pam_unix)' }],
  ['Nov 22 01:02:03 edge sshd[x]: hello world', { pid: undefined }],
  ['Nov 22 01:02:03 edge sshd[12]:  hello world', { message: ' hello world' }],
  ['Nov 22 01:02:03 edge sshd[12]:', { message: '' }],
  ['Nov 22 01:02:03 2001:db8::1 sshd[12]: hello world', { host: '2001:db8::1' }],
  [
    'Nov 22 01:02:03 edge last message repeated 3 times',
    { program: 'last', pid: undefined, message: 'message repeated 3 times' },
  ],
] as const)
  test(text, () => assert.deepEqual(parts(text), { ...expected, ...differences }));

for (const [text, moment] of [
  ['Nov 22 01:02:03 h p: m', '2026-11-22T01:02:03.000Z'],
  ['Nov 22 01:02:03.25 h p: m', '2026-11-22T01:02:03.250Z'],
  ['Dec 10 01:02:03 h p: m', '2025-12-10T01:02:03.000Z'],
  ['Feb 29 01:02:03 h p: m', '2024-02-29T01:02:03.000Z'],
  ['Nov 23 11:59:59 h p: m', '2026-11-22T12:05:00.000Z'],
  ['Nov 23 12:00:01 h p: m', '2025-11-23T12:00:01.000Z'],
  ['Jun 30 23:59:60 h p: m', '2026-07-01T00:00:00.000Z'],
  ['2026-11-22T01:02:03.123456+01:00 h p: m', '2026-11-22T00:02:03.123Z'],
  ['2026-11-22T01:02:03-0330 h p: m', '2026-11-22T04:32:03.000Z'],
  ['1999-12-31T23:59:59Z h p: m', '1999-12-31T23:59:59.000Z'],
  ['2030-01-01T00:00:00Z h p: m', '2026-11-22T12:05:00.000Z'],
  ['', 'empty'],
  [' \t', 'empty'],
  ['hello world', 'no-header'],
  ['Nov 22 01:02 edge sshd: m', 'no-header'],
  ['Nov 22 01:02:03', 'no-header'],
  ['Nov 22 01:02:03 edge', 'no-header'],
  ['Nov 22 01:02:03  sshd: m', 'no-header'],
  ['nov 22 01:02:03 edge sshd: m', 'no-header'],
  ['<1234>Nov 22 01:02:03 edge sshd: m', 'no-header'],
  ['2026-11-22 01:02:03 edge sshd: m', 'no-header'],
  ['2026-11-22T01:02:03 edge sshd: m', 'no-header'],
  ['<34>1 2026-11-22T01:02:03Z edge sshd 12 -', 'no-header'],
  ['<34>1 2026-11-22T01:02:03Z edge sshd 12 - [a x="1] m', 'no-header'],
  ['Feb 30 01:02:03 h p: m', 'bad-time'],
  ['Nov 22 24:00:00 h p: m', 'bad-time'],
  ['Nov  0 01:02:03 h p: m', 'bad-time'],
  ['2026-02-29T01:02:03Z h p: m', 'bad-time'],
  ['2026-13-01T01:02:03Z h p: m', 'bad-time'],
  ['1969-12-31T23:59:59Z h p: m', 'bad-time'],
  ['<34>1 - edge sshd 12 - - m', 'bad-time'],
] as const)
  test(`time of ${JSON.stringify(text)} is ${moment}`, () => assert.equal(at(text), moment));

test('a new year read before midnight and an old one read after are told apart', () => {
  const eve = millis(Date.UTC(2026, 11, 31, 23, 59, 59));
  const newYear = millis(Date.UTC(2027, 0, 1, 0, 0, 1));
  assert.equal(at('Jan  1 00:00:02 h p: m', UTC, eve), '2027-01-01T00:00:02.000Z');
  assert.equal(at('Dec 31 23:59:58 h p: m', UTC, newYear), '2026-12-31T23:59:58.000Z');
});

test('the zone is applied to local times and only to them', () => {
  const cet: ZoneOffset = () => hours(1);
  assert.equal(at('Nov 22 01:02:03 h p: m', cet), '2026-11-22T00:02:03.000Z');
  assert.equal(at('2026-11-22T01:02:03Z h p: m', cet), '2026-11-22T01:02:03.000Z');
  assert.equal(at('Jan  1 00:30:00 h p: m', cet, millis(Date.UTC(2026, 11, 31, 23, 40))), '2026-12-31T23:30:00.000Z');
});

/** Central European time around the change of 25 October 2026, 01:00 UTC. */
const change = Date.UTC(2026, 9, 25, 1);
const berlin: ZoneOffset = (utc) => (utc < change ? hours(2) : hours(1));

test('around a clock change each reading is a moment that shows it', () => {
  for (let utc = change - hours(4); utc < change + hours(4); utc += minutes(7)) {
    const local = utc + berlin(millis(utc));
    const read = fromLocal(local, berlin);
    assert.equal(read + berlin(read), local);
  }
});

test('the inferred year is the latest that is at most a day ahead', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: Date.UTC(1990, 0, 1), max: Date.UTC(2099, 0, 1) }).map(millis),
      fc.integer({ min: 0, max: 365 }),
      fc.integer({ min: -14 * 60, max: 14 * 60 }),
      (now, dayOfLeapYear, offsetMinutes) => {
        const zone: ZoneOffset = () => offsetMinutes * 60_000;
        const day = new Date(Date.UTC(2024, 0, 1 + dayOfLeapYear));
        const found = inferYear(day.getUTCMonth(), day.getUTCDate(), 0, now, zone);
        const candidates = Array.from({ length: 130 }, (_, i) => 1970 + i)
          .map((year) => new Date(Date.UTC(year, day.getUTCMonth(), day.getUTCDate())))
          .filter((date) => date.getUTCDate() === day.getUTCDate())
          .map((date) => date.getTime() - offsetMinutes * 60_000)
          .filter((moment) => moment >= 0 && moment <= now + days(1));
        assert.equal(found, candidates.at(-1));
      },
    ),
  );
});

test('no text makes it throw, and no time is beyond the clamp', () => {
  const piece = fc.constantFrom(
    '<34>',
    '1 ',
    'Nov 22 ',
    '01:02:03 ',
    '2026-11-22T',
    'Z ',
    '+99:99 ',
    '[',
    '"',
    ']',
    '- ',
    'x',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(piece, { maxLength: 10 }).map((all) => all.join('')),
      ),
      (text) => {
        const parsed = read(text);
        if (!('unparsed' in parsed)) assert.ok(parsed.at >= 0 && parsed.at <= NOW + MAX_AHEAD);
      },
    ),
    { numRuns: 2000 },
  );
});

test('what a reader remembers of the last line changes nothing', () => {
  const zone = (utc: number): number => (utc % 7_200_000 < 3_600_000 ? 3_600_000 : 7_200_000);
  const stamp = fc
    .tuple(
      fc.constantFrom('Nov 22', 'Nov  2', 'Nov 2', 'Nov 02', 'Feb 29', 'Dec 31', 'Jan  1', 'Nov 31'),
      fc.constantFrom('01:02', '23:59', '24:00'),
      fc.constantFrom('00', '03', '59', '60', '61', '03.5', '03.0', '0', '003', '03x', ''),
      fc.constantFrom(' edge x: y', '', ' ', '5 edge x: y'),
    )
    .map(([day, minute, second, rest]) => `${day} ${minute}:${second}${rest}`);
  const received = fc.constantFrom(
    Date.UTC(2026, 10, 22),
    Date.UTC(2026, 11, 31, 12),
    Date.UTC(2027, 0, 1),
    Date.UTC(2025, 10, 23),
    Date.UTC(2028, 1, 29),
  );
  fc.assert(
    fc.property(fc.array(fc.tuple(stamp, received), { maxLength: 20 }), (lines) => {
      const reader = new SyslogReader(zone);
      for (const [text, at] of lines) {
        assert.deepEqual(reader.read(text, millis(at)), parseSyslog(text, millis(at), zone), text);
      }
    }),
  );
});
