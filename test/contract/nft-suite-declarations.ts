import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  ChainDeclaration,
  RuleDeclaration,
  SetDeclaration,
  TableDeclaration,
} from '../../native/nft/declaration.ts';
import { add, done, type Ground, keys, refused, usual } from './nft-suite-ground.ts';

const BLOCKED: SetDeclaration = { name: 'blocked', family: 4, interval: false, timeout: true, size: 1000 };
const chain = (name: string, rules: readonly RuleDeclaration[] = [], priority = -190): ChainDeclaration => ({
  name,
  hook: 'prerouting',
  priority,
  rules,
});
const drop = (counter: string, set = 'blocked'): RuleDeclaration => ({
  when: [{ match: 'saddr', set }],
  verdict: 'drop',
  counter,
});
const table = (name: string, ...chains: readonly ChainDeclaration[]): TableDeclaration => ({
  name,
  sets: [BLOCKED],
  chains,
});

export function declarationCases(ground: () => Ground): void {
  const named = (name: string): string => `decl_${name}`;

  test('ensure makes a table whose sets are there and empty', async () => {
    const { port, table } = ground();
    const name = await table();
    for (const set of usual(name).sets) assert.deepEqual(done(await port.list(name, set.name)), []);
  });

  test('ensure of a table without sets and chains', async () => {
    const { port } = ground();
    done(await port.ensure({ name: named('bare'), sets: [], chains: [] }));
    assert.deepEqual(done(await port.counters(named('bare'))), []);
  });

  test('ensure again keeps elements, timeouts and comments', async () => {
    const { port, table } = ground();
    const name = await table();
    done(await port.commit(name, [add('v4', '192.0.2.1', { timeout: 3_600_000 as never, comment: 'kept' })]));
    done(await port.ensure(usual(name)));
    const [element] = done(await port.list(name, 'v4'));
    assert.equal(element?.comment, 'kept');
    assert.ok(element.timeout !== 'never' && element.timeout > 3_500_000);
  });

  test('ensure keeps the elements of a set while the chains around it change', async () => {
    const { port } = ground();
    const name = named('chains_change');
    done(await port.ensure(table(name, chain('a', [drop('x')]))));
    done(await port.commit(name, [add('blocked', '192.0.2.1')]));
    done(await port.ensure(table(name, chain('b', [drop('y')]), chain('c'))));
    assert.deepEqual(await keys(port, name, 'blocked'), ['192.0.2.1']);
  });

  for (const [change, other] of Object.entries({
    family: { ...BLOCKED, family: 6 },
    'kind (interval)': { name: 'blocked', family: 4, interval: true, timeout: true },
    timeout: { ...BLOCKED, timeout: false },
    size: { ...BLOCKED, size: 2000 },
    'size taken away': { name: 'blocked', family: 4, interval: false, timeout: true },
  } satisfies Record<string, SetDeclaration>)) {
    test(`a set whose ${change} changed is made anew, though a rule uses it`, async () => {
      const { port } = ground();
      const name = named('reshaped');
      done(await port.drop(name));
      done(await port.ensure(table(name, chain('a', [drop('x')]))));
      done(await port.commit(name, [add('blocked', '192.0.2.1')]));
      done(await port.ensure({ ...table(name, chain('a', [drop('x')])), sets: [other] }));
      assert.deepEqual(done(await port.list(name, 'blocked')), []);
    });
  }

  test('a set left out of the declaration goes, the others stay', async () => {
    const { port, table } = ground();
    const name = await table();
    done(await port.commit(name, [add('v4', '192.0.2.1')]));
    done(await port.ensure({ ...usual(name), sets: usual(name).sets.filter((set) => set.name !== 'v6') }));
    refused(await port.list(name, 'v6'), 'missing');
    assert.deepEqual(await keys(port, name, 'v4'), ['192.0.2.1']);
  });

  test('a set left out and declared again comes back empty', async () => {
    const { port, table } = ground();
    const name = await table();
    done(await port.commit(name, [add('v4', '192.0.2.1')]));
    done(await port.ensure({ name, sets: [], chains: [] }));
    done(await port.ensure(usual(name)));
    assert.deepEqual(await keys(port, name, 'v4'), []);
  });

  test('counters start at zero and come in the order of the declaration', async () => {
    const { port } = ground();
    const name = named('counted');
    done(await port.ensure(table(name, chain('first', [drop('b'), drop('a')]), chain('second', [drop('c')]))));
    assert.deepEqual(
      done(await port.counters(name)),
      ['b', 'a', 'c'].map((counter) => ({ name: counter, packets: 0, bytes: 0 })),
    );
  });

  test('counters follow the declared order when chains are reordered, put between and taken away', async () => {
    const { port } = ground();
    const name = named('reordered');
    const [a, b, c] = [chain('a', [drop('x')]), chain('b', [drop('y')]), chain('c', [drop('z')])] as const;
    const order = async (): Promise<string[]> => done(await port.counters(name)).map((counter) => counter.name);
    done(await port.ensure(table(name, a, b)));
    assert.deepEqual(await order(), ['x', 'y']);
    done(await port.ensure(table(name, b, a)));
    assert.deepEqual(await order(), ['y', 'x']);
    done(await port.ensure(table(name, b, c, a)));
    assert.deepEqual(await order(), ['y', 'z', 'x']);
    done(await port.ensure(table(name, c)));
    assert.deepEqual(await order(), ['z']);
  });

  test('rules without a counter are not counted', async () => {
    const { port } = ground();
    const name = named('uncounted');
    const rules: RuleDeclaration[] = [
      { when: [{ match: 'iif', name: 'lo' }], verdict: 'accept' },
      { when: [{ match: 'saddr', set: 'blocked' }], verdict: 'accept' },
      drop('only'),
    ];
    done(await port.ensure(table(name, chain('a', rules))));
    assert.deepEqual(done(await port.counters(name)), [{ name: 'only', packets: 0, bytes: 0 }]);
  });

  test('a chain may move to another hook and priority under its name', async () => {
    const { port } = ground();
    const name = named('moved');
    done(await port.ensure(table(name, chain('a', [drop('x')]))));
    done(await port.ensure(table(name, { ...chain('a', [drop('x')]), hook: 'input', priority: 5 })));
    done(await port.ensure(table(name, { ...chain('a', [drop('x')]), hook: 'output', priority: -2_000_000_000 })));
    assert.equal(done(await port.counters(name)).length, 1);
  });

  test('drop removes the table with all in it; dropping it again is success', async () => {
    const { port, table } = ground();
    const name = await table();
    done(await port.commit(name, [add('v4', '192.0.2.1')]));
    done(await port.drop(name));
    refused(await port.list(name, 'v4'), 'missing');
    refused(await port.counters(name), 'missing');
    done(await port.drop(name));
  });

  test('a table dropped and ensured again is empty', async () => {
    const { port, table } = ground();
    const name = await table();
    done(await port.commit(name, [add('v4', '192.0.2.1')]));
    done(await port.drop(name));
    done(await port.ensure(usual(name)));
    assert.deepEqual(await keys(port, name, 'v4'), []);
  });

  test('ensure touches no other table', async () => {
    const { port, table } = ground();
    const [one, other] = [await table(), await table()];
    done(await port.commit(one, [add('v4', '192.0.2.1')]));
    done(await port.ensure({ name: other, sets: [], chains: [] }));
    assert.deepEqual(await keys(port, one, 'v4'), ['192.0.2.1']);
  });

  test('the largest declaration: 512 sets, 64 chains, 8,192 rules, of which one chain has 1,024', async () => {
    const { port } = ground();
    const name = named('largest');
    const sets = Array.from({ length: 512 }, (_, i) => ({ ...BLOCKED, name: `s${i}`.padEnd(31, '_') }));
    const rules = Array.from(
      { length: 1024 },
      (_, i): RuleDeclaration => ({ when: [{ match: 'saddr', set: sets[i % 512]?.name ?? '' }], verdict: 'drop' }),
    );
    const fewer = rules.slice(0, 113);
    const rest = rules.slice(0, 8192 - 1024 - 62 * 113);
    const chains = Array.from({ length: 64 }, (_, i) =>
      chain(`c${i}`.padEnd(31, '_'), i === 0 ? rules : i === 1 ? rest : fewer, i),
    );
    done(await port.ensure({ name, sets, chains }));
    done(await port.ensure({ name, sets, chains }));
    done(await port.drop(name));
    refused(await port.ensure({ name, sets: [...sets, BLOCKED], chains: [] }), 'invalid');
    refused(await port.ensure({ name, sets, chains: [...chains, chain('more')] }), 'invalid');
    refused(await port.ensure({ name, sets, chains: [chain('c', [...rules, ...rules.slice(0, 1)])] }), 'invalid');
    refused(
      await port.ensure({ name, sets, chains: [...chains.slice(0, 63), chain('more', fewer.concat(fewer))] }),
      'invalid',
    );
  });

  const name = named('refused');
  for (const [what, declaration] of Object.entries({
    'table name empty': table(''),
    'table name with a space': table('a b'),
    'table name of 32': table('x'.repeat(32)),
    'table name with NUL': table('a\0b'),
    'set name': { name, sets: [{ ...BLOCKED, name: 'a-b' }], chains: [] },
    'set named twice': { name, sets: [BLOCKED, BLOCKED], chains: [] },
    'set family': { name, sets: [{ ...BLOCKED, family: 5 as never }], chains: [] },
    'size zero': { name, sets: [{ ...BLOCKED, size: 0 }], chains: [] },
    'size fraction': { name, sets: [{ ...BLOCKED, size: 1.5 }], chains: [] },
    'size too large': { name, sets: [{ ...BLOCKED, size: 16_777_217 }], chains: [] },
    'size of an interval set': { name, sets: [{ ...BLOCKED, interval: true }], chains: [] },
    'chain name': table(name, chain('é')),
    'chain named twice': table(name, chain('a'), chain('a')),
    hook: table(name, { ...chain('a'), hook: 'postrouting' as never }),
    priority: table(name, chain('a', [], 2 ** 31)),
    'priority fraction': table(name, chain('a', [], 0.5)),
    'rule on an undeclared set': table(name, chain('a', [drop('x', 'other')])),
    verdict: table(name, chain('a', [{ when: [{ match: 'saddr', set: 'blocked' }], verdict: 'queue' as never }])),
    'counter name': table(name, chain('a', [drop('a"b')])),
    'interface name of 16': table(
      name,
      chain('a', [{ when: [{ match: 'iif', name: 'x'.repeat(16) }], verdict: 'accept' }]),
    ),
    'interface name with a wildcard': table(
      name,
      chain('a', [{ when: [{ match: 'iif', name: 'eth*' }], verdict: 'accept' }]),
    ),
  } satisfies Record<string, TableDeclaration>)) {
    test(`ensure refuses: ${what}`, async () => {
      const { port } = ground();
      refused(await port.ensure(declaration), 'invalid');
      refused(await port.counters(name), 'missing');
    });
  }
}
