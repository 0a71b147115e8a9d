import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasPassed, hours, type Millis, minutes, plus, seconds } from '../../../../core/base/time.ts';
import { SEVERITIES, type Severity } from '../../../../core/detect/finding.ts';
import { BlockQueue, LONGEST_WAIT, MOST_PENDING } from '../../../../core/respond/block-queue.ts';
import type { Decision } from '../../../../core/respond/decision.ts';
import { blockOf } from '../../../support/blocks.ts';
import { keep, stored } from '../../../support/detectors.ts';
import { EPOCH } from '../../../support/events.ts';
import { fc } from '../../../support/random.ts';

const at = (minute: number): Millis => plus(EPOCH, minutes(minute));

const told = (decisions: readonly Decision[]): readonly string[] => decisions.map(({ ip, state }) => `${ip} ${state}`);

test('so many go through in any hour, the others wait', () => {
  const queue = new BlockQueue(2);
  assert.deepEqual(told(queue.admit(blockOf(1), 'high', at(0))), ['10.0.0.1 active']);
  assert.deepEqual(told(queue.admit(blockOf(2), 'high', at(10))), ['10.0.0.2 active']);
  const [waiting] = queue.admit(blockOf(3), 'high', at(20));
  assert.equal(waiting?.note, 'waits for its turn: no more than 2 blocks an hour');
  queue.admit(blockOf(4), 'critical', at(21));
  queue.admit(blockOf(5), 'high', at(22));
  assert.deepEqual(told(queue.sweep(at(59)).released), []);
  const [released] = queue.sweep(at(60)).released;
  assert.deepEqual([released?.ip, released?.state, released?.note], ['10.0.0.4', 'active', undefined]);
  assert.deepEqual(told(queue.sweep(at(70)).released), ['10.0.0.3 active']);
  assert.deepEqual(
    queue.pending.map(({ decision }) => decision.ip),
    ['10.0.0.5'],
  );
});

test('nobody overtakes who waits', () => {
  const queue = new BlockQueue(1);
  queue.admit(blockOf(1), 'high', at(0));
  queue.admit(blockOf(2), 'high', at(0));
  assert.deepEqual(told(queue.admit(blockOf(3), 'critical', at(61))), ['10.0.0.3 pending']);
  assert.deepEqual(told(queue.sweep(at(61)).released), ['10.0.0.3 active']);
});

test('0 lets everything through', () => {
  const queue = new BlockQueue(0);
  for (let i = 0; i < 100; i++) assert.equal(queue.admit(blockOf(i), 'high', at(0))[0]?.state, 'active');
  assert.deepEqual(queue.snapshot(), []);
});

test('what waits too long, or outlives its own time, ends without having been enforced', () => {
  const queue = new BlockQueue(1);
  queue.admit(blockOf(1), 'high', at(0));
  queue.admit(blockOf(2, { expiresAt: at(30) }), 'high', at(0));
  queue.admit(blockOf(3), 'high', at(0));
  queue.admit(blockOf(4), 'high', at(0.5));
  assert.deepEqual(told(queue.sweep(at(30)).dropped), ['10.0.0.2 expired']);
  assert.deepEqual(told(queue.sweep(at(60)).released), ['10.0.0.3 active']);
  queue.admit(blockOf(5), 'critical', at(61));
  assert.deepEqual(told(queue.sweep(at(120)).released), ['10.0.0.5 active']);
  const { dropped, released } = queue.sweep(plus(at(0.5), LONGEST_WAIT));
  assert.deepEqual([told(dropped), released], [['10.0.0.4 expired'], []]);
  assert.match(dropped[0]?.note ?? '', /^given up after 2h0m0s/);
});

test('while nothing may be let through, what is over is given up all the same', () => {
  const queue = new BlockQueue(1);
  queue.admit(blockOf(1), 'high', at(0));
  queue.admit(blockOf(2), 'high', at(0));
  assert.deepEqual(queue.sweep(at(61), false), { released: [], dropped: [] });
  assert.deepEqual(told(queue.sweep(at(120), false).dropped), ['10.0.0.2 expired']);
});

test('an address waits once: in its place, with the worse severity and the later end', () => {
  const queue = new BlockQueue(1);
  queue.admit(blockOf(1), 'high', at(0));
  queue.admit(blockOf(2), 'warning', at(0));
  const longer = blockOf(2, { id: blockOf(9).id, expiresAt: at(9999) });
  assert.deepEqual(told(queue.admit(longer, 'high', at(1))), ['10.0.0.2 lifted', '10.0.0.2 pending']);
  assert.deepEqual(told(queue.admit(blockOf(2, { expiresAt: at(5) }), 'warning', at(2))), ['10.0.0.2 pending']);
  assert.deepEqual(
    queue.pending.map(({ decision, severity, since }) => [decision.id, severity, since]),
    [[longer.id, 'high', at(0)]],
  );
});

test('beyond the most that may wait, the one whose turn is last is refused', () => {
  const queue = new BlockQueue(1);
  for (let i = 0; i <= MOST_PENDING; i++) queue.admit(blockOf(i), 'high', at(0));
  assert.equal(queue.pending.length, MOST_PENDING);
  const [worse, refused] = queue.admit(blockOf(5000), 'critical', at(1));
  assert.deepEqual([worse?.state, refused?.state, queue.pending.length], ['pending', 'refused', MOST_PENDING]);
  assert.deepEqual(told(queue.admit(blockOf(5001), 'warning', at(1))), [`${blockOf(5001).ip} refused`]);
});

test('what a person decides ends the waiting', () => {
  const queue = new BlockQueue(1);
  queue.admit(blockOf(1), 'high', at(0));
  queue.admit(blockOf(2), 'high', at(0));
  assert.equal(queue.withdraw('10.0.0.2', at(1), 'allowed by admin')?.note, 'allowed by admin');
  assert.equal(queue.withdraw('10.0.0.2', at(1), 'again'), undefined);
});

test('a clock that was set back does not stop the queue for longer than an hour', () => {
  const queue = new BlockQueue(1);
  queue.admit(blockOf(1), 'high', at(10_000));
  queue.admit(blockOf(2), 'high', at(0));
  assert.deepEqual(told(queue.sweep(at(60)).released), ['10.0.0.2 active']);
});

const step = fc.record({
  wait: fc.integer({ min: 0, max: 900 }),
  ip: fc.nat(12),
  severity: fc.constantFrom<Severity>(...SEVERITIES),
  lasts: fc.constantFrom(minutes(5), hours(1), hours(24)),
  restart: fc.boolean(),
});

test('whatever comes: never more than allowed in an hour, none lost, none late, and a restart changes nothing', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 3 }), fc.array(step, { maxLength: 60 }), (perHour, steps) => {
      const whole = new BlockQueue(perHour);
      let restarted = new BlockQueue(perHour);
      const store = new Map<string, unknown>();
      const states = new Map<string, string>();
      const released: Millis[] = [];
      let now = EPOCH;
      steps.forEach(({ wait, ip, severity, lasts, restart }, i) => {
        now = plus(now, seconds(wait));
        const decision = blockOf(ip, { id: blockOf(1000 + i).id, expiresAt: plus(now, lasts) });
        const changes = [...whole.admit(decision, severity, now)];
        assert.deepEqual(restarted.admit(decision, severity, now), changes);
        if (restart) {
          keep(store, restarted.snapshot());
          restarted = new BlockQueue(perHour);
          assert.equal(restarted.restore(stored(store)).skipped, 0);
        }
        const turn = whole.sweep(now);
        assert.deepEqual(restarted.sweep(now), turn);
        assert.deepEqual(restarted.pending, whole.pending);
        for (const change of [...changes, ...turn.dropped, ...turn.released]) {
          states.set(change.id, change.state);
          if (change.state !== 'active') continue;
          assert.ok(!hasPassed(change.expiresAt, now));
          released.push(now);
        }
      });
      for (const [i, start] of released.entries()) {
        assert.ok(released.slice(i).filter((moment) => moment < plus(start, hours(1))).length <= perHour);
      }
      const waiting = [...states.values()].filter((state) => state === 'pending').length;
      assert.equal(waiting, whole.pending.length);
    }),
  );
});
