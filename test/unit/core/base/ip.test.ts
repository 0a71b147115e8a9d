import assert from 'node:assert/strict';
import { isIPv4, isIPv6 } from 'node:net';
import { test } from 'node:test';
import { canonicalIp, contains, fromBytes, makeCidr, overlaps, parseCidr, parseIp } from '../../../../core/base/ip.ts';
import { fc } from '../../../support/random.ts';

const text = (written: string): string | undefined => {
  const parsed = parseIp(written);
  return parsed.ok ? parsed.value.text : undefined;
};

for (const [written, canonical] of [
  ['192.0.2.1', '192.0.2.1'],
  ['::', '::'],
  ['::1', '::1'],
  ['0:0:0:0:0:0:0:1', '::1'],
  ['2001:DB8::0:1', '2001:db8::1'],
  ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
  ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
  ['::ffff:192.0.2.1', '192.0.2.1'],
  ['::FFFF:c000:0201', '192.0.2.1'],
  ['0000:0000:0000:0000:0000:ffff:127.0.0.1', '127.0.0.1'],
  ['::192.0.2.1', '192.0.2.1'],
  ['fe80::1', 'fe80::1'],
] as const)
  test(`${written} is ${canonical}`, () => assert.equal(text(written), canonical));

for (const written of [
  '',
  '127.1',
  '0x7f.0.0.1',
  '0177.0.0.1',
  '127.0.0.01',
  '2130706433',
  '1.2.3.4.5',
  '256.1.1.1',
  ':::',
  '1::2::3',
  '1:2:3:4:5:6:7',
  '1:2:3:4:5:6:7:8:9',
  '1:2:3:4:5:6:7::8:9',
  '12345::',
  'fe80::1%eth0',
  '[::1]',
  ' 1.2.3.4',
  '1.2.3.4\n',
  '1.2.3.4:80',
  '::1.2.3',
  '1.2.3.4::',
])
  test(`${JSON.stringify(written)} is no address`, () => assert.equal(text(written), undefined));

test('the canonical text alone is the same as of the whole address', () => {
  const near = fc.oneof(
    fc.ipV4(),
    fc.ipV6(),
    fc.ipV4().map((ip) => `::ffff:${ip}`),
    fc.string({ unit: fc.constantFrom(...'0123456789.:afF'), maxLength: 20 }),
  );
  fc.assert(
    fc.property(near, (text) => {
      const whole = parseIp(text);
      assert.equal(canonicalIp(text), whole.ok ? whole.value.text : undefined);
    }),
  );
});

test('accepts what inet_pton accepts, refuses what it refuses', () => {
  const piece = fc.constantFrom('0', '1', 'ffff', '::', ':', '.', '127', '0.0.1', '1.2.3.4', 'g', '00', 'a');
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 9 }), (pieces) => {
      const written = pieces.join('');
      assert.equal(text(written) !== undefined, isIPv4(written) || isIPv6(written), written);
    }),
    { numRuns: 2000 },
  );
});

test('canonical text reads back as the same bytes', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 16, maxLength: 16 }), (bytes) => {
      const first = fromBytes(bytes);
      const again = parseIp(first.text);
      assert.ok(again.ok);
      assert.deepEqual(again.value, first);
    }),
  );
});

test('a network contains exactly the addresses that share its prefix', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.uint8Array({ minLength: 4, maxLength: 4 }),
      fc.integer({ min: 0, max: 32 }),
      (a, b, prefix) => {
        const bits = (bytes: Uint8Array) => [...bytes].map((byte) => byte.toString(2).padStart(8, '0')).join('');
        const net = makeCidr(4, a, prefix);
        assert.equal(contains(net, fromBytes(b)), bits(a).slice(0, prefix) === bits(b).slice(0, prefix));
        assert.equal(contains(net, fromBytes(a)), true);
        assert.equal(overlaps(net, makeCidr(4, b, 32)), contains(net, fromBytes(b)));
      },
    ),
  );
});

for (const [written, canonical] of [
  ['10.1.2.3/8', '10.0.0.0/8'],
  ['10.1.2.3', '10.1.2.3/32'],
  ['::ffff:10.1.2.3/104', '10.0.0.0/8'],
  ['2001:db8::1/33', '2001:db8::/33'],
  ['0.0.0.0/0', '0.0.0.0/0'],
  ['10.0.0.0/33', undefined],
  ['10.0.0.0/', undefined],
  ['10.0.0.0/08', undefined],
  ['10.0.0.0/8/8', undefined],
  ['::ffff:10.0.0.0/64', undefined],
] as const)
  test(`network ${written} is ${canonical}`, () => {
    const parsed = parseCidr(written);
    assert.equal(parsed.ok ? parsed.value.text : undefined, canonical);
  });
