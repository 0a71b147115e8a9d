import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bus } from '../../../../actors/bus/index.ts';
import { fc } from '../../../support/random.ts';

type Messages = { finding: number; decision: string };

function bench() {
  const failures: string[] = [];
  const bus = new Bus<Messages>((topic, thrown) => failures.push(`${topic}: ${thrown}`));
  return { bus, failures, seen: [] as string[] };
}

test('subscribers are called in the order of their subscriptions, before publish returns', () => {
  const { bus, seen } = bench();
  for (const name of ['a', 'b', 'c']) bus.subscribe('finding', (n) => seen.push(name + n));
  bus.publish('finding', 1);
  assert.deepEqual(seen, ['a1', 'b1', 'c1']);
  bus.publish('decision', 'x');
  assert.equal(seen.length, 3);
});

test('a message published during a delivery comes after it, for everybody, across topics', () => {
  const { bus, seen } = bench();
  bus.subscribe('finding', (n) => {
    seen.push(`a${n}`);
    if (n === 1) {
      bus.publish('decision', 'x');
      bus.publish('finding', 2);
      seen.push('a1 done');
    }
  });
  bus.subscribe('finding', (n) => seen.push(`b${n}`));
  bus.subscribe('decision', (x) => seen.push(x));
  bus.publish('finding', 1);
  assert.deepEqual(seen, ['a1', 'a1 done', 'b1', 'x', 'a2', 'b2']);
});

test('a subscriber that throws is reported and stops nobody, nor does a reporter that throws', () => {
  const { bus, failures, seen } = bench();
  bus.subscribe('finding', () => {
    throw new Error('broken');
  });
  bus.subscribe('finding', (n) => seen.push(`b${n}`));
  bus.publish('finding', 1);
  bus.publish('finding', 2);
  assert.deepEqual(seen, ['b1', 'b2']);
  assert.deepEqual(failures, ['finding: Error: broken', 'finding: Error: broken']);
  const deaf = new Bus<Messages>(() => {
    throw new Error('too');
  });
  deaf.subscribe('finding', () => {
    throw new Error('broken');
  });
  deaf.publish('finding', 1);
});

test('who subscribes during a delivery meets the next message; who unsubscribes is not called again', () => {
  const { bus, seen } = bench();
  const leaveB = { now: () => {} };
  bus.subscribe('finding', (n) => {
    seen.push(`a${n}`);
    leaveB.now();
    if (n === 1) bus.subscribe('finding', (m) => seen.push(`c${m}`));
  });
  leaveB.now = bus.subscribe('finding', (n) => seen.push(`b${n}`));
  bus.publish('finding', 1);
  bus.publish('finding', 2);
  assert.deepEqual(seen, ['a1', 'a2', 'c2']);
});

test('every subscriber meets the messages in one order, whoever publishes from where', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(2), fc.boolean()), { maxLength: 20 }), (script) => {
      const bus = new Bus<Messages>(() => {});
      const logs: string[][] = [[], [], []];
      const next = (by: number): void => {
        const [publisher, isFinding] = script[0] ?? [];
        if (publisher !== by) return;
        script.shift();
        if (isFinding === true) bus.publish('finding', script.length);
        else bus.publish('decision', String(script.length));
      };
      logs.forEach((log, i) => {
        bus.subscribe('finding', (n) => {
          log.push(`f${n}`);
          next(i);
        });
        bus.subscribe('decision', (x) => {
          log.push(`d${x}`);
          next(i);
        });
      });
      bus.publish('finding', 99);
      assert.deepEqual(logs[0], logs[1]);
      assert.deepEqual(logs[1], logs[2]);
    }),
  );
});
