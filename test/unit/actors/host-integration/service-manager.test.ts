import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServiceManagerLink } from '../../../../actors/host-integration/service-manager/index.ts';
import type { Component } from '../../../../core/base/component.ts';
import { fail, ok } from '../../../../core/base/result.ts';
import { millis } from '../../../../core/base/time.ts';
import type { ServiceState } from '../../../../native/notify/index.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

function linkWith(options: { period?: string; refuses?: boolean } = {}) {
  const clock = new SimulatedClock();
  const told: ServiceState[] = [];
  const logged: string[] = [];
  const critical: Component[] = [];
  const link = new ServiceManagerLink({
    tell: (state) => {
      told.push(state);
      return options.refuses === true ? fail('denied', 'no') : ok(undefined);
    },
    watchdogMicroseconds: options.period,
    critical: () => critical,
    clock,
    log: (_level, message) => logged.push(message),
  });
  return { link, clock, told, logged, critical };
}

const signs = (told: readonly ServiceState[]): number => told.filter(({ watchdog }) => watchdog).length;

test('a third of the time that is granted passes between two signs of life', () => {
  const { link, clock, told } = linkWith({ period: '30000000' });
  link.ready('observe');
  assert.deepEqual(told, [{ ready: true, status: 'observe' }, { watchdog: true }]);
  clock.advance(millis(9999));
  assert.equal(signs(told), 1);
  clock.advance(millis(1));
  assert.equal(signs(told), 2);
  clock.advance(millis(20_000));
  assert.equal(signs(told), 4);
});

for (const period of [undefined, '', '0', 'soon', '-5', 'Infinity'])
  test(`a watchdog period of ${period} is none`, () => {
    const { link, clock, told } = linkWith(period === undefined ? {} : { period });
    link.ready('observe');
    clock.advance(millis(60_000));
    assert.equal(signs(told), 0);
  });

test('while a critical part has failed there is no sign of life, and its name is told', () => {
  const { link, clock, told, critical } = linkWith({ period: '3000000' });
  link.ready('observe');
  critical.push({ name: 'store', state: 'failed', message: 'full', since: millis(0), counters: {} });
  clock.advance(millis(1000));
  assert.equal(signs(told), 1);
  assert.deepEqual(told.at(-1), { status: 'store has failed: full' });
  critical.pop();
  clock.advance(millis(1000));
  assert.equal(signs(told), 2);
});

test('a stop is told, and ends the signs of life', () => {
  const { link, clock, told } = linkWith({ period: '3000000' });
  link.ready('observe');
  link.stopping();
  link.stopping();
  clock.advance(millis(60_000));
  assert.deepEqual([signs(told), told.slice(-1)], [1, [{ stopping: true }]]);
  assert.equal(told.filter((state) => 'stopping' in state).length, 1);
});

test('a manager that cannot be told is complained of once', () => {
  const { link, clock, logged } = linkWith({ period: '3000000', refuses: true });
  link.ready('observe');
  clock.advance(millis(60_000));
  assert.equal(logged.length, 1);
});
