import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aggregate } from '../../../../core/base/aggregate.ts';
import { type Cidr, contains, fromBytes, makeCidr, overlaps, parseCidr } from '../../../../core/base/ip.ts';
import { fc } from '../../../support/random.ts';

const nets = (...texts: string[]): Cidr[] =>
  texts.map((text) => {
    const net = parseCidr(text);
    assert.ok(net.ok);
    return net.value;
  });

for (const [given, kept] of [
  [['10.0.0.0/8', '10.1.0.0/16'], ['10.0.0.0/8']],
  [['10.0.0.0/9', '10.128.0.0/9'], ['10.0.0.0/8']],
  [['10.0.0.1', '10.0.0.1'], ['10.0.0.1/32']],
  [['0.0.0.0/1', '128.0.0.0/1'], ['0.0.0.0/0']],
  [
    ['10.0.1.0/24', '10.0.2.0/24'],
    ['10.0.1.0/24', '10.0.2.0/24'],
  ],
  [
    ['::/1', '8000::/1', '10.0.0.0/8'],
    ['10.0.0.0/8', '::/0'],
  ],
] as const)
  test(`${given.join(' ')} is ${kept.join(' ')}`, () =>
    assert.deepEqual(
      aggregate(nets(...given)).map((net) => net.text),
      kept,
    ));

test('covers exactly the same addresses, without overlap', () => {
  const small = fc
    .tuple(fc.integer({ min: 0, max: 15 }), fc.integer({ min: 28, max: 32 }))
    .map(([low, prefix]) => makeCidr(4, Uint8Array.of(10, 0, 0, low), prefix));
  fc.assert(
    fc.property(fc.array(small, { maxLength: 8 }), (networks) => {
      const merged = aggregate(networks);
      for (let low = 0; low < 20; low++) {
        const ip = fromBytes(Uint8Array.of(10, 0, 0, low));
        assert.equal(
          merged.filter((net) => contains(net, ip)).length,
          networks.some((net) => contains(net, ip)) ? 1 : 0,
        );
      }
      for (const [i, a] of merged.entries()) for (const b of merged.slice(i + 1)) assert.ok(!overlaps(a, b));
    }),
  );
});
