import assert from 'node:assert/strict';
import { test } from 'node:test';
import { envelopeReader, LIMITS } from '../../../../actors/link-wire/index.ts';
import { hours, millis, minutes, plus, seconds } from '../../../../core/base/time.ts';
import { CommandWindow, MOST_COMMANDS } from '../../../../core/link/commands.ts';
import type { Hex } from '../../../../core/link/hex.ts';
import { answerTo, type Bench, judge, type Verdict } from '../../../../core/link/judge.ts';
import { ORDER_KINDS, type Order, type OrderOf, SKEW } from '../../../../core/link/order.ts';
import {
  anyOrder,
  commandOrder,
  idAt,
  NOW,
  OTHER_SERIAL,
  order,
  SERIAL,
  sealed,
  setOf,
  TENANT,
  type TestKey,
  testKey,
} from '../../../support/link-orders.ts';
import { fc } from '../../../support/random.ts';

const [ops, guard, next, stranger] = [
  testKey('ops'),
  testKey('guard', ['block', 'unblock']),
  testKey('next'),
  testKey('stranger'),
];
const at = (after: number) => plus(NOW, millis(after));

const bench = (over: Partial<Bench> = {}): Bench => ({
  reader: envelopeReader,
  recipient: { tenant: TENANT, role: 'appliance', serial: SERIAL },
  ring: { generation: 4, keys: [ops.key, guard.key] },
  taken: new Map(),
  commands: new CommandWindow(),
  clock: { now: NOW, isSet: true },
  ...over,
});
const judged = (given: Order, signers: readonly TestKey[], over: Partial<Bench> = {}): Verdict =>
  judge(sealed(given, ...signers).bytes, bench(over));
const codeOf = (verdict: Verdict): string => (verdict.kind === 'refused' ? verdict.code : verdict.kind);
const clockAt = (after: number): Partial<Bench> => ({ clock: { now: at(after), isSet: true } });

const block = commandOrder({ kind: 'block', target: '192.0.2.1', reason: '', lasts: 'forever' });
const scan = commandOrder({ kind: 'scan', what: '' });
const desired = order({
  kind: 'desired',
  desired: { parent: undefined, sections: [], trial: seconds(300), rules: [] },
});
const lease = order({ kind: 'lease', lease: { shard: 3, holder: 'one', until: at(60_000), positions: [] } });
const keys = (generation: number, ...set: readonly TestKey[]) =>
  order({ kind: 'keys', keys: setOf(...set) }, { generation, appliance: 'everybody' });

const verdicts: readonly [string, string, Order, readonly TestKey[], Partial<Bench>?][] = [
  ['what a believed key may order', 'accepted', block, [guard]],
  ['what two keys ordered', 'accepted', block, [ops, guard]],
  ['what a key that is not known here signed as well', 'accepted', block, [stranger, ops]],
  ['what nobody known signed', 'unknown_key', block, [stranger]],
  ['a kind that the key may not order', 'kind_not_allowed', scan, [guard]],
  ['a kind that one of the keys may order', 'accepted', scan, [guard, ops]],
  ['an order for another fleet', 'wrong_tenant', { ...block, tenant: 'south' }, [ops]],
  ['an order for another appliance', 'wrong_target', { ...block, appliance: OTHER_SERIAL }, [ops]],
  ['a lease, at an appliance', 'wrong_target', lease, [ops]],
  ['a lease, at a controller', 'accepted', lease, [ops], { recipient: { tenant: TENANT, role: 'controller' } }],
  ['a command, at a controller', 'wrong_target', block, [ops], { recipient: { tenant: TENANT, role: 'controller' } }],
  ['an order within the skew of its end', 'accepted', block, [ops], clockAt(hours(1) + SKEW)],
  ['an order past its end', 'expired', block, [ops], clockAt(hours(1) + SKEW + 1)],
  ['an order from the future', 'not_yet', block, [ops], clockAt(-SKEW - 1)],
  ['an order from the near future', 'accepted', block, [ops], clockAt(-SKEW)],
  ['an older generation', 'older_generation', desired, [ops], taken('desired', 2, 'aa')],
  ['another order of the same generation', 'older_generation', desired, [ops], taken('desired', 1, 'aa')],
  ['a newer generation', 'accepted', { ...desired, generation: 3 } as Order, [ops], taken('desired', 2, 'aa')],
  ['a generation of another line', 'accepted', desired, [ops], taken('list/bad', 9, 'aa')],
  ['what is in effect', 'known', desired, [ops], taken('desired', 1, sealed(desired, ops).digest)],
  ['what is in effect, signed by a key that is gone', 'known', desired, [stranger], inEffect(desired)],
  ['what is in effect, past its end', 'known', desired, [ops], { ...inEffect(desired), ...clockAt(hours(9)) }],
  ['new keys, signed by an old and a new one', 'accepted', keys(5, next), [ops, next]],
  ['new keys, signed by one that is old and new', 'accepted', keys(5, ops, next), [ops]],
  ['new keys, signed by an old one only', 'kind_not_allowed', keys(5, next), [ops]],
  ['new keys, signed by a new one only', 'unknown_key', keys(5, next), [next]],
  ['new keys, signed by an old one that may not', 'kind_not_allowed', keys(5, next), [guard, next]],
  [
    'new keys, signed by a new one that may not',
    'kind_not_allowed',
    order({ kind: 'keys', keys: setOf(next, guard) }, { generation: 5 }),
    [ops, guard],
  ],
  ['older keys', 'older_generation', keys(3, ops), [ops]],
  ['other keys of the same generation', 'older_generation', keys(4, ops), [ops]],
  ['the keys in effect', 'known', keys(4, guard, ops), [ops]],
  ['the keys in effect, past their end', 'known', keys(4, guard, ops), [ops], clockAt(hours(9))],
  ['the keys in effect, as they were signed for the ring before', 'known', keys(4, guard, ops), [stranger, ops]],
];
for (const [name, wanted, given, signers, over] of verdicts) {
  test(`${name}: ${wanted}`, () => {
    const verdict = judged(given, signers, over);
    assert.equal(codeOf(verdict), wanted, verdict.kind === 'refused' ? verdict.text : '');
    if (verdict.kind === 'accepted') assert.deepEqual(verdict.order, given);
    if (verdict.kind === 'refused') assert.notEqual(verdict.text, '');
  });
}

function taken(line: string, generation: number, digest: string): Partial<Bench> {
  return { taken: new Map([[line, { generation, order: digest as Hex }]]) };
}
function inEffect(given: Order): Partial<Bench> {
  return taken(given.kind, given.generation, sealed(given, ops).digest);
}

test('a signature that is not good is refused, also beside a good one', () => {
  const good = envelopeReader.envelope(sealed(block, ops, guard).bytes);
  assert.ok(good.ok);
  const [first, second] = good.value.signatures;
  assert.ok(first !== undefined && second !== undefined);
  const bad = { ...second, signature: second.signature.map((byte, i) => (i === 9 ? byte ^ 1 : byte)) };
  const reader = {
    ...envelopeReader,
    envelope: () => ({ ...good, value: { ...good.value, signatures: [first, bad] } }),
  };
  const verdict = judge(new Uint8Array(1), bench({ reader }));
  assert.equal(codeOf(verdict), 'bad_signature');
  assert.equal(verdict.kind === 'refused' ? verdict.order : scan, undefined);
});

test('a signature for another purpose is none', () => {
  const forged = { ...ops, sign: (_: 'order' | 'enrolment', bytes: Uint8Array) => ops.sign('enrolment', bytes) };
  assert.equal(codeOf(judged(block, [forged])), 'bad_signature');
});

test('a key is believed in its time, give or take the skew', () => {
  const timed = testKey('timed', ORDER_KINDS, { notBefore: at(0), notAfter: at(minutes(10)) });
  const ring = { generation: 4, keys: [timed.key] };
  const long = { ...block, issuedAt: at(-hours(1)), notAfter: at(hours(2)) };
  for (const [after, wanted] of [
    [-SKEW - 1, 'not_yet'],
    [-SKEW, 'accepted'],
    [minutes(10) + SKEW, 'accepted'],
    [minutes(10) + SKEW + 1, 'unknown_key'],
  ] as const) {
    assert.equal(codeOf(judged(long, [timed], { ring, ...clockAt(after) })), wanted);
  }
});

test('before the clock is set nothing is refused for its time, and nothing is done', () => {
  const clock = { now: millis(0), isSet: false };
  const timed = testKey('timed', ORDER_KINDS, { notBefore: at(0) });
  const ring = { generation: 4, keys: [ops.key, guard.key, timed.key] };
  assert.equal(codeOf(judged(block, [timed], { ring, clock })), 'waiting');
  assert.equal(codeOf(judged(keys(5, next), [ops, next], { clock })), 'waiting');
  assert.equal(codeOf(judged(scan, [guard], { clock })), 'kind_not_allowed');
  assert.equal(codeOf(judged(block, [stranger], { clock })), 'unknown_key');
});

test('a command is taken once, and an older one about the same not after a newer one', () => {
  const commands = new CommandWindow();
  const later = commandOrder({ kind: 'unblock', target: '192.0.2.1' }, { issuedAt: at(10), id: idAt(at(10), 1) });
  const allow = commandOrder(
    { kind: 'allow', target: '192.0.2.1', reason: '', lasts: 'forever' },
    { id: idAt(NOW, 2) },
  );
  commands.take(later as OrderOf<'command'>);
  assert.equal(codeOf(judged(later, [ops], { commands })), 'replayed');
  assert.equal(codeOf(judged(later, [ops], { commands, ...clockAt(hours(5)) })), 'replayed');
  assert.equal(codeOf(judged(block, [ops], { commands })), 'overtaken');
  assert.equal(codeOf(judged(allow, [ops], { commands })), 'accepted');
});

test('beyond the bound commands are refused until some are forgotten', () => {
  const commands = new CommandWindow();
  for (let i = 0; i < MOST_COMMANDS; i++) commands.take({ ...scan, id: idAt(NOW, i) } as OrderOf<'command'>);
  const more = { ...scan, id: idAt(at(1), 1) };
  assert.equal(codeOf(judged(more, [ops], { commands })), 'busy');
  const end = hours(1) + SKEW + 1;
  assert.equal(commands.forget(at(end)).length, MOST_COMMANDS);
  const fresh = { ...scan, id: idAt(at(2), 1), issuedAt: at(end), notAfter: at(end + 1000) };
  assert.equal(codeOf(judged(fresh, [ops], { commands, ...clockAt(end) })), 'accepted');
  const set = judged({ ...scan, id: idAt(NOW, 5) }, [ops], { commands });
  assert.equal(codeOf(set), 'expired', 'also when the clock is set back');
});

test('too long, malformed and unsigned bytes are refused without an answer', () => {
  const cases: readonly [Uint8Array, string][] = [
    [new Uint8Array(LIMITS.Envelope + 1), 'too_long'],
    [Uint8Array.of(1, 2, 3), 'malformed'],
    [new Uint8Array(0), 'malformed'],
    [sealed(block, stranger).bytes, 'unknown_key'],
  ];
  for (const [bytes, code] of cases) {
    const verdict = judge(bytes, bench());
    assert.equal(codeOf(verdict), code);
    assert.ok(verdict.kind === 'refused' && verdict.signer === undefined && answerTo(verdict) === 'none');
  }
});

test('a refusal of what a believed key signed is answered; of what was done, with what came of it', () => {
  const commands = new CommandWindow();
  commands.take(block as OrderOf<'command'>);
  const answers = [judged(block, [ops], { commands }), judged(scan, [guard])].map((verdict) =>
    verdict.kind === 'refused' ? answerTo(verdict) : '',
  );
  assert.deepEqual(answers, ['kept', 'refusal']);
});

test('whatever is ordered, no key orders what it may not', () => {
  fc.assert(
    fc.property(anyOrder, (given) => {
      const verdict = judged(given, [guard]);
      if (verdict.kind !== 'accepted') return;
      assert.ok(verdict.order.kind === 'command' && /^(un)?block$/.test(verdict.order.command.kind));
      assert.deepEqual(verdict.signers, [guard.key]);
    }),
    { numRuns: 60 },
  );
});
