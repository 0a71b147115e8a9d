import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seconds } from '../../../../core/base/time.ts';
import {
  type DesiredBook,
  type DesiredEvent,
  decideDesired,
  NOTHING_DESIRED,
  noted,
  reportedDesired,
} from '../../../../core/link/desired.ts';
import type { Hex } from '../../../../core/link/hex.ts';
import type { OrderOf } from '../../../../core/link/order.ts';
import { order } from '../../../support/link-orders.ts';

const digest = (generation: number): Hex => String(generation).padStart(64, '0') as Hex;
const taken = (generation: number) => ({ generation, order: digest(generation) });
const desire = (generation: number, parent: number | undefined): OrderOf<'desired'> =>
  order(
    {
      kind: 'desired',
      desired: {
        parent: parent === undefined ? undefined : digest(parent),
        sections: [],
        trial: seconds(60),
        rules: [],
      },
    },
    { generation },
  ) as OrderOf<'desired'>;
const after = (book: DesiredBook, generation: number, ...events: readonly DesiredEvent[]): DesiredBook =>
  events.reduce((now, event) => noted(now, taken(generation), event), book);
const decide = (book: DesiredBook, generation: number, parent: number | undefined, other?: string) =>
  decideDesired(book, desire(generation, parent), digest(generation), other).kind;

const confirmed1 = after(NOTHING_DESIRED, 1, { kind: 'on_trial' }, { kind: 'confirmed' });
const reverted2 = after(confirmed1, 2, { kind: 'on_trial' }, { kind: 'reverted', text: 'the link was cut' });

for (const [name, book, generation, parent, other, wanted] of [
  ['the first', NOTHING_DESIRED, 1, undefined, undefined, 'propose'],
  ['one that follows nothing known', NOTHING_DESIRED, 2, 1, undefined, 'conflict'],
  ['the next', confirmed1, 2, 1, undefined, 'propose'],
  ['a second first', confirmed1, 2, undefined, undefined, 'conflict'],
  ['one while a change is on trial', confirmed1, 2, 1, 'firewall.mode', 'waiting'],
  ['the one in effect', confirmed1, 1, undefined, undefined, 'nothing'],
  ['one that was reverted', reverted2, 2, 1, undefined, 'nothing'],
  ['one that follows what was reverted', reverted2, 3, 2, undefined, 'conflict'],
  ['one in its place', reverted2, 3, 1, undefined, 'propose'],
] as const) {
  test(`${name}: ${wanted}`, () => assert.equal(decide(book, generation, parent, other), wanted));
}

test('a conflict counts for nothing: what was late is done, and then what follows it', () => {
  const book = after(NOTHING_DESIRED, 2, { kind: 'conflict', text: 'follows another' });
  assert.equal(reportedDesired(book, []).standing, 'conflict');
  assert.equal(decide(book, 1, undefined), 'propose');
  const one = after(book, 1, { kind: 'on_trial' }, { kind: 'confirmed' });
  assert.equal(decide(one, 2, 1), 'propose');
});

test('what could not be applied is not tried again', () => {
  const refused = after(confirmed1, 2, { kind: 'refused', text: 'firewall.mode: is none' });
  assert.equal(decide(refused, 2, 1), 'nothing');
  assert.equal(decide(refused, 3, 1), 'propose');
});

test('what is reported is the last that came, and what is in effect', () => {
  assert.deepEqual(reportedDesired(reverted2, ['firewall.mode']), {
    generation: 2,
    order: digest(2),
    standing: 'reverted',
    text: 'the link was cut',
    confirmedGeneration: 1,
    confirmedOrder: digest(1),
    changedHere: ['firewall.mode'],
  });
  const waiting = after(after(confirmed1, 2, { kind: 'on_trial' }), 3, { kind: 'waiting', text: 'waits' });
  assert.equal(reportedDesired(after(waiting, 2, { kind: 'confirmed' }), []).standing, 'waiting');
  assert.equal(reportedDesired(NOTHING_DESIRED, []).standing, 'none');
});
