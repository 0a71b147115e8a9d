import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fromBytes, makeCidr, parseCidr, parseIp } from '../../../../../core/base/ip.ts';
import { Entries } from '../../../../../core/respond/lists/entries.ts';
import { bytesOfText } from '../../../../support/lists.ts';
import { fc } from '../../../../support/random.ts';

const octet = fc.integer({ min: 0, max: 300 }).map(String);
const quad = fc.tuple(octet, octet, octet, octet).map((parts) => parts.join('.'));
const group = fc.integer({ min: 0, max: 0xfffff }).map((n) => n.toString(16));
const six = fc
  .tuple(
    fc.array(fc.oneof({ weight: 6, arbitrary: group }, fc.constant('')), { minLength: 1, maxLength: 9 }),
    quad,
    fc.nat(4),
  )
  .map(([groups, tail, which]) => (which === 0 ? [...groups, tail] : groups).join(':'));
const written = fc.oneof(
  quad,
  six,
  fc.ipV6(),
  fc.ipV4(),
  fc.constant('::'),
  fc.constant('::1'),
  fc.string({ maxLength: 20 }),
);

/** What the packed reading came to, as text. */
function packed(text: string): string | undefined {
  const entries = new Entries({ v4: 0, v6: 0 });
  const bytes = bytesOfText(`<${text}>`);
  if (entries.read(bytes, 1, bytes.length - 1) !== 'good') return undefined;
  assert.equal(entries.count, 1);
  for (const family of [4, 6] as const) {
    if (entries.addresses[family].count === 1) return fromBytes(entries.addresses[family].copy()).text;
    const range = entries.ranges[family].copy();
    const width = range.length / 2;
    if (width === 0) continue;
    const bits = [...range.subarray(0, width)].map((byte, i) => Math.clz32(byte ^ (range[width + i] ?? 0)) - 24);
    const whole = bits.findIndex((same) => same < 8);
    return makeCidr(family, range.subarray(0, width), whole * 8 + (bits[whole] ?? 0)).text;
  }
  return undefined;
}

test('an address is read exactly as parseIp reads it', () => {
  fc.assert(
    fc.property(written, (text) => {
      fc.pre(!/[-/]/.test(text));
      const ip = parseIp(text);
      assert.equal(packed(text), ip.ok ? ip.value.text : undefined);
    }),
    { numRuns: 2000 },
  );
});

test('a network is read exactly as parseCidr reads it', () => {
  fc.assert(
    fc.property(
      written,
      fc.oneof(fc.integer({ min: -1, max: 140 }).map(String), fc.constantFrom('', '08', '+8')),
      (text, prefix) => {
        fc.pre(!/[-/]/.test(text));
        const net = parseCidr(`${text}/${prefix}`);
        const single = net.ok && net.value.prefix === net.value.bytes.length * 8;
        const expected = net.ok ? (single ? fromBytes(net.value.bytes).text : net.value.text) : undefined;
        assert.equal(packed(`${text}/${prefix}`), expected);
      },
    ),
    { numRuns: 2000 },
  );
});

for (const { text, read } of [
  { text: '192.0.2.1-192.0.2.9', read: 'good' },
  { text: '192.0.2.9-192.0.2.1', read: 'bad' },
  { text: '2001:db8::1-2001:db8::ff', read: 'good' },
  { text: '192.0.2.1-2001:db8::1', read: 'bad' },
  { text: '10.0.0.0/8', read: 'good' },
  { text: '10.0.0.0/7', read: 'wide' },
  { text: '10.0.0.0-10.255.255.255', read: 'good' },
  { text: '10.0.0.0-11.0.0.0', read: 'wide' },
  { text: '2001::/19', read: 'good' },
  { text: '2001::/18', read: 'wide' },
  { text: '2001::-3001::', read: 'wide' },
  { text: '0.0.0.0/0', read: 'wide' },
] as const)
  test(`${text} is ${read}`, () => {
    const bytes = bytesOfText(text);
    assert.equal(new Entries({ v4: 8, v6: 19 }).read(bytes, 0, bytes.length), read);
  });
