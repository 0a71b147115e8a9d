import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Canary,
  type CanaryBooks,
  isWhy,
  type Listed,
  listedBy,
  outcomeOf,
  sample,
} from '../../../../actors/canary/index.ts';
import type { ListUse } from '../../../../actors/firewall/index.ts';
import { GenerationBook } from '../../../../actors/lists/index.ts';
import type { Ip } from '../../../../core/base/ip.ts';
import { millis } from '../../../../core/base/time.ts';
import { cidrs } from '../../../support/cidrs.ts';
import { columnsFrom } from '../../../support/lists.ts';
import { fc } from '../../../support/random.ts';
import { seededRandom } from '../../../support/seeded-random.ts';

const ip = (text: string): Ip => text as Ip;
const rest = async (): Promise<void> => undefined;

const books = (change: Partial<CanaryBooks> = {}): CanaryBooks => ({
  blocked: () => [],
  isBlocked: () => false,
  listed: () => undefined,
  blockedNetworks: [],
  denied: [],
  letIn: [],
  ...change,
});

const blocking = (...all: readonly string[]): Pick<CanaryBooks, 'blocked' | 'isBlocked'> => ({
  blocked: () => all.map(ip),
  isBlocked: (one) => all.includes(one),
});

const ON_LISTS = new Map<Ip, Listed>([
  [ip('192.0.2.8'), 'allow'],
  [ip('192.0.2.9'), 'open'],
  [ip('192.0.2.10'), 'block'],
  [ip('192.0.3.4'), 'block'],
]);

const CONTROLS: readonly Canary[] = [
  { ip: ip('198.18.0.1'), why: 'control' },
  { ip: ip('2001:2::1'), why: 'control' },
];

const told = (canaries: readonly Canary[], fates: Parameters<typeof outcomeOf>[2], stands = (_: Canary) => true) =>
  outcomeOf(millis(1), canaries, fates, stands);

test('a drop proves something where the control of its family got through', () => {
  const canaries = [
    ...CONTROLS,
    { ip: ip('192.0.2.1'), why: 'blocked' },
    { ip: ip('2001:db8::1'), why: 'blocked' },
  ] as const;
  const both = told(canaries, ['passes', 'passes', 'dropped', 'dropped']);
  assert.deepEqual([both.checked, both.dropped, both.unproven], [2, 2, 0]);
  for (const control of ['dropped', 'unsent'] as const) {
    const four = told(canaries, [control, 'passes', 'dropped', 'dropped']);
    assert.deepEqual([four.checked, four.dropped, four.unproven], [1, 1, 1], control);
  }
});

test('what gets through needs no control; what never came to the rules says nothing', () => {
  const canaries = [
    { ip: ip('192.0.2.1'), why: 'blocked network' },
    { ip: ip('192.0.2.2'), why: 'denied' },
    { ip: ip('192.0.2.3'), why: 'blocked' },
  ] as const;
  const outcome = told(canaries, ['passes', 'unsent', 'dropped']);
  assert.deepEqual(outcome.missed, [canaries[0]]);
  assert.deepEqual([outcome.checked, outcome.unproven], [1, 2]);
});

test('one that is let in and dropped was cut, and is its family’s control where it passes', () => {
  const infra: Canary = { ip: ip('10.0.0.1'), why: 'let in' };
  const blocked: Canary = { ip: ip('192.0.2.1'), why: 'blocked' };
  assert.deepEqual(told([...CONTROLS, infra], ['passes', 'passes', 'dropped']).cut, [infra]);
  assert.equal(told([infra, blocked], ['passes', 'dropped']).dropped, 1);
});

test('what is no longer decided as it was says nothing', () => {
  const blocked: Canary = { ip: ip('192.0.2.1'), why: 'blocked' };
  const outcome = told([...CONTROLS, blocked], ['passes', 'passes', 'passes'], () => false);
  assert.deepEqual([outcome.missed, outcome.unproven], [[], 1]);
});

test('each is expected to fare by the first that has a say, in the order of the rules', () => {
  const all = books({
    ...blocking('192.0.2.1', '192.0.2.2'),
    letIn: cidrs('192.0.2.2/32'),
    blockedNetworks: cidrs('192.0.2.0/24'),
    denied: cidrs('192.0.0.0/16'),
    listed: (one) => ON_LISTS.get(one),
  });
  for (const [address, why] of [
    ['192.0.2.1', 'blocked'],
    ['192.0.2.2', 'let in'],
    ['192.0.2.3', 'blocked network'],
    ['192.0.2.8', 'let in'],
    ['192.0.2.10', 'blocked network'],
    ['192.0.3.4', 'listed'],
    ['192.0.3.3', 'denied'],
    ['198.51.100.1', 'control'],
  ] as const)
    assert.equal(isWhy(all, ip(address), why), true, address);
  for (const why of ['let in', 'blocked network', 'listed', 'denied', 'control'] as const)
    assert.equal(isWhy(all, ip('192.0.2.9'), why), false, 'on a list of which the kernel has not all');
});

test('lists say what the kernel does for them: of those it has, without what they leave out', () => {
  const book = new GenerationBook();
  const listOf = (kind: ListUse['kind'], name: string): ListUse => ({ name, id: name, kind, mode: 'enforce' });
  const [allow, block, late] = [listOf('allow', 'partners'), listOf('block', 'bad'), listOf('block', 'late')];
  for (const [{ id }, text] of [
    [allow, '192.0.2.1'],
    [block, '192.0.2.0/24\n10.0.0.1\n'],
    [late, '198.51.100.1'],
  ] as const)
    book.put({ id, number: 1, columns: columnsFrom(text), fetchedAt: millis(0), mark: {}, bad: 0, wide: 0 });
  const kernel = { facts: (id: string) => ({ inKernel: id !== late.id, protected: 0 }) };
  const of = (...lists: readonly ListUse[]) => listedBy({ book, kernel }, { infra: [], denied: [], lists });
  const said = of(allow, block, late);
  assert.deepEqual(['192.0.2.1', '192.0.2.2', '10.0.0.1', '198.51.100.1', '203.0.113.1'].map(ip).map(said), [
    'allow',
    'block',
    undefined,
    'open',
    undefined,
  ]);
  assert.equal(of({ ...allow, mode: 'count' }, { ...late, mode: 'count' })(ip('192.0.2.1')), undefined);
});

test('one that is blocked, and on an allow list, is tried as one that is let in', async () => {
  const all = books({ ...blocking('192.0.2.8', '192.0.2.9'), listed: (one) => ON_LISTS.get(one) });
  const chosen = await sample(all, seededRandom(), rest);
  const tried = chosen.filter(({ why }) => why !== 'control');
  assert.deepEqual(tried, [{ ip: '192.0.2.8', why: 'let in' }]);
});

test('of a large book some are taken, never more than are asked for, each what the books say', async () => {
  const many = Array.from({ length: 12_000 }, (_, i) => ip(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`));
  const held = new Set(many);
  let rested = 0;
  const chosen = await sample(
    books({ blocked: () => many, isBlocked: (one) => held.has(one), letIn: cidrs('10.0.1.0/24') }),
    seededRandom(),
    async () => void rested++,
  );
  const blocked = chosen.filter(({ ip: one }) => held.has(one));
  assert.ok(blocked.length >= 16 && blocked.length <= 17, String(blocked.length));
  assert.ok(blocked.every(({ ip: one, why }) => why === (one.startsWith('10.0.1.') ? 'let in' : 'blocked')));
  assert.equal(rested, 2);
});

test('networks that no packet comes from take nobody’s place', async () => {
  const letIn = cidrs('10.1.0.0/24', 'fe80::/10', '::/128', '127.0.0.0/8', '224.0.0.0/4', '192.0.2.1/32', 'fd01::/64');
  for (let seed = 0; seed < 50; seed++) {
    const taken = await sample(books({ letIn }), seededRandom(seed), rest);
    assert.equal(taken.filter(({ why }) => why === 'let in').length, 3, `seed ${seed}`);
  }
});

test('random networks: every canary is an address packets may come from, in a network that says why', async () => {
  const octet = fc.integer({ min: 0, max: 255 });
  const network = fc.oneof(
    fc
      .tuple(octet, octet, octet, octet, fc.integer({ min: 0, max: 32 }))
      .map(([a, b, c, d, p]) => `${a}.${b}.${c}.${d}/${p}`),
    fc
      .tuple(fc.integer({ min: 0, max: 0xffff }), fc.integer({ min: 0, max: 128 }))
      .map(([a, p]) => `${a.toString(16)}:db8::1/${p}`),
  );
  const networks = fc.array(network, { maxLength: 4 }).map((texts) => cidrs(...texts));
  await fc.assert(
    fc.asyncProperty(networks, networks, networks, async (blockedNetworks, denied, letIn) => {
      const all = books({ blockedNetworks, denied, letIn });
      const chosen = await sample(all, seededRandom(), rest);
      for (const { ip: one, why } of chosen) {
        assert.equal(isWhy(all, one, why), true, `${one}: ${why}`);
        assert.doesNotMatch(one, /^(?:0|127|22[4-9]|2[345]\d)\.|^ff[0-9a-f]{2}:|^fe[89a-f][0-9a-f]:/);
      }
      assert.equal(new Set(chosen.map(({ ip: one }) => one)).size, chosen.length);
    }),
  );
});
