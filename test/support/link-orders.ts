import { createHash } from 'node:crypto';
import { makeSigner, type Signer, seal } from '../../actors/link-wire/index.ts';
import { type Id, uuidv7 } from '../../core/base/ids.ts';
import { hours, type Millis, millis, minutes, plus, seconds } from '../../core/base/time.ts';
import { type Hex, hexOf } from '../../core/link/hex.ts';
import type { Key, KeySet } from '../../core/link/keys.ts';
import { type Command, ORDER_KINDS, type Order, type OrderBody, type OrderKind } from '../../core/link/order.ts';
import { STREAMS } from '../../core/link/stream.ts';
import { fc } from './random.ts';

export const NOW: Millis = millis(Date.UTC(2026, 10, 22, 12));
export const TENANT = 'north';
export const SERIAL = '4K7Q-M2XW-9TC';
export const OTHER_SERIAL = '0000-0000-000';

/** A key of controllers that a test holds. */
export type TestKey = Signer & { readonly key: Key };

export function testKey(name: string, kinds: readonly OrderKind[] = ORDER_KINDS, over: Partial<Key> = {}): TestKey {
  const signer = makeSigner(createHash('sha256').update(name).digest());
  return {
    ...signer,
    key: { publicKey: signer.publicKey, name, kinds, notBefore: millis(0), notAfter: 'never', ...over },
  };
}

export const setOf = (...keys: readonly TestKey[]): KeySet => ({ keys: keys.map(({ key }) => key) });

/** An id of that moment whose random part is all `fill`. */
export const idAt = (at: Millis, fill: number): Id =>
  uuidv7(at, { bytes: (count) => new Uint8Array(count).fill(fill & 0xff, 0, count - 1).fill(fill >> 8, count - 1) });

type Head = Partial<Omit<Order, 'kind' | keyof OrderBody>>;

export function order(body: OrderBody, over: Partial<Order> | Head = {}): Order {
  const isCommand = body.kind === 'command';
  const issuedAt = over.issuedAt ?? NOW;
  return {
    id: idAt(issuedAt, 7),
    tenant: TENANT,
    appliance: body.kind === 'lease' ? 'everybody' : SERIAL,
    generation: isCommand ? 0 : 1,
    issuedAt,
    notAfter: plus(issuedAt, hours(1)),
    ...body,
    ...over,
  } as Order;
}

export const commandOrder = (command: Command, over: Head = {}): Order => order({ kind: 'command', command }, over);

export function sealed(
  given: Order,
  ...signers: readonly Signer[]
): { readonly bytes: Uint8Array; readonly digest: Hex } {
  const made = seal(given, signers);
  if (!made.ok) throw new Error(made.public);
  return made.value;
}

const hexOfLength = (bytes: number): fc.Arbitrary<Hex> =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((one) => hexOf(one));
export const anyId: fc.Arbitrary<Id> = fc
  .tuple(fc.nat({ max: 2 ** 31 }), fc.uint8Array({ minLength: 10, maxLength: 10 }))
  .map(([after, tail]) => uuidv7(plus(NOW, millis(after)), { bytes: () => tail }));
const words = fc.string({ unit: 'grapheme', maxLength: 40 }).map((text) => text.toWellFormed());
const name = fc.stringMatching(/^[a-z][a-z0-9_]{0,20}$/);
const sequence = fc.nat({ max: 2 ** 40 });
const target = fc.oneof(
  fc.ipV4().filter((ip) => ip !== '0.0.0.0'),
  fc.constantFrom('10.0.0.0/8', '192.0.2.0/24', '2001:db8::/32', '2001:db8::7'),
);
const lasts = fc.oneof(
  fc.constant('forever' as const),
  fc.integer({ min: 1, max: 10 ** 9 }).map((n) => seconds(n)),
);

export const anyCommand: fc.Arbitrary<Command> = fc.oneof(
  fc.record({ kind: fc.constant('block' as const), target, reason: words, lasts }),
  fc.record({ kind: fc.constant('unblock' as const), target }),
  fc.record({ kind: fc.constant('allow' as const), target, reason: words, lasts }),
  fc.record({ kind: fc.constant('remove_allow' as const), target }),
  fc.record({ kind: fc.constant('scan' as const), what: name }),
  fc.record({ kind: fc.constant('restart' as const), reason: words }),
  fc
    .record({
      kind: fc.constant('replay' as const),
      stream: fc.constantFrom(...STREAMS),
      epoch: name,
      from: fc.integer({ min: 1, max: 2 ** 40 }),
      more: fc.nat({ max: 100_000 }),
    })
    .map(({ more, ...replay }) => ({ ...replay, to: replay.from + more })),
  fc.record({ kind: fc.constant('confirm' as const), change: anyId, nonce: hexOfLength(16) }),
  fc.record({ kind: fc.constant('revert' as const), change: anyId, reason: words }),
  fc.record({ kind: fc.constant('diagnostics' as const), log: fc.nat({ max: 86_400 }).map((n) => seconds(n)) }),
);

const json = fc.dictionary(
  name,
  fc
    .jsonValue({ maxDepth: 3 })
    .map((value) => JSON.stringify(value))
    // Refused wherever it comes, so no order that can be made has it.
    .filter((text) => !text.includes('"__proto__"'))
    .map((text) => JSON.parse(text) as unknown),
  { noNullPrototype: true },
);

const ruleFile = fc.tuple(name, words).map(([file, content]) => ({
  name: `${file}.yaml`,
  sha256: createHash('sha256').update(content).digest('hex') as Hex,
  content,
}));

const part = fc.record({ sha256: hexOfLength(32), bytes: fc.integer({ min: 1, max: 10 ** 6 }) });

const someKeys = ['anna', 'bert', 'cleo', 'dora'].map((one) => testKey(one).key);

const anyBody: fc.Arbitrary<OrderBody> = fc.oneof(
  anyCommand.map((command) => ({ kind: 'command' as const, command })),
  fc
    .record({
      parent: fc.option(hexOfLength(32), { nil: undefined }),
      sections: fc.uniqueArray(fc.record({ name, values: json }, { noNullPrototype: true }), {
        selector: (section) => section.name,
        maxLength: 4,
      }),
      trial: fc.integer({ min: 60, max: 1800 }).map((n) => seconds(n)),
      rules: fc.uniqueArray(ruleFile, { selector: (file) => file.name, maxLength: 3 }),
    })
    .map((desired) => ({ kind: 'desired' as const, desired })),
  fc
    .tuple(fc.shuffledSubarray(someKeys, { minLength: 1 }), fc.shuffledSubarray([...ORDER_KINDS], { minLength: 1 }))
    .map(([keys, kinds]) => ({
      kind: 'keys' as const,
      keys: { keys: keys.map((key, i) => (i === 0 ? key : { ...key, kinds, notAfter: plus(NOW, hours(i)) })) },
    })),
  fc
    .record({
      name: fc.stringMatching(/^[a-z0-9-]{1,48}$/),
      purpose: fc.constantFrom('block' as const, 'allow' as const),
      entries: fc.nat({ max: 10 ** 6 }),
      contentSha256: hexOfLength(32),
      whole: fc.uniqueArray(part, { selector: ({ sha256 }) => sha256, maxLength: 3 }),
      deltas: fc.array(
        fc.record({ fromGeneration: fc.integer({ min: 1, max: 99 }), fromSha256: hexOfLength(32), part }),
        { maxLength: 3 },
      ),
      withdrawn: fc.boolean(),
    })
    .map((list) => ({ kind: 'list' as const, list })),
  fc
    .record({
      shard: fc.nat({ max: 63 }),
      holder: name,
      until: fc.oneof(fc.constant('given_back' as const), fc.constant(plus(NOW, minutes(1)))),
      positions: fc.uniqueArray(
        fc.record({
          appliance: fc.constantFrom(SERIAL, OTHER_SERIAL),
          stream: fc.constantFrom(...STREAMS),
          epoch: name,
          sequence,
        }),
        { selector: ({ appliance, stream, epoch }) => `${appliance} ${stream} ${epoch}`, maxLength: 4 },
      ),
    })
    .map((lease) => ({ kind: 'lease' as const, lease })),
);

/** Any order that can be said. */
export const anyOrder: fc.Arbitrary<Order> = fc
  .tuple(anyBody, anyId, fc.integer({ min: 1, max: 2 ** 40 }))
  .map(([body, id, generation]) => order(body, { id, generation: body.kind === 'command' ? 0 : generation }));
