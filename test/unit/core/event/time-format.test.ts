import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis } from '../../../../core/base/time.ts';
import { Scan } from '../../../../core/event/scan.ts';
import { UTC } from '../../../../core/event/syslog-time.ts';
import { compileTimeFormat, TIME_FORMATS } from '../../../../core/event/time-format.ts';

const NOW = millis(Date.UTC(2026, 10, 22, 12));
const HOUR = 3_600_000;

function read(format: string, text: string, zone = UTC): number | undefined {
  const compiled = compileTimeFormat(format);
  assert.ok(compiled.ok, format);
  const scan = new Scan(text);
  const at = compiled.value(scan, NOW, zone);
  return scan.at === text.length ? at : undefined;
}

for (const [name, { example }] of Object.entries(TIME_FORMATS))
  test(`the example of ${name} reads as a moment of that day`, () => {
    const at = read(name, example);
    assert.ok(at !== undefined && Math.abs(at - Date.UTC(2026, 10, 22, 1, 2, 3)) <= HOUR + 1000, `${at}`);
  });

for (const [format, text, at] of [
  ['%Y-%m-%d %H:%M:%S', '2026-11-22 01:02:03', Date.UTC(2026, 10, 22, 1, 2, 3)],
  ['%d.%m.%Y %T.%f', '22.11.2026 01:02:03.5', Date.UTC(2026, 10, 22, 1, 2, 3, 500)],
  ['%FT%T%z', '2026-11-22T01:02:03-0100', Date.UTC(2026, 10, 22, 2, 2, 3)],
  ['%b %e %H:%M:%S', 'Nov  2 01:02:03', Date.UTC(2026, 10, 2, 1, 2, 3)],
  ['%b %e %H:%M:%S', 'Dec 31 01:02:03', Date.UTC(2025, 11, 31, 1, 2, 3)],
  ['%a %b %d %H:%M %Y', 'Sun Nov 22 01:02 2026', Date.UTC(2026, 10, 22, 1, 2)],
  ['%y%m%d%%%H%M', '261122%0102', Date.UTC(2026, 10, 22, 1, 2)],
  ['epoch', '1795309323.123', 1_795_309_323_123],
  ['epoch_us', '1795309323123456', 1_795_309_323_123],
] as const)
  test(`${text} by ${format}`, () => assert.equal(read(format, text), at));

test('a zone is applied where the text names none', () => {
  const zone = () => HOUR;
  assert.equal(read('%Y-%m-%d %H:%M', '2026-11-22 01:00', zone), Date.UTC(2026, 10, 22, 0));
  assert.equal(read('%Y-%m-%d %H:%M %z', '2026-11-22 01:00 +00:00', zone), Date.UTC(2026, 10, 22, 1));
});

for (const text of ['2026-02-30 00:00', '2026-13-01 00:00', '1969-01-01 00:00'])
  test(`${text} names no moment`, () => assert.ok(Number.isNaN(read('%Y-%m-%d %H:%M', text))));

for (const text of ['2026-02-03', '2026-2-3 00:00', 'x', '2026-02-03 24:00', '2026-02-03 00:60'])
  test(`${text} has not the form`, () => assert.equal(read('%Y-%m-%d %H:%M', text), undefined));

for (const format of ['', 'rfc3339', '%', '%Q', '%H:%M', '%Y-%m-%d', '%d %b'])
  test(`"${format}" is refused`, () => assert.ok(!compileTimeFormat(format).ok));
