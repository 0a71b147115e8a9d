import assert from 'node:assert/strict';
import { test } from 'node:test';
import { overdue } from '../../../../actors/segments/retention.ts';
import { days } from '../../../../core/base/time.ts';

const NOW = days(100);
const KEEP = { keepFor: days(30), maxBytes: 1000, keepFree: 0.1 };
const ROOM = { free: 5000, all: 10_000 };

/** Segments of 100 bytes each, sealed that many days ago; the first is the oldest. */
const sealed = (...ages: readonly number[]) =>
  ages.map((age, i) => ({ segment: i + 1, name: `${i + 1}`, size: 100, at: NOW - days(age) }));

for (const { about, ages, bytes = 0, disk = ROOM, keep = {}, gone } of [
  { about: 'nothing is old, large or scarce', ages: [20, 10, 1], gone: [] },
  { about: 'what is past its age goes', ages: [40, 30, 29, 1], gone: [1, 2] },
  { about: 'age does not matter where it is told so', ages: [400, 1], keep: { keepFor: 'never' as const }, gone: [] },
  { about: 'too many bytes take the oldest until they fit', ages: [5, 4, 3, 2], bytes: 1150, gone: [1, 2] },
  {
    about: 'a scarce disk takes the oldest until its share is free',
    ages: [5, 4, 3, 2],
    disk: { free: 850, all: 10_000 },
    gone: [1, 2],
  },
  { about: 'the newest sealed one stays, whatever is asked', ages: [90, 80], bytes: 1e9, gone: [1] },
  { about: 'the only sealed one stays', ages: [90], bytes: 1e9, gone: [] },
  { about: 'an old one behind a young one waits for it', ages: [1, 90, 1, 1], gone: [] },
]) {
  test(about, () => {
    const dropped = overdue({ now: NOW, sealed: sealed(...ages).reverse(), bytes, disk }, { ...KEEP, ...keep });
    assert.deepEqual(
      dropped.map(({ segment }) => segment),
      gone,
    );
  });
}
