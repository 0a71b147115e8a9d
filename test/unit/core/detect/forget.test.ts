import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Ip } from '../../../../core/base/ip.ts';
import { createDetectors } from '../../../../core/detect/checks.ts';
import { Pipeline } from '../../../../core/detect/pipeline.ts';
import { createParsers } from '../../../../core/event/parsers.ts';
import { UTC } from '../../../../core/event/syslog-time.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const make = (): Pipeline => new Pipeline(createParsers({ zone: UTC }), createDetectors());

let second = 0;

/** Fails `times` times to log in, a second apart; tells which checks found it. */
function attack(pipeline: Pipeline, ip: string, times: number): readonly string[] {
  return Array.from({ length: times }, () => {
    const at = new Date(Date.UTC(2026, 0, 1) + ++second * 1000).toISOString();
    const text = `${at} h sshd[9]: Failed password for root from ${ip} port ${40_000 + second} ssh2`;
    const line = { text, position: { source: 'f', offset: second }, receivedAt: new SimulatedClock().now() };
    return pipeline.feed({ ...line, provenance: 'file' }, 'sshd').map(({ check }) => check);
  }).flat();
}

const ATTACKER = '203.0.113.66';

/** How many tries the first check takes. */
function threshold(): number {
  const pipeline = make();
  for (let tries = 1; tries < 100; tries++) if (attack(pipeline, ATTACKER, 1).length > 0) return tries;
  return assert.fail('a hundred tries are not found');
}

test('what was counted against an address is forgotten, for it alone', () => {
  const most = threshold() - 1;
  const pipeline = make();
  for (const ip of [ATTACKER, '203.0.113.67']) assert.deepEqual(attack(pipeline, ip, most), []);
  pipeline.forget(ATTACKER as Ip);
  assert.deepEqual(attack(pipeline, ATTACKER, most), []);
  assert.notDeepEqual(attack(pipeline, '203.0.113.67', 1), []);
  assert.notDeepEqual(attack(pipeline, ATTACKER, 1), []);
});

test('what is forgotten is gone from the durable state', () => {
  const pipeline = make();
  attack(pipeline, ATTACKER, 2);
  const first = pipeline.snapshot();
  pipeline.forget(ATTACKER as Ip);
  const second = pipeline.snapshot();
  assert.ok(second.some(({ changes }) => changes.some(([key, value]) => key === ATTACKER && value === undefined)));
  assert.ok(first.some(({ changes }) => changes.some(([key]) => key === ATTACKER)));
});

test('an IPv6 address is forgotten with its network, and one of which nothing is known is no matter', () => {
  const most = threshold() - 1;
  const pipeline = make();
  attack(pipeline, '2001:db8::1', most);
  pipeline.forget('2001:db8::ffff' as Ip);
  assert.deepEqual(attack(pipeline, '2001:db8::2', most), []);
  pipeline.forget('198.51.100.1' as Ip);
});
