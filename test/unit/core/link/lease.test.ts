import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Millis, millis, plus } from '../../../../core/base/time.ts';
import {
  hear,
  holds,
  LEASE,
  LEASE_SKEW,
  type LeaseView,
  leaseFor,
  nextStep,
  SETTLE,
} from '../../../../core/link/lease.ts';
import type { OrderOf } from '../../../../core/link/order.ts';
import { idAt, NOW, order } from '../../../support/link-orders.ts';
import { fc } from '../../../support/random.ts';

type LeaseOrder = OrderOf<'lease'>;
const at = (after: number): Millis => plus(NOW, millis(after));
const lease = (generation: number, holder: string, until: number | 'given_back', fill = 1, issued = 0): LeaseOrder =>
  order(
    {
      kind: 'lease',
      lease: { shard: 5, holder, until: until === 'given_back' ? until : at(until), positions: [] },
    },
    { generation, id: idAt(at(issued), fill), issuedAt: at(issued) },
  ) as LeaseOrder;
const heard = (now: number, ...orders: readonly LeaseOrder[]): LeaseView => {
  const view = orders.reduce<LeaseView | undefined>((view, one) => hear(view, one, at(now)).view, undefined);
  assert.ok(view !== undefined);
  return view;
};
const news = (view: LeaseView, one: LeaseOrder, now: number) => hear(view, one, at(now)).news;

const anna = heard(0, lease(3, 'anna', LEASE));

test('a lease is served once nobody else has said so for a while, and not past its end', () => {
  assert.equal(holds(anna, 'anna', at(SETTLE - 1)), false);
  assert.equal(holds(anna, 'anna', at(SETTLE)), true);
  assert.equal(holds(anna, 'bert', at(SETTLE)), false);
  assert.equal(holds(anna, 'anna', at(LEASE)), false);
  assert.equal(holds(undefined, 'anna', at(0)), false);
});

test('a renewal goes on at once, in half the time', () => {
  assert.deepEqual(nextStep(anna, 'anna', at(0)), { kind: 'keep', at: at(LEASE / 2) });
  assert.deepEqual(nextStep(anna, 'anna', at(LEASE / 2)), { kind: 'renew' });
  const renewed = hear(anna, lease(4, 'anna', LEASE + 30_000, 2, 30_000), at(30_000)).view;
  assert.equal(holds(renewed, 'anna', at(30_000)), true);
});

test('another waits for the end and the skew of clocks', () => {
  assert.deepEqual(nextStep(anna, 'bert', at(0)), { kind: 'wait', at: at(LEASE + LEASE_SKEW) });
  assert.deepEqual(nextStep(anna, 'bert', at(LEASE + LEASE_SKEW)), { kind: 'take' });
  assert.deepEqual(nextStep(undefined, 'bert', at(0)), { kind: 'take' });
});

test('what was given back is taken at once, and its positions are there', () => {
  const back = heard(0, lease(3, 'anna', LEASE), lease(4, 'anna', 'given_back', 2, 10));
  assert.equal(holds(back, 'anna', at(SETTLE)), false);
  assert.deepEqual(nextStep(back, 'bert', at(20)), { kind: 'take' });
  assert.deepEqual(leaseFor(back, 5, 'bert', at(LEASE), []), {
    generation: 5,
    lease: { shard: 5, holder: 'bert', until: at(LEASE), positions: [] },
  });
});

test('who takes a lease before its end is not heard, and the next generation goes beyond', () => {
  const stolen = hear(anna, lease(4, 'bert', LEASE, 9, 10), at(10));
  assert.equal(stolen.news, 'too_early');
  assert.equal(stolen.view.lease.holder, 'anna');
  assert.equal(leaseFor(stolen.view, 5, 'anna', at(LEASE), []).generation, 5);
});

test('an older one changes nothing, and of two the one with the smaller id has it', () => {
  assert.equal(news(anna, lease(2, 'bert', LEASE), 0), 'older');
  assert.equal(news(anna, lease(3, 'anna', LEASE), 0), 'older');
  assert.equal(news(anna, lease(3, 'bert', LEASE, 2), 0), 'overwritten');
  assert.equal(news(anna, lease(3, 'bert', LEASE, 0), 0), 'heard');
});

test('where others came between that were not heard, the newest has it', () => {
  assert.equal(news(anna, lease(7, 'bert', LEASE, 2, 10), 10), 'heard');
});

const NAMES = ['anna', 'bert', 'cleo'] as const;

/** A broker that keeps the order of what it gets, and controllers that hear it after a while, each by its own clock. */
class ModelFleet {
  now = 0;
  readonly #log: { readonly order: LeaseOrder; readonly at: number }[] = [];
  readonly #onTheWay: { readonly order: LeaseOrder; readonly arrives: number }[] = [];
  readonly #lags: readonly number[];
  readonly #clocks: readonly number[];
  readonly #views: (LeaseView | undefined)[] = NAMES.map(() => undefined);
  readonly #read: number[] = NAMES.map(() => 0);
  readonly #pending: number[] = NAMES.map(() => -1);
  #made = 0;

  constructor(lags: readonly number[], clocks: readonly number[]) {
    this.#lags = lags;
    this.#clocks = clocks;
  }

  clockOf(who: number): Millis {
    return at(this.now + (this.#clocks[who] ?? 0));
  }

  /** Lets time pass; what has arrived by then is heard in order. */
  pass(length: number): void {
    this.now += length;
    const arrived = this.#onTheWay.filter(({ arrives }) => arrives <= this.now).sort((a, b) => a.arrives - b.arrives);
    for (const one of arrived) {
      this.#onTheWay.splice(this.#onTheWay.indexOf(one), 1);
      this.#log.push({ order: one.order, at: one.arrives });
    }
    for (const who of NAMES.keys()) this.#hear(who);
  }

  /** A controller does what it may do, its message under way for so long. */
  act(who: number, way: number, givesBack: boolean): void {
    const name = NAMES[who] ?? '';
    const now = this.clockOf(who);
    const view = this.#views[who];
    // It waits for the echo of what it said before.
    if (this.#pending[who] !== -1) return;
    const step = nextStep(view, name, now);
    const isHolder = holds(view, name, now);
    if (step.kind !== 'take' && step.kind !== 'renew' && !(givesBack && isHolder)) return;
    const until = givesBack && isHolder ? 'given_back' : plus(now, LEASE);
    const made = leaseFor(view, 5, name, until, []);
    const given = order(
      { kind: 'lease', lease: made.lease },
      { generation: made.generation, id: idAt(now, this.#made++), issuedAt: now },
    ) as LeaseOrder;
    this.#pending[who] = this.#made;
    this.#onTheWay.push({ order: given, arrives: this.now + way });
  }

  holders(): readonly string[] {
    return NAMES.filter((name, who) => holds(this.#views[who], name, this.clockOf(who)));
  }

  #hear(who: number): void {
    for (let i = this.#read[who] ?? 0; i < this.#log.length; i++) {
      const one = this.#log[i];
      if (one === undefined || one.at + (this.#lags[who] ?? 0) > this.now) return;
      this.#views[who] = hear(this.#views[who], one.order, this.clockOf(who)).view;
      this.#read[who] = i + 1;
      if (one.order.lease.holder === NAMES[who]) this.#pending[who] = -1;
    }
  }
}

test('whenever controllers take, renew and give back, and however long their messages take, no two serve a shard', () => {
  const lag = fc.integer({ min: 0, max: SETTLE / 2 });
  const clock = fc.integer({ min: -LEASE_SKEW / 2, max: LEASE_SKEW / 2 });
  const deed = fc.record({
    who: fc.nat(NAMES.length - 1),
    way: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 3 * LEASE })),
    givesBack: fc.boolean(),
    after: fc.oneof(fc.integer({ min: 0, max: 3000 }), fc.integer({ min: 0, max: LEASE })),
  });
  const three = <T>(one: fc.Arbitrary<T>) => fc.array(one, { minLength: 3, maxLength: 3 });
  let served = 0;
  fc.assert(
    fc.property(three(lag), three(clock), fc.array(deed, { maxLength: 40 }), (lags, clocks, deeds) => {
      const fleet = new ModelFleet(lags, clocks);
      for (const { who, way, givesBack, after } of deeds) {
        fleet.act(who, way, givesBack);
        for (let passed = 0; passed < after; passed += 1000) {
          fleet.pass(Math.min(1000, after - passed));
          const holders = fleet.holders();
          assert.ok(holders.length <= 1, holders.join(' and '));
          served += holders.length;
        }
      }
    }),
  );
  assert.ok(served > 100, 'somebody served');
});
