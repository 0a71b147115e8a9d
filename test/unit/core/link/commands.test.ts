import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hours, millis, plus } from '../../../../core/base/time.ts';
import { CommandWindow, type KeptCommand, MOST_COMMANDS, subjectOf } from '../../../../core/link/commands.ts';
import type { Hex } from '../../../../core/link/hex.ts';
import { type Command, LONGEST_COMMAND, type OrderOf, SKEW } from '../../../../core/link/order.ts';
import { commandOrder, idAt, NOW } from '../../../support/link-orders.ts';
import { fc } from '../../../support/random.ts';

const unblock: Command = { kind: 'unblock', target: '192.0.2.1' };
const made = (after: number, lives: number, fill: number, command: Command = unblock): OrderOf<'command'> => {
  const issuedAt = plus(NOW, millis(after));
  const notAfter = plus(issuedAt, millis(lives));
  return commandOrder(command, { issuedAt, notAfter, id: idAt(issuedAt, fill) }) as OrderOf<'command'>;
};

test('blocks and exceptions of an address are two subjects; what stands beside all else is none', () => {
  assert.equal(subjectOf(unblock), subjectOf({ kind: 'block', target: '192.0.2.1', reason: '', lasts: 'forever' }));
  assert.equal(subjectOf({ kind: 'remove_allow', target: '10.0.0.0/8' }), 'allow 10.0.0.0/8');
  assert.equal(subjectOf({ kind: 'restart', reason: '' }), undefined);
});

test('what may be forgotten is told with what keeps it from coming again', () => {
  const window = new CommandWindow();
  const short = window.take(made(0, 1000, 1, { kind: 'scan', what: '' }));
  const about = window.take(made(0, 1000, 2));
  assert.equal(short.keptUntil, NOW + 1000 + SKEW);
  assert.equal(about.keptUntil, NOW + LONGEST_COMMAND + SKEW);
  assert.deepEqual(window.forget(short.keptUntil), []);
  assert.deepEqual(window.forget(plus(short.keptUntil, millis(1))), [short.id]);
  assert.equal(window.floor, short.keptUntil);
  assert.equal(window.size, 1);
});

test('where too many are remembered blocks are taken back still, and changes confirmed where those are too many as well', () => {
  const window = new CommandWindow();
  let count = 0;
  const next = (command: Command) =>
    commandOrder(command, { id: idAt(plus(NOW, millis(count++)), 1) }) as OrderOf<'command'>;
  const lift = (): Command => ({ kind: 'unblock', target: `2001:db8::${count.toString(16)}` });
  const scan: Command = { kind: 'scan', what: '' };
  const confirm: Command = { kind: 'confirm', change: idAt(NOW, 1), nonce: 'ab'.repeat(16) as Hex };
  const revert: Command = { kind: 'revert', change: idAt(NOW, 1), reason: '' };
  const standings = () =>
    [scan, lift(), { ...lift(), kind: 'remove_allow' } as Command, confirm, revert].map((one) =>
      window.standingOf(next(one)),
    );
  while (window.standingOf(next(scan)) === 'new') window.take(next(scan));
  assert.equal(window.size, MOST_COMMANDS);
  assert.deepEqual(standings(), ['busy', 'new', 'new', 'new', 'new']);
  while (window.standingOf(next(lift())) === 'new') window.take(next(lift()));
  assert.equal(window.size, 2 * MOST_COMMANDS);
  assert.deepEqual(standings(), ['busy', 'busy', 'busy', 'new', 'new']);
  while (window.standingOf(next(confirm)) === 'new') window.take(next(confirm));
  assert.equal(window.size, 2 * MOST_COMMANDS + 1000);
});

test('two of the same moment are decided by their ids, everywhere the same', () => {
  const [one, two] = [made(0, 1000, 1), made(0, 1000, 2)];
  for (const [first, then, wanted] of [
    [one, two, 'new'],
    [two, one, 'overtaken'],
  ] as const) {
    const window = new CommandWindow();
    window.take(first);
    assert.equal(window.standingOf(then), wanted);
  }
});

test('one that lives for a second is remembered for as long as one that it overtook', () => {
  const window = new CommandWindow();
  window.take(made(10, 1000, 1));
  window.forget(plus(NOW, hours(23)));
  assert.equal(window.standingOf(made(0, hours(24), 2)), 'overtaken');
});

const someCommand = fc
  .record({
    after: fc.integer({ min: 0, max: hours(30) }),
    lives: fc.constantFrom(1000, hours(1), hours(24)),
    fill: fc.nat(3),
    command: fc.constantFrom(unblock, { kind: 'scan', what: '' } as const),
  })
  .map(({ after, lives, fill, command }) => made(after, lives, fill, command));

test('however late, often and mixed up commands come, and wherever the clock is set, none is done twice or undoes a later one', () => {
  const orders = fc.uniqueArray(someCommand, { selector: ({ id }) => id, minLength: 1, maxLength: 6 });
  const step = fc.oneof(
    { weight: 3, arbitrary: fc.record({ which: fc.nat() }) },
    fc.record({ at: fc.integer({ min: -hours(2), max: hours(60) }) }),
  );
  fc.assert(
    fc.property(orders, fc.array(step, { maxLength: 40 }), (given, steps) => {
      let [window, kept, now] = [new CommandWindow(), [] as KeptCommand[], NOW];
      const done: OrderOf<'command'>[] = [];
      for (const one of steps) {
        if ('at' in one) {
          now = plus(NOW, millis(one.at));
          const over = new Set(window.forget(now));
          kept = kept.filter(({ id }) => !over.has(id));
          window = new CommandWindow({ commands: kept, floor: window.floor });
          continue;
        }
        const order = given[one.which % given.length];
        // As the judge does before it asks.
        if (order === undefined || order.notAfter + SKEW < now || order.issuedAt > now + SKEW) continue;
        if (window.standingOf(order) !== 'new') continue;
        kept.push(window.take(order));
        done.push(order);
      }
      assert.equal(new Set(done.map(({ id }) => id)).size, done.length);
      const about = done.filter(({ command }) => command.kind === 'unblock');
      const moments = about.map(({ issuedAt }) => issuedAt);
      assert.deepEqual(
        moments,
        [...moments].sort((a, b) => a - b),
      );
    }),
    { numRuns: 1000 },
  );
});
