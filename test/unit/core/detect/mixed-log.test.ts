import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis } from '../../../../core/base/time.ts';
import { createDetectors } from '../../../../core/detect/checks.ts';
import { Pipeline } from '../../../../core/detect/pipeline.ts';
import { type Event, isEvent } from '../../../../core/event/event.ts';
import { createParsers } from '../../../../core/event/parsers.ts';
import { UTC } from '../../../../core/event/syslog-time.ts';
import { mixedLog } from '../../../support/mixed-log/mixed-log.ts';
import { SEED } from '../../../support/random.ts';
import { expectedOf, verdictsOf } from '../../../support/reference/verdicts.ts';

const receivedAt = millis(Date.UTC(2026, 10, 22));

test('in a generated log the checks find what a slow reference finds', () => {
  const pipeline = new Pipeline(createParsers({ zone: UTC }), createDetectors());
  const events: Event[] = [];
  const found = [...mixedLog({ lines: 4000, seed: SEED, rate: 2, isAuthOnly: true, attackers: 60 })].flatMap(
    ({ text }, i) => {
      const position = { source: 'f', offset: i * 100 };
      const parsed = pipeline.parse({ text, position, receivedAt, provenance: 'file' }, 'sshd');
      if (!isEvent(parsed)) return [];
      events.push(parsed);
      return pipeline.judge(parsed);
    },
  );
  assert.deepEqual(verdictsOf(found), expectedOf(events));
  const checks = new Set(found.map(({ check }) => check));
  assert.ok(checks.size >= 4, [...checks].join());
});

test('the same seed gives the same log, in order of time, and each file has its lines', () => {
  const make = () => [...mixedLog({ lines: 3000, seed: 7 })];
  const lines = make();
  assert.deepEqual(make(), lines);
  assert.equal(lines.length, 3000);
  assert.deepEqual(new Set(lines.map(({ log }) => log)), new Set(['auth', 'mail', 'web']));
  for (const [i, { at }] of lines.entries()) assert.ok(at >= (lines[i - 1]?.at ?? 0));
});
