import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { parseCidr } from '../../core/base/ip.ts';
import { millis } from '../../core/base/time.ts';
import type { NftOp, NftPort, NftResult, RuleDeclaration, TableDeclaration } from '../../native/nft/index.ts';
import { done, keys } from '../contract/nft-suite-ground.ts';
import { allowedOps, blocking, FLOOR, GuardedHand, OWN, productTable } from '../support/guarded-hand.ts';
import { namespacesUnavailable } from '../support/network-namespace.ts';

const net = (text: string) => {
  const parsed = parseCidr(text);
  assert.ok(parsed.ok);
  return parsed.value;
};

function refused(result: NftResult<unknown>, words: RegExp, failedOp?: number): void {
  assert.ok(!result.ok, 'it was done');
  assert.equal(result.code, 'invalid', result.public);
  assert.match(result.public, words);
  if (failedOp !== undefined) assert.equal(result.failedOp, failedOp);
}

describe('what a guarded hand refuses', { skip: namespacesUnavailable() }, () => {
  let hand: GuardedHand;
  let port: NftPort;
  before(async () => {
    hand = new GuardedHand();
    port = await hand.ready();
  });
  after(async () => {
    await port?.close();
    await hand?.dispose();
  });

  const product = productTable();
  const guard = product.chains[0];
  assert.ok(guard?.hook !== undefined);
  const [lo, infra4, infra6, allowed4, allowed6, ...cutting] = guard.rules;
  assert.ok(lo && infra4 && infra6 && allowed4 && allowed6);
  /** The product's table with these rules in its chain. */
  const ruled = (rules: readonly RuleDeclaration[], more: Partial<TableDeclaration> = {}): TableDeclaration => ({
    ...product,
    chains: [{ ...guard, rules }],
    ...more,
  });
  const joined = (rule: RuleDeclaration): RuleDeclaration => ({
    ...rule,
    when: [{ match: 'protocol', protocol: 'tcp' }, ...rule.when],
  });
  const ahead = [lo, infra4, infra6, allowed4, allowed6] as const;
  const drop: RuleDeclaration = { when: [], verdict: 'drop' };
  const elsewhere = (rules: readonly RuleDeclaration[]) => ({ name: 'elsewhere', rules });

  for (const [what, table, words] of [
    ['a table of another name', { ...product, name: 'filter' }, /no table but bartizan/],
    ['no accept of loopback', ruled([infra4, infra6, allowed4, allowed6, ...cutting]), /lets in what comes in by lo/],
    ['a drop first', ruled([drop, ...ahead]), /what comes in by lo/],
    ['no accept of IPv4 infra', ruled([lo, infra6, allowed4, allowed6, ...cutting]), /192\.0\.2\.0-192\.0\.2\.255 of/],
    ['no accept of IPv6 infra', ruled([lo, infra4, allowed4, allowed6, ...cutting]), /::.* of the floor/],
    ['no accept of what is allowed', ruled([lo, infra4, infra6, allowed4, ...cutting]), /the set allowed6/],
    ['infra let in by some protocols only', ruled([lo, joined(infra4), infra6, allowed4, allowed6, drop]), /192\.0\.2/],
    ['infra behind a drop', ruled([lo, infra4, allowed4, allowed6, ...cutting, infra6]), /of the floor/],
    [
      'infra that holds less',
      productTable(['192.0.2.0/25', FLOOR[1] ?? '']),
      /192\.0\.2\.128-192\.0\.2\.255 of the floor/,
    ],
    [
      'infra that times out',
      {
        ...product,
        sets: product.sets.map((set) =>
          set.name.startsWith('infra4')
            ? { ...set, name: 'infra4_t', timeout: true, elements: [{ key: '192.0.2.0/24', timeout: millis(5000) }] }
            : set,
        ),
        chains: [
          {
            ...guard,
            rules: [
              lo,
              { when: [{ match: 'saddr', set: 'infra4_t' }], verdict: 'accept' },
              infra6,
              allowed4,
              allowed6,
              ...cutting,
            ],
          },
        ],
      },
      /192\.0\.2/,
    ],
    [
      'a drop in a chain that is gone to too early',
      ruled([lo, { when: [], verdict: { goto: 'elsewhere' } }, ...ahead, ...cutting], {
        chains: [{ ...guard, rules: [lo, { when: [], verdict: { goto: 'elsewhere' } }] }, elsewhere([infra4, drop])],
      }),
      /chain elsewhere can drop/,
    ],
    [
      'a drop in a chain that is jumped to too early',
      ruled([], {
        chains: [
          { ...guard, rules: [lo, { when: [], verdict: { jump: 'elsewhere' } }, ...ahead, drop] },
          elsewhere([infra4, infra6, drop]),
        ],
      }),
      /chain elsewhere can drop before it lets in the set allowed4/,
    ],
    [
      'an accept that a jump leaves behind',
      ruled([], {
        chains: [
          { ...guard, rules: [lo, { when: [], verdict: { jump: 'elsewhere' } }, infra6, allowed4, allowed6, drop] },
          elsewhere([infra4]),
        ],
      }),
      /chain guard can drop/,
    ],
    [
      'a drop of what goes out',
      ruled([], { chains: [{ ...guard, hook: 'output', rules: [...ahead, drop] }] }),
      /output/,
    ],
    [
      'a second chain that is not guarded',
      ruled([], { chains: [guard, { name: 'second', hook: 'input', priority: 0, rules: [lo, drop] }] }),
      /chain second/,
    ],
    ['a table that drops nothing any more', ruled([...ahead]), /drop the table instead/],
  ] as const) {
    test(`ensure: ${what}`, async () => {
      const before = hand.ruleset();
      refused(await port.ensure(table as TableDeclaration), words);
      assert.equal(hand.ruleset(), before, 'a refused declaration changed something');
    });
  }

  for (const [what, table] of [
    ['as the product has it', product],
    ['with more infra, and everybody else denied', productTable([...FLOOR, '10.0.0.0/8'], ['0.0.0.0/0', '::/0'])],
    ['with the floor in halves', productTable(['192.0.2.0/25', '192.0.2.128/25', '2001:db8::/32'])],
    [
      'with a chain gone to that guards itself',
      ruled([], {
        chains: [
          { ...guard, rules: [lo, { when: [], verdict: { goto: 'elsewhere' } }] },
          elsewhere([infra4, infra6, allowed4, allowed6, drop]),
        ],
      }),
    ],
    ['with everybody let in ahead of a drop', ruled([{ when: [], verdict: 'accept' }, drop])],
    ['as the product has it, again', product],
  ] as const) {
    test(`ensure takes a table ${what}`, async () => {
      done(await port.ensure(table));
    });
  }

  for (const key of ['192.0.2.0', '192.0.2.77', '2001:db8:f::1', 'fe80::1', '127.0.0.1', '127.9.9.9', '::1', OWN]) {
    test(`a block of ${key}, which can never be cut`, async () => {
      refused(await port.commit('bartizan', [blocking('203.0.113.1'), blocking(key)]), /never be blocked/, 1);
      const { set } = blocking(key) as { readonly set: string };
      const gone: NftOp = { kind: 'delete', set, key };
      done(await port.commit('bartizan', [blocking(key), gone]));
      refused(await port.commit('bartizan', [blocking(key), gone, blocking(key)]), /never be blocked/, 2);
      assert.deepEqual(await keys(port, 'bartizan', set), []);
    });
  }

  test('networks in the floor are refused as blocks, wider ones are behind it', async () => {
    const blocked = (key: string): NftOp => ({ kind: 'add', set: 'blocked_nets4', key, timeout: millis(60_000) });
    refused(await port.commit('bartizan', [blocked('192.0.2.64/26')]), /never be blocked/);
    refused(await port.commit('bartizan', [blocked(`${OWN}/32`)]), /never be blocked/);
    done(await port.commit('bartizan', [blocked('192.0.0.0/16')]));
    assert.deepEqual(await keys(port, 'bartizan', 'blocked_nets4'), ['192.0.0.0/16']);
  });

  test('what is allowed may be anything, and changes as a whole', async () => {
    done(await port.commit('bartizan', allowedOps([net('192.0.2.7/32'), net('203.0.113.0/24')])));
    done(await port.commit('bartizan', allowedOps([])));
    assert.deepEqual(await keys(port, 'bartizan', 'allowed4'), []);
  });

  test('sets that the floor rests on keep it, however they are changed', async () => {
    const set = product.sets.find(({ name }) => name.startsWith('infra4'))?.name ?? '';
    const remove = (key: string): NftOp => ({ kind: 'delete', set, key });
    const put = (key: string): NftOp => ({ kind: 'add', set, key, timeout: 'never' });
    refused(await port.commit('bartizan', [remove('192.0.2.0/24')]), /of the floor no more/, 0);
    refused(await port.commit('bartizan', [{ kind: 'flush', set }]), /of the floor no more/, 0);
    refused(await port.commit('bartizan', [remove('192.0.2.0/24'), put('192.0.2.0/25')]), /192\.0\.2\.128/);
    done(await port.commit('bartizan', [remove('192.0.2.0/24'), put('192.0.2.0/25'), put('192.0.2.128/25')]));
    done(await port.commit('bartizan', [{ kind: 'flush', set }, put('192.0.2.0/24'), put('10.0.0.0/8')]));
    done(await port.commit('bartizan', [remove('10.0.0.0/8')]));
    assert.deepEqual(await keys(port, 'bartizan', set), ['192.0.2.0/24']);
  });

  test('a floor that somebody else cut is put back by the next declaration', async () => {
    const set = product.sets.find(({ name }) => name.startsWith('infra4'))?.name ?? '';
    hand.namespace.exec('nft', ['delete', 'element', 'inet', 'bartizan', set, '{ 192.0.2.0/24 }']);
    done(await port.ensure(product));
    assert.deepEqual(await keys(port, 'bartizan', set), ['192.0.2.0/24']);
    await hand.site.logged(/without some of the floor: put back/);
  });

  test('every verb keeps to the one table, and says so in the log', async () => {
    hand.namespace.exec(
      'nft',
      ['-f', '-'],
      'table inet other {\nset s {\ntype ipv4_addr\nelements = { 10.0.0.1 }\n}\n}\n',
    );
    const before = hand.ruleset();
    const add: NftOp = { kind: 'add', set: 's', key: '10.0.0.2', timeout: 'never' };
    const calls: Promise<NftResult<unknown>>[] = [
      port.drop('other'),
      port.commit('other', [add]),
      port.list('other', 's'),
      port.counters('other'),
      port.ensure({ name: 'other', sets: [], chains: [] }),
    ];
    for (const result of await Promise.all(calls)) refused(result, /no table but bartizan/);
    assert.equal(hand.ruleset(), before);
    await hand.site.logged(/refused: drop: this hand touches no table but bartizan/);
  });
});
