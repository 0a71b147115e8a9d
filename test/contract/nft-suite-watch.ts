import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis } from '../../core/base/time.ts';
import type { BaseChain, ChainDeclaration, TableDeclaration } from '../../native/nft/declaration.ts';
import type { NftChange, NftPort } from '../../native/nft/port.ts';
import { tens } from './nft-suite-bulk.ts';
import { add, done, flush, type Ground, refused, remove, tenth, usual } from './nft-suite-ground.ts';

type Changed = Extract<NftChange, { kind: 'changed' }>;

const guard: BaseChain = {
  name: 'guard',
  hook: 'prerouting',
  priority: -190,
  rules: [{ when: [{ match: 'saddr', set: 'v4' }], verdict: 'drop', counter: 'c' }],
};

/** What others do is told, and what the port itself does is not. */
export function watchCases(ground: () => Ground): void {
  /** A table, who watches it, and another port beside the one that watches. */
  async function watched(declared: Partial<TableDeclaration> = {}) {
    const { bench, port, table } = ground();
    const name = await table();
    done(await port.ensure({ ...usual(name), ...declared }));
    const other = await bench.open();
    const seen: NftChange[] = [];
    const leave = done(await port.watch(name, (change) => void seen.push(change)));
    const changes = (): Changed[] => seen.filter((change) => change.kind === 'changed');
    const told = (holds: (all: readonly Changed[]) => boolean): Promise<void> =>
      bench.eventually(0, async () => holds(changes()));
    return { bench, port, other, name, seen, leave, told, changes };
  }
  /** A change that is certain to be told, so that what came before it was told or never will be. */
  const mark = async (
    other: NftPort,
    name: string,
    told: (holds: (all: readonly Changed[]) => boolean) => Promise<void>,
  ) => {
    done(await other.commit(name, [add('plain', '198.51.100.99')]));
    await told((all) => all.some(({ sets }) => sets.includes('plain')));
  };

  test('elements that others add and delete are told, with the keys of those deleted', async () => {
    const { other, name, told, changes } = await watched();
    done(await other.commit(name, [add('v4', '192.0.2.1'), add('v6', '2001:db8::1'), add('net4', '10.0.0.0/8')]));
    await told((all) => all.length === 1);
    done(
      await other.commit(name, [remove('v4', '192.0.2.1'), remove('v6', '2001:db8::1'), remove('net4', '10.0.0.0/8')]),
    );
    await told((all) => all.length === 2);
    const [added, deleted] = changes();
    assert.ok(added && deleted);
    assert.deepEqual([added.sets, added.gone, added.isAll], [['net4', 'v4', 'v6'], [], true]);
    assert.deepEqual([added.tables, added.rules, added.elsewhere], [false, false, false]);
    assert.ok(Number.isInteger(added.by.pid) && added.by.program !== '');
    assert.deepEqual(deleted.sets, ['net4', 'v4', 'v6']);
    assert.deepEqual(
      deleted.gone.toSorted((a, b) => (a.set < b.set ? -1 : 1)),
      [
        { set: 'net4', key: '10.0.0.0/8' },
        { set: 'v4', key: '192.0.2.1' },
        { set: 'v6', key: '2001:db8::1' },
      ],
    );
    assert.equal(deleted.isAll, true);
    await other.close();
  });

  test('networks that others delete are told as networks, to the top of the space', async () => {
    const { other, name, told, changes } = await watched();
    const nets = ['10.0.0.0/24', '10.0.1.0/24', '192.0.2.1/32', '240.0.0.0/4'];
    done(
      await other.commit(
        name,
        nets.map((key) => add('net4', key)),
      ),
    );
    done(await other.commit(name, [flush('net4'), add('v4', '192.0.2.9')]));
    await told((all) => all.length === 2);
    assert.deepEqual(
      changes()[1]
        ?.gone.map(({ key }) => key)
        .sort(),
      nets.toSorted(),
    );
    done(await other.commit(name, [add('net4', '240.0.0.0/4')]));
    done(await other.commit(name, [remove('net4', '240.0.0.0/4')]));
    await told((all) => all.length === 4);
    assert.deepEqual(changes()[3]?.gone, [{ set: 'net4', key: '240.0.0.0/4' }]);
    await other.close();
  });

  test('of many deleted elements the first 1,000 are named', async () => {
    const { port, other, name, told, changes } = await watched();
    done(await port.load(name, 'v4', tens(3000)));
    done(await other.commit(name, [flush('v4')]));
    await told((all) => all.some(({ gone }) => gone.length === 1000));
    const change = changes().find(({ gone }) => gone.length > 0);
    assert.deepEqual([change?.sets, change?.isAll], [['v4'], false]);
    assert.equal(new Set(change?.gone.map(({ key }) => key)).size, 1000);
    await other.close();
  });

  test('what the port does itself is not told, to none who watch through it', async () => {
    const { port, other, name, seen, told } = await watched();
    const more: NftChange[] = [];
    done(await port.watch(name, (change) => void more.push(change)));
    done(await port.commit(name, [add('v4', '192.0.2.1')]));
    done(await port.ensure({ ...usual(name), chains: [guard] }));
    done(await port.load(name, 'v4', tens(5000)));
    done(await port.commit(name, [flush('v4')]));
    await mark(other, name, told);
    assert.equal(seen.length, 1);
    assert.deepEqual(more, seen);
    await other.close();
  });

  test('a batch that changes nothing is not told', async () => {
    const { port, other, name, seen, told } = await watched();
    done(await port.commit(name, [add('v4', '192.0.2.1')]));
    done(await other.commit(name, [add('v4', '192.0.2.1'), flush('v6')]));
    refused(await other.commit(name, [add('v4', '192.0.2.2'), remove('v4', '192.0.2.3')]), 'missing');
    await mark(other, name, told);
    assert.equal(seen.length, 1);
    await other.close();
  });

  test('an element whose time is over is no change', async () => {
    const { bench, port, other, name, seen, told } = await watched();
    done(
      await port.commit(name, [
        add('v4', '192.0.2.1', { timeout: millis(150) }),
        add('net6', '2001:db8::/32', { timeout: millis(150) }),
      ]),
    );
    await bench.eventually(150, async () => done(await port.list(name, 'v4')).length === 0);
    done(await port.commit(name, [add('v4', '192.0.2.2'), add('net6', 'ff00::/8')]));
    await mark(other, name, told);
    assert.equal(seen.length, 1);
    await other.close();
  });

  test('rules, sets and the table itself: made anew, taken away, brought back', async () => {
    const { other, name, told, changes } = await watched({ chains: [guard] });
    done(await other.ensure({ ...usual(name), chains: [{ ...guard, rules: [] }] }));
    await told((all) => all.length === 1);
    done(await other.ensure({ ...usual(name), sets: usual(name).sets.filter((set) => set.name !== 'v6') }));
    await told((all) => all.length === 2);
    done(await other.drop(name));
    await told((all) => all.length === 3);
    done(await other.ensure(usual(name)));
    await told((all) => all.length === 4);
    const shapes = changes().map(({ tables, rules, sets }) => [rules || tables, tables, sets]);
    assert.deepEqual(shapes[0]?.slice(0, 1), [true]);
    assert.deepEqual(changes()[0]?.sets, []);
    assert.deepEqual(changes()[1]?.sets, ['v6']);
    assert.deepEqual(shapes[2], [true, true, ['net4', 'net6', 'plain', 'v4']]);
    assert.deepEqual(shapes[3], [true, true, ['net4', 'net6', 'plain', 'v4', 'v6']]);
    await other.close();
  });

  test('chains of another table are told as elsewhere, its elements are not', async () => {
    const { port, other, name, told, changes } = await watched();
    const foreign = `${name}_other`;
    done(await other.ensure({ ...usual(foreign), chains: [{ ...guard, priority: -300 }] }));
    await told((all) => all.length === 1);
    assert.deepEqual(changes()[0], {
      kind: 'changed',
      by: changes()[0]?.by,
      tables: false,
      rules: false,
      sets: [],
      gone: [],
      isAll: true,
      elsewhere: true,
    });
    done(await other.commit(foreign, [add('v4', '192.0.2.1')]));
    await mark(other, name, told);
    assert.equal(changes().length, 2);
    done(await port.drop(foreign));
    await other.close();
  });

  test('whoever left is told no more; others go on', async () => {
    const { port, other, name, seen, leave, told } = await watched();
    const still: NftChange[] = [];
    done(await port.watch(name, (change) => void still.push(change)));
    leave();
    leave();
    done(await other.commit(name, [add('v4', '192.0.2.1')]));
    await ground().bench.eventually(0, async () => still.length === 1);
    assert.deepEqual(seen, []);
    const back: NftChange[] = [];
    done(await port.watch(name, (change) => void back.push(change)));
    done(await other.commit(name, [add('v4', '192.0.2.2')]));
    await ground().bench.eventually(0, async () => still.length === 2 && back.length === 1);
    await told((all) => all.length === 0);
    await other.close();
  });

  test('a table may be watched before it is there; two tables are told apart', async () => {
    const { bench, port } = ground();
    const other = await bench.open();
    const seen: Record<string, number> = { watch_a: 0, watch_b: 0 };
    for (const name of Object.keys(seen)) {
      done(
        await port.watch(name, (change) => {
          if (change.kind === 'changed' && change.tables) seen[name] = (seen[name] ?? 0) + 1;
        }),
      );
    }
    done(await other.ensure(usual('watch_b')));
    done(await other.drop('watch_b'));
    done(await other.ensure(usual('watch_a')));
    await bench.eventually(0, async () => seen['watch_a'] === 1);
    assert.equal(seen['watch_b'], 2);
    done(await other.drop('watch_a'));
    await other.close();
  });

  test('both of two ports that change a table hear of the other', async () => {
    const { port, other, name, seen } = await watched();
    const heard: NftChange[] = [];
    done(await other.watch(name, (change) => void heard.push(change)));
    for (let i = 0; i < 20; i++) {
      done(await port.commit(name, [add('v4', tenth(i))]));
      done(await other.commit(name, [add('v6', `2001:db8::${i + 1}`)]));
    }
    await ground().bench.eventually(0, async () => seen.length === 20 && heard.length === 20);
    assert.ok(seen.every((change) => change.kind === 'changed' && change.sets.join() === 'v6'));
    assert.ok(heard.every((change) => change.kind === 'changed' && change.sets.join() === 'v4'));
    await other.close();
  });

  test('closing a port ends its watches; a closed port takes none', async () => {
    const { bench, name } = await watched();
    const short = await bench.open();
    done(await short.watch(name, () => assert.fail('told after the end')));
    await short.close();
    refused(await short.watch(name, () => undefined), 'closed');
    const { port } = ground();
    done(await port.commit(name, [add('v4', '192.0.2.1')]));
    refused(await port.watch('a b', () => undefined), 'invalid');
  });

  test('a fingerprint is the same after the same ensure and for what packets and elements change', async () => {
    const { port, table } = ground();
    const name = await table();
    const declared = { ...usual(name), chains: [guard] };
    done(await port.ensure(declared));
    const print = done(await port.fingerprint(name));
    assert.match(print, /^[0-9a-f]{32}$/);
    done(await port.ensure(declared));
    done(await port.load(name, 'v4', tens(2000)));
    assert.equal(done(await port.fingerprint(name)), print);
    done(await port.drop(name));
    done(await port.ensure(declared));
    assert.equal(done(await port.fingerprint(name)), print);
  });

  test('a fingerprint tells every other rule, chain and order apart', async () => {
    const { port, table } = ground();
    const name = await table();
    const [rule] = guard.rules;
    assert.ok(rule);
    const lo = { when: [{ match: 'iif', name: 'lo' }], verdict: 'accept' } as const;
    const variants: readonly (readonly ChainDeclaration[])[] = [
      [],
      [guard],
      [{ ...guard, rules: [] }],
      [{ ...guard, name: 'other' }],
      [{ ...guard, priority: -189 }],
      [{ ...guard, hook: 'input' }],
      [{ ...guard, rules: [lo, rule] }],
      [{ ...guard, rules: [rule, lo] }],
      [{ ...guard, rules: [{ ...lo, when: [{ match: 'iif', name: 'lo0' }] }, rule] }],
      [{ ...guard, rules: [{ when: [{ match: 'saddr', set: 'v4' }], verdict: 'drop' }] }],
      [{ ...guard, rules: [{ when: [{ match: 'saddr', set: 'v4' }], verdict: 'accept', counter: 'c' }] }],
      [{ ...guard, rules: [{ when: [{ match: 'saddr', set: 'plain' }], verdict: 'drop', counter: 'c' }] }],
      [guard, { name: 'free', rules: [] }],
      [{ ...guard, rules: [{ when: [{ match: 'icmp', family: 4, types: [0, 8] }], verdict: 'drop' }] }],
      [{ ...guard, rules: [{ when: [{ match: 'icmp', family: 4, types: [0, 9] }], verdict: 'drop' }] }],
    ];
    const prints = new Set<string>();
    for (const chains of variants) {
      done(await port.ensure({ ...usual(name), chains }));
      prints.add(done(await port.fingerprint(name)));
    }
    assert.equal(prints.size, variants.length);
    refused(await port.fingerprint('nowhere'), 'missing');
    refused(await port.fingerprint('a b'), 'invalid');
  });

  test('base chains of all tables are told, chains without a hook are not', async () => {
    const { port, table } = ground();
    const [one, two] = [await table(), await table()];
    done(await port.ensure({ ...usual(one), chains: [guard, { name: 'free', rules: [] }] }));
    done(await port.ensure({ ...usual(two), chains: [{ ...guard, hook: 'output', priority: 2_000_000_000 }] }));
    const chains = done(await port.baseChains()).filter((chain) => [one, two].includes(chain.table));
    const common = { family: 'inet', name: 'guard', policy: 'accept', type: 'filter' } as const;
    assert.deepEqual(chains, [
      { ...common, table: one, hook: 'prerouting', priority: -190 },
      { ...common, table: two, hook: 'output', priority: 2_000_000_000 },
    ]);
    done(await port.drop(two));
    done(await port.drop(one));
    assert.ok(!done(await port.baseChains()).some((chain) => [one, two].includes(chain.table)));
  });
}
