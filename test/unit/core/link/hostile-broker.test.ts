/** What a broker in wrong hands can do to an appliance: nothing, but make it wait. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { encodeEnvelope, envelopeReader } from '../../../../actors/link-wire/index.ts';
import { hours, type Millis, millis, plus, seconds } from '../../../../core/base/time.ts';
import type { EnvelopeReader } from '../../../../core/link/envelope.ts';
import type { Hex } from '../../../../core/link/hex.ts';
import type { KeyRing } from '../../../../core/link/keys.ts';
import type { Command, Order } from '../../../../core/link/order.ts';
import { type Effects, ModelAppliance } from '../../../support/link-appliance.ts';
import {
  commandOrder,
  idAt,
  NOW,
  OTHER_SERIAL,
  order,
  sealed,
  setOf,
  type TestKey,
  testKey,
} from '../../../support/link-orders.ts';
import { fc } from '../../../support/random.ts';

const [ops, guard, next, stranger] = [
  testKey('ops'),
  testKey('guard', ['block', 'unblock']),
  testKey('next'),
  testKey('x'),
];
const RING: KeyRing = { generation: 1, keys: [ops.key, guard.key] };

interface Told {
  readonly order: Order;
  readonly bytes: Uint8Array;
  readonly digest: Hex;
}

/** What an honest controller orders, one a second. @param forgets whether it takes keys away */
function story(forgets: boolean): readonly Told[] {
  const told: Told[] = [];
  const tell = (make: (at: Millis) => Order, ...signers: readonly TestKey[]): Hex => {
    const at = plus(NOW, seconds(told.length));
    const given = { ...make(at), id: idAt(at, told.length) };
    told.push({ order: given, ...sealed(given, ...signers) });
    return told.at(-1)?.digest as Hex;
  };
  const command = (what: Command) => (at: Millis) => commandOrder(what, { issuedAt: at });
  const desire = (generation: number, parent: Hex | undefined) => (at: Millis) =>
    order(
      { kind: 'desired', desired: { parent, sections: [], trial: seconds(60 + generation), rules: [] } },
      { generation, issuedAt: at },
    );
  const list =
    (generation: number, entries: number, withdrawn = false) =>
    (at: Millis) => {
      const contentSha256 = 'ab'.repeat(32) as Hex;
      const manifest = {
        name: 'bad',
        purpose: 'block' as const,
        entries,
        contentSha256,
        whole: [],
        deltas: [],
        withdrawn,
      };
      return order({ kind: 'list', list: manifest }, { generation, issuedAt: at, appliance: 'everybody' });
    };
  const keys =
    (generation: number, ...set: readonly TestKey[]) =>
    (at: Millis) =>
      order({ kind: 'keys', keys: setOf(...set) }, { generation, issuedAt: at, appliance: 'everybody' });
  const lasts = 'forever' as const;

  tell(command({ kind: 'block', target: '192.0.2.1', reason: '', lasts }), guard);
  const first = tell(desire(1, undefined), ops);
  tell(list(1, 10), ops);
  tell(command({ kind: 'unblock', target: '192.0.2.1' }), guard);
  tell(command({ kind: 'allow', target: '192.0.2.2', reason: '', lasts }), ops);
  const second = tell(desire(2, first), ops);
  tell(command({ kind: 'scan', what: '' }), ops);
  tell(keys(2, ...(forgets ? [ops, next] : [ops, guard, next])), ops, next);
  tell(command({ kind: 'block', target: '192.0.2.1', reason: 'again', lasts }), next);
  tell(command({ kind: 'remove_allow', target: '192.0.2.2' }), next);
  tell(list(2, 20), next);
  tell(desire(3, second), next);
  tell(keys(3, ...(forgets ? [next] : [ops, guard, next])), next);
  tell(command({ kind: 'allow', target: '192.0.2.3', reason: '', lasts }), next);
  tell(command({ kind: 'restart', reason: '' }), next);
  tell(list(3, 0, true), next);
  tell(command({ kind: 'block', target: '10.0.0.0/8', reason: '', lasts }), next);
  return told;
}

const block: Command = { kind: 'block', target: '198.51.100.7', reason: '', lasts: 'forever' };
/** What was never ordered of this appliance. */
const FOREIGN: readonly Uint8Array[] = [
  sealed({ ...commandOrder(block), appliance: OTHER_SERIAL }, ops).bytes,
  sealed({ ...commandOrder(block), tenant: 'south' }, ops).bytes,
  sealed(commandOrder(block), stranger).bytes,
  sealed(commandOrder({ kind: 'restart', reason: '' }), guard).bytes,
  sealed(order({ kind: 'keys', keys: setOf(stranger) }, { generation: 9 }), stranger).bytes,
  sealed(order({ kind: 'keys', keys: setOf(stranger) }, { generation: 9 }), guard, stranger).bytes,
  sealed(order({ kind: 'lease', lease: { shard: 1, holder: 'one', until: 'given_back', positions: [] } }), ops).bytes,
  // Beyond wherever the clock is set to.
  sealed(commandOrder(block, { issuedAt: plus(NOW, hours(-900)) }), ops).bytes,
  sealed(commandOrder(block, { issuedAt: plus(NOW, hours(900)), notAfter: plus(NOW, hours(901)) }), ops).bytes,
];

/** The same signature is not computed again for each of thousands of deliveries. */
function remembering(reader: EnvelopeReader): EnvelopeReader {
  const known = new Map<string, boolean>();
  return {
    ...reader,
    verifies: (key, payload, signature) => {
      const name = `${key} ${reader.digest(payload)} ${Buffer.from(signature).toString('hex')}`;
      const found = known.get(name) ?? reader.verifies(key, payload, signature);
      known.set(name, found);
      return found;
    },
  };
}
const reader = remembering(envelopeReader);
const STORIES = { keeping: story(false), forgetting: story(true) };

type Deed =
  | { readonly kind: 'deliver' | 'foreign'; readonly which: number }
  | { readonly kind: 'spoil'; readonly which: number; readonly at: number; readonly byte: number }
  | { readonly kind: 'swap'; readonly which: number; readonly other: number }
  | { readonly kind: 'restart' };
const deed: fc.Arbitrary<Deed> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('deliver' as const), which: fc.nat() }) },
  fc.record({ kind: fc.constant('foreign' as const), which: fc.nat() }),
  fc.record({
    kind: fc.constant('spoil' as const),
    which: fc.nat(),
    at: fc.nat(),
    byte: fc.integer({ min: 1, max: 255 }),
  }),
  fc.record({ kind: fc.constant('swap' as const), which: fc.nat(), other: fc.nat() }),
  fc.constant({ kind: 'restart' as const }),
);

/** Payload of one envelope under the signatures of another. */
function swapped(one: Uint8Array, other: Uint8Array): Uint8Array {
  const [a, b] = [reader.envelope(one), reader.envelope(other)];
  const made = encodeEnvelope({
    payload: a.ok ? a.value.payload : one,
    signatures: b.ok ? b.value.signatures : [],
  });
  return made.ok ? made.value : one;
}

function perform(appliance: ModelAppliance, told: readonly Told[], one: Deed): unknown {
  const bytesOf = (which: number): Uint8Array => told[which % told.length]?.bytes ?? new Uint8Array(0);
  switch (one.kind) {
    case 'deliver':
      return appliance.deliver(bytesOf(one.which));
    case 'foreign':
      return appliance.deliver(FOREIGN[one.which % FOREIGN.length] ?? new Uint8Array(0));
    case 'spoil':
      return appliance.deliver(
        bytesOf(one.which).map((byte, i, all) => (i === one.at % all.length ? byte ^ one.byte : byte)),
      );
    case 'swap':
      return appliance.deliver(swapped(bytesOf(one.which), bytesOf(one.other)));
    case 'restart':
      return appliance.restart();
  }
}

const honest = (told: readonly Told[]): ModelAppliance => {
  const appliance = new ModelAppliance(RING, reader);
  for (const { bytes } of told) appliance.deliver(bytes);
  return appliance;
};

/** The effects but for the order in which commands that do not touch each other were done. */
const final = ({ done, ...effects }: Effects) => ({ ...effects, done: [...done].sort() });
const alone = ({ done: _, ...effects }: Effects) => effects;

test('an honest broker has every order done', () => {
  for (const told of Object.values(STORIES)) assert.equal(honest(told).accepted.length, told.length);
});

test('what a broker repeats, reorders, spoils and invents only delays: once all has come, all is as it was meant', () => {
  const told = STORIES.keeping;
  const wanted = honest(told).effects;
  fc.assert(
    fc.property(fc.array(deed, { maxLength: 60 }), (deeds) => {
      const appliance = new ModelAppliance(RING, reader);
      for (const one of deeds) perform(appliance, told, one);
      for (const { bytes } of [...told, ...told]) appliance.deliver(bytes);
      // A command that a later one about the same has overtaken is not done at all.
      assert.deepEqual(alone(appliance.effects), alone(wanted));
      assert.equal(new Set(appliance.effects.done).size, appliance.effects.done.length);
    }),
    { numRuns: 80 },
  );
});

test('whatever a broker holds back for ever, what was done is what was ordered, in the order in which it was', () => {
  const told = STORIES.forgetting;
  const timed = fc.oneof({ weight: 4, arbitrary: deed }, fc.integer({ min: -40, max: 40 }));
  fc.assert(
    fc.property(fc.array(timed, { maxLength: 60 }), (deeds) => {
      const appliance = new ModelAppliance(RING, reader);
      for (const one of deeds) {
        // Its clock is set, forth and back.
        if (typeof one === 'number') appliance.now = plus(NOW, millis(one * hours(1)));
        else perform(appliance, told, one);
      }
      const digests = new Set(appliance.accepted.map(({ digest }) => digest));
      assert.equal(digests.size, appliance.accepted.length, 'nothing was done twice');
      const those = told.filter(({ digest }) => digests.has(digest));
      assert.equal(those.length, digests.size, 'only what was ordered was done');
      assert.deepEqual(final(honest(those).effects), final(appliance.effects));
    }),
  );
});
