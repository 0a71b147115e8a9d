import assert from 'node:assert/strict';
import { test } from 'node:test';
import { days, hours, type Millis, millis } from '../../../../core/base/time.ts';
import { MOST_OFFENDERS, Offences } from '../../../../core/respond/offences.ts';
import { keep, stored } from '../../../support/detectors.ts';
import { fc } from '../../../support/random.ts';

const A = '203.0.113.7';
const at = (hour: number): Millis => hours(hour);
const make = (): Offences => new Offences(days(30));

test('what happens while a source is blocked belongs to the same offence', () => {
  const offences = make();
  assert.equal(offences.before(A, at(0)), 0);
  offences.add(A, at(0), at(24));
  assert.equal(offences.before(A, at(1)), 0);
  offences.add(A, at(1), at(25));
  assert.equal(offences.before(A, at(24)), 0);
  assert.equal(offences.before(A, at(25)), 1);
  offences.add(A, at(25), at(100));
  assert.deepEqual([offences.before(A, at(26)), offences.before(A, at(100))], [1, 2]);
  assert.equal(offences.before('203.0.113.8', at(100)), 0);
});

test('an offence counts for as long as set', () => {
  const offences = make();
  offences.add(A, at(0), at(24));
  assert.equal(offences.before(A, at(30 * 24 - 1)), 1);
  assert.equal(offences.before(A, at(30 * 24)), 0);
});

test('who is blocked for ever stays on the same rung', () => {
  const offences = make();
  offences.add(A, at(0), 'never');
  assert.equal(offences.before(A, at(9999)), 0);
});

test('what a person forgave is forgotten, and so is what is long past', () => {
  const offences = make();
  offences.add(A, at(0), at(24));
  offences.forgive(A);
  assert.equal(offences.before(A, at(25)), 0);
  offences.add(A, at(0), at(24));
  offences.prune(at(719));
  assert.equal(offences.size, 1);
  offences.prune(at(720));
  assert.equal(offences.size, 0);
});

test('sources beyond the most are forgotten, the longest silent first', () => {
  const offences = make();
  for (let i = 0; i < MOST_OFFENDERS; i++) offences.add(`s${i}`, at(0), at(1));
  offences.add('s0', at(2), at(3));
  offences.add('new', at(2), at(3));
  assert.deepEqual(
    ['s0', 's1', 's2'].map((source) => offences.before(source, at(4))),
    [2, 0, 1],
  );
  assert.equal(offences.size, MOST_OFFENDERS);
});

test('restored anywhere it goes on as if it had never stopped', () => {
  const step = fc.tuple(
    fc.constantFrom('add', 'add', 'forgive', 'prune', 'restart'),
    fc.constantFrom('a', 'b', 'c'),
    fc.nat(2000),
    fc.nat(50),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const whole = make();
      let restarted = make();
      const store = new Map<string, unknown>();
      for (const [what, source, hour, length] of steps) {
        for (const one of [whole, restarted]) {
          if (what === 'add') one.add(source, at(hour), length === 0 ? 'never' : at(hour + length));
          else if (what === 'forgive') one.forgive(source);
          else if (what === 'prune') one.prune(at(hour));
        }
        if (what === 'restart') {
          keep(store, restarted.snapshot());
          restarted = make();
          assert.equal(restarted.restore(stored(store)).skipped, 0);
        }
        for (const one of ['a', 'b', 'c']) assert.equal(restarted.before(one, at(hour)), whole.before(one, at(hour)));
      }
    }),
  );
  assert.equal(
    make().restore([
      ['x', 1],
      ['y', []],
      ['z', [5]],
      ['w', ['never', 'x']],
    ]).skipped,
    4,
  );
  assert.equal(make().before(A, millis(0)), 0);
});
