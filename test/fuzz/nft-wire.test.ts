import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { millis } from '../../core/base/time.ts';
import type { TableDeclaration } from '../../native/nft/declaration.ts';
import { failure } from '../../native/nft/failure.ts';
import type { NftOp } from '../../native/nft/port.ts';
import * as wire from '../../native/nft/wire.ts';
import type { EngineLink } from '../../native/nft/wire-port.ts';
import { add, done, flush, remove, tenth, usual } from '../contract/nft-suite-ground.ts';
import { FUZZ_BUDGET_MS } from '../support/fuzz-budget.ts';
import { NetworkNamespace, namespacesUnavailable } from '../support/network-namespace.ts';
import { everything } from '../support/nft-vocabulary.ts';
import { seeded } from '../support/random.ts';

const ENTER = 0;
const random = seeded();
const below = (n: number): number => Math.floor(random() * n);

const commit = (ops: readonly NftOp[]): Uint8Array => done(wire.encodeCommit('t', ops));

/** A second ruleset behind a set of families, and sets that begin with elements. */
const guarded: TableDeclaration = {
  name: 't',
  sets: [
    ...usual('t').sets,
    { name: 'trial', family: 'either', interval: false, timeout: true },
    {
      name: 'begun',
      family: 6,
      interval: true,
      timeout: false,
      elements: ['2001:db8::/32', 'ff00::/8'].map((key) => ({ key, timeout: 'never', comment: 'c' })),
    },
  ],
  chains: [
    {
      name: 'guard',
      hook: 'prerouting',
      priority: -190,
      rules: [{ when: [{ match: 'family', set: 'trial' }], verdict: { goto: 'other' } }],
    },
    { name: 'other', rules: [{ when: [{ match: 'saddr', set: 'begun' }], verdict: 'drop', counter: 'c' }] },
  ],
};

/** Sound requests, from which the unsound ones are made. */
const sound: readonly (() => Uint8Array)[] = [
  () => done(wire.encodeEnsure([usual('t'), guarded, everything('t')][below(3)] ?? guarded)),
  () =>
    commit([add('ports', `${1 + below(99)}-${100 + below(99)}`), add('from4', '192.0.2.1 . tcp . 443'), flush('port')]),
  () => commit([flush('trial'), add('trial', 'ipv4', { timeout: millis(1 + below(9)) }), add('trial', 'ipv6')]),
  () =>
    commit(Array.from({ length: below(40) }, () => add('v4', tenth(below(99)), { comment: 'c'.repeat(below(129)) }))),
  () => commit([add('net4', `${below(256)}.0.0.0/8`), remove('v6', '2001:db8::1'), flush('net6')]),
  () => wire.encodeList('t', 'v4'),
  () => wire.encodeCounters('t'),
  () => wire.encodeAddresses(),
];

function damage(request: Uint8Array): Uint8Array {
  const bytes = [...request];
  for (let i = below(4); i >= 0; i--) {
    const at = below(bytes.length + 1);
    const how = below(4);
    if (how === 0) bytes[at] = below(256);
    else if (how === 1) bytes.splice(at, 0, below(256));
    else if (how === 2) bytes.splice(at, below(8));
    else bytes[at] = 255;
  }
  return Uint8Array.from(bytes.map((byte) => byte ?? 0));
}

test('whatever bytes come in, the engine answers with a well-formed answer', {
  skip: namespacesUnavailable(),
}, async () => {
  const namespace = new NetworkNamespace('fuzz');
  const addon = createRequire(import.meta.url)('../../native/nft/nft.node') as { readonly Port: new () => EngineLink };
  const engine = new addon.Port();
  try {
    assert.ok(wire.decodeAnswer(await engine.call(wire.encodeEnter(namespace.name))).ok);
    assert.ok(wire.decodeAnswer(await engine.call(done(wire.encodeEnsure(usual('t'))))).ok);
    const counts = { done: 0, refused: 0 };
    for (const end = performance.now() + FUZZ_BUDGET_MS; performance.now() < end; ) {
      const request = (sound[below(sound.length)] ?? wire.encodeAddresses)();
      const sent = below(4) === 0 ? request : damage(request);
      if (sent[0] === ENTER) continue;
      const answer = wire.decodeAnswer(await engine.call(sent));
      counts[answer.ok ? 'done' : 'refused']++;
      if (!answer.ok) assert.equal(failure(answer.code, answer.errno, answer.reason).ok, false);
    }
    assert.ok(counts.done > 20 && counts.refused > 20, JSON.stringify(counts));
    for (const empty of [new Uint8Array(), Uint8Array.of(3), Uint8Array.of(200), new Uint8Array(1 << 20).fill(255)]) {
      const answer = wire.decodeAnswer(await engine.call(empty));
      assert.ok(!answer.ok && answer.code === 'invalid');
    }
  } finally {
    await engine.close();
    namespace.dispose();
  }
});

test('what the engine is handed must be bytes, and a closed one takes nothing', () => {
  const addon = createRequire(import.meta.url)('../../native/nft/nft.node') as { readonly Port: new () => EngineLink };
  const engine = new addon.Port();
  for (const wrong of [undefined, null, 'text', 7, {}, new Uint16Array(4), new ArrayBuffer(8)]) {
    assert.throws(() => engine.call(wrong as never), TypeError);
  }
  void engine.close();
  assert.throws(() => engine.call(new Uint8Array(1)), /closed/);
});
