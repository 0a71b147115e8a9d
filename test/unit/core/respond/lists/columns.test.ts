import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aggregate } from '../../../../../core/base/aggregate.ts';
import { contains, fromBytes, parseIp } from '../../../../../core/base/ip.ts';
import { lists, without } from '../../../../../core/respond/lists/columns.ts';
import { reasonToHold } from '../../../../../core/respond/lists/judge.ts';
import { cidrs } from '../../../../support/cidrs.ts';
import { columnsFrom, textsOf } from '../../../../support/lists.ts';
import { fc } from '../../../../support/random.ts';

/** Close together, so that they meet. */
const address4 = fc.nat(63).map((n) => `198.51.100.${n}`);
const address6 = fc.integer({ min: 1, max: 63 }).map((n) => `2001:db8::${n.toString(16)}`);
const network = fc.oneof(
  fc.tuple(address4, fc.integer({ min: 26, max: 31 })).map(([ip, prefix]) => `${ip}/${prefix}`),
  fc.tuple(address6, fc.integer({ min: 122, max: 127 })).map(([ip, prefix]) => `${ip}/${prefix}`),
);
const entries = fc.array(fc.oneof(address4, address6, network), { maxLength: 30 });
const everyAddress = Array.from({ length: 66 }, (_, n) => [`198.51.100.${n}`, `2001:db8::${n.toString(16)}`]).flat();

const netsOf = (texts: readonly string[]) => cidrs(...texts);
const ipOf = (text: string) => {
  const ip = parseIp(text);
  assert.ok(ip.ok);
  return ip.value;
};

test('columns list exactly what was listed, each address once, networks aggregated', () => {
  fc.assert(
    fc.property(entries, (texts) => {
      const columns = columnsFrom(texts.join('\n'));
      const nets = aggregate(netsOf(texts.filter((text) => text.includes('/'))));
      const singles = [...new Set(texts.filter((text) => !text.includes('/')))].filter(
        (text) => !nets.some((net) => contains(net, ipOf(text))),
      );
      assert.deepEqual([...textsOf(columns)].sort(), [...singles, ...nets.map(({ text }) => text)].sort());
      for (const text of everyAddress) {
        const listed = netsOf(texts).some((net) => contains(net, ipOf(text)));
        assert.equal(lists(columns, ipOf(text)), listed, text);
      }
    }),
  );
});

test('what is kept out is in no column, and all else is', () => {
  fc.assert(
    fc.property(entries, entries, (texts, kept) => {
      const columns = columnsFrom(texts.join('\n'));
      const cut = without(columns, netsOf(kept));
      for (const text of everyAddress) {
        const isKept = netsOf(kept).some((net) => contains(net, ipOf(text)));
        assert.equal(lists(cut.columns, ipOf(text)), lists(columns, ipOf(text)) && !isKept, text);
      }
      assert.equal(cut.dropped === 0, textsOf(cut.columns).join() === textsOf(columns).join());
    }),
  );
});

test('ranges become the fewest networks, to the last address there is', () => {
  const texts = textsOf(columnsFrom('198.51.100.1-198.51.100.6\n255.255.255.254-255.255.255.255\nffff::/20\n'));
  assert.deepEqual(texts, [
    '198.51.100.1/32',
    '198.51.100.2/31',
    '198.51.100.4/31',
    '198.51.100.6/32',
    '255.255.255.254/31',
    'ffff::/20',
  ]);
  const last = columnsFrom('ffff:ffff:ffff:ffff:ffff:ffff:ffff:0-ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff');
  assert.deepEqual(textsOf(last), ['ffff:ffff:ffff:ffff:ffff:ffff:ffff:0/112']);
});

test('an own address is cut out of a network that is listed', () => {
  const { columns, dropped } = without(
    columnsFrom('198.51.100.0/30\n192.0.2.7'),
    cidrs('198.51.100.2', '192.0.2.0/24'),
  );
  assert.deepEqual(textsOf(columns), ['198.51.100.0/31', '198.51.100.3/32']);
  assert.equal(dropped, 2);
});

const numbered = (count: number) =>
  columnsFrom(
    Array.from({ length: count }, (_, i) => fromBytes(Uint8Array.of(198, 18, (i * 2) >> 8, (i * 2) & 255)).text).join(
      '\n',
    ),
  );

for (const { was, is, held } of [
  { was: 0, is: 900, held: false },
  { was: 400, is: 200, held: false },
  { was: 400, is: 199, held: true },
  { was: 200, is: 600, held: false },
  { was: 200, is: 601, held: true },
  { was: 50, is: 2, held: false },
  { was: 2, is: 0, held: true },
])
  test(`from ${was} entries to ${is} is ${held ? 'held back' : 'taken'}`, () => {
    assert.equal(reasonToHold(numbered(was), numbered(is), { least: 50, most: 300 }) !== undefined, held);
  });

test('one network that covers more than all before is held back, however few the entries', () => {
  const growth = { least: 50, most: 300 };
  assert.match(reasonToHold(numbered(10), columnsFrom('198.0.0.0/8'), growth) ?? '', /16777216 addresses/);
  assert.equal(reasonToHold(numbered(10), columnsFrom('198.18.0.0/16'), growth), undefined);
});
