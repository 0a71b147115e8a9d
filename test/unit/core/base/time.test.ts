import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  days,
  goDuration,
  hours,
  millis,
  minutes,
  parseDuration,
  seconds,
  shortDuration,
} from '../../../../core/base/time.ts';

for (const [written, length] of [
  ['', 'never'],
  ['0', 'never'],
  ['7d', 604_800_000],
  ['24h', 86_400_000],
  ['1h30m', 5_400_000],
  ['1.5s', 1500],
  ['250ms', 250],
  ['-1h', undefined],
  ['5', undefined],
  ['1w', undefined],
  ['0s', undefined],
  ['999999999d', undefined],
  ['1h 30m', undefined],
] as const)
  test(`duration ${JSON.stringify(written)} is ${length}`, () => {
    const parsed = parseDuration(written);
    assert.equal(parsed.ok ? parsed.value : undefined, length);
  });

for (const [length, written] of [
  [0, '0s'],
  [250, '250ms'],
  [59_999, '59s'],
  [90_000, '1m30s'],
  [259_380_000, '72h3m0s'],
  [3_600_000, '1h0m0s'],
] as const)
  test(`${length} ms prints as ${written}`, () => assert.equal(goDuration(millis(length)), written));

test('a short duration reads back as what was written', () => {
  for (const [length, text] of [
    [1, '1ms'],
    [seconds(90), '90s'],
    [minutes(10), '10m'],
    [hours(1), '1h'],
    [days(1), '24h'],
    [days(7), '7d'],
    [minutes(1441), '1441m'],
  ] as const) {
    assert.equal(shortDuration(millis(length)), text);
    assert.deepEqual(parseDuration(text), { ok: true, value: length });
  }
});
