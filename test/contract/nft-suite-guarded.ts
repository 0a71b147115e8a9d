import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis } from '../../core/base/time.ts';
import type {
  ChainDeclaration,
  NftElement,
  RuleDeclaration,
  SetDeclaration,
  TableDeclaration,
} from '../../native/nft/declaration.ts';
import { add, done, flush, type Ground, keys, refused, remove } from './nft-suite-ground.ts';

const never = (key: string): NftElement => ({ key, timeout: 'never' });
const networks = (name: string, ...elements: readonly string[]): SetDeclaration => ({
  name,
  family: 4,
  interval: true,
  timeout: false,
  elements: elements.map(never),
});
const TRIAL: SetDeclaration = { name: 'trial', family: 'either', interval: false, timeout: true };
const goTo = (set: string): RuleDeclaration => ({
  when: [{ match: 'family', set }],
  verdict: { goto: 'candidate' },
});
const GOTO = goTo('trial');
const drop = (set: string, counter: string): RuleDeclaration => ({
  when: [{ match: 'saddr', set }],
  verdict: 'drop',
  counter,
});
const CANDIDATE: ChainDeclaration = { name: 'candidate', rules: [drop('b', 'trial_b')] };
const guard = (...rules: readonly RuleDeclaration[]): ChainDeclaration => ({
  name: 'guard',
  hook: 'prerouting',
  priority: -190,
  rules,
});
const without = (name: string): TableDeclaration => ({
  name,
  sets: [networks('a', '10.0.0.0/8')],
  chains: [guard(drop('a', 'a'))],
});
const guarded = (name: string): TableDeclaration => ({
  name,
  sets: [networks('a', '10.0.0.0/8'), networks('b', '0.0.0.0/0'), TRIAL],
  chains: [guard(GOTO, drop('a', 'a')), CANDIDATE],
});

/** Sets that are made with what they hold, and a second ruleset behind a set that times out. */
export function guardedCases(ground: () => Ground): void {
  let made = 0;
  const fresh = (): string => `guarded${++made}`;
  const elementsOf = async (name: string, ...sets: readonly string[]) =>
    Promise.all(sets.map((set) => keys(ground().port, name, set)));
  const counters = async (name: string) => done(await ground().port.counters(name)).map((each) => each.name);

  test('a set is made with what it holds; one that stands keeps what it has', async () => {
    const { port } = ground();
    const name = fresh();
    done(await port.ensure({ name, sets: [networks('a', '10.0.0.0/8', '192.0.2.0/24')], chains: [] }));
    assert.deepEqual(await elementsOf(name, 'a'), [['10.0.0.0/8', '192.0.2.0/24']]);
    done(await port.commit(name, [remove('a', '10.0.0.0/8')]));
    done(await port.ensure({ name, sets: [networks('a', '203.0.113.0/24')], chains: [] }));
    assert.deepEqual(await elementsOf(name, 'a'), [['192.0.2.0/24']]);
  });

  test('a set made anew in another shape begins as declared', async () => {
    const { port } = ground();
    const name = fresh();
    done(await port.ensure({ name, sets: [networks('a', '10.0.0.0/8')], chains: [guard(drop('a', 'a'))] }));
    const plain: SetDeclaration = { ...networks('a'), interval: false, elements: [never('192.0.2.1')] };
    done(await port.ensure({ name, sets: [plain], chains: [guard(drop('a', 'a'))] }));
    assert.deepEqual(await elementsOf(name, 'a'), [['192.0.2.1']]);
  });

  test('comments and timeouts of a beginning are kept; the whole of both families may be one', async () => {
    const { port } = ground();
    const name = fresh();
    const blocked: SetDeclaration = {
      name: 'v6',
      family: 6,
      interval: false,
      timeout: true,
      elements: [{ key: '2001:db8::1', timeout: millis(3_600_000), comment: 'first' }],
    };
    const all6: SetDeclaration = { ...networks('all6', '::/0'), family: 6 };
    done(await port.ensure({ name, sets: [blocked, networks('all4', '0.0.0.0/0'), all6], chains: [] }));
    const [element] = done(await port.list(name, 'v6'));
    assert.equal(element?.comment, 'first');
    assert.ok(element.timeout !== 'never' && element.timeout > 3_500_000);
    assert.deepEqual(await elementsOf(name, 'all4', 'all6'), [['0.0.0.0/0'], ['::/0']]);
  });

  test('20,000 networks to begin with', async () => {
    const { bench, port } = ground();
    const name = fresh();
    const many = Array.from({ length: 20_000 * bench.scale }, (_, i) => `10.${i >> 8}.${i & 255}.0/25`);
    done(await port.ensure({ name, sets: [networks('a', ...many)], chains: [] }));
    assert.equal((await keys(port, name, 'a')).length, many.length);
    done(await port.drop(name));
  });

  test('chains without a hook come, stay and go, with the rules that lead there', async () => {
    const { port } = ground();
    const name = fresh();
    done(await port.ensure(without(name)));
    done(await port.ensure(guarded(name)));
    assert.deepEqual(await counters(name), ['a', 'trial_b']);
    done(await port.ensure(guarded(name)));
    assert.deepEqual(await counters(name), ['a', 'trial_b']);
    done(await port.ensure(without(name)));
    assert.deepEqual(await counters(name), ['a']);
    refused(await port.list(name, 'trial'), 'missing');
    refused(await port.list(name, 'b'), 'missing');
    assert.deepEqual(await elementsOf(name, 'a'), [['10.0.0.0/8']]);
  });

  test('a base chain becomes one without a hook, and the other way round', async () => {
    const { port } = ground();
    const name = fresh();
    const base: ChainDeclaration = { ...guard(), name: 'candidate' };
    done(await port.ensure({ name, sets: [TRIAL], chains: [guard(), base] }));
    done(await port.ensure({ name, sets: [TRIAL], chains: [guard(GOTO), { name: 'candidate', rules: [] }] }));
    done(await port.ensure({ name, sets: [TRIAL], chains: [guard(), base] }));
  });

  test('families are added, listed with their time, renewed, and end by themselves', async () => {
    const { bench, port } = ground();
    const name = fresh();
    done(await port.ensure(guarded(name)));
    const lit = (ms: number) => ['ipv4', 'ipv6'].map((key) => add('trial', key, { timeout: millis(ms) }));
    done(await port.commit(name, lit(3_600_000)));
    done(await port.ensure(guarded(name)));
    const listed = done(await port.list(name, 'trial'));
    assert.deepEqual(listed.map(({ key }) => key).sort(), ['ipv4', 'ipv6']);
    assert.ok(listed.every(({ timeout }) => timeout !== 'never' && timeout > 3_500_000));
    done(await port.commit(name, [flush('trial'), ...lit(300)]));
    assert.deepEqual(await elementsOf(name, 'trial'), [['ipv4', 'ipv6']]);
    await bench.eventually(300, async () => (await keys(port, name, 'trial')).length === 0);
    done(await port.ensure(guarded(name)));
    assert.deepEqual(await elementsOf(name, 'trial'), [[]]);
    done(await port.commit(name, [...lit(1000), remove('trial', 'ipv4'), remove('trial', 'ipv6')]));
    refused(await port.commit(name, [remove('trial', 'ipv4')]), 'missing', 0);
  });

  test('families and addresses do not mix', async () => {
    const { port } = ground();
    const name = fresh();
    done(await port.ensure(guarded(name)));
    refused(await port.commit(name, [add('trial', '192.0.2.1')]), 'invalid', 0);
    refused(await port.commit(name, [add('trial', 'ipv4/8')]), 'invalid', 0);
    refused(await port.commit(name, [add('trial', 'IPv4')]), 'invalid', 0);
    refused(await port.commit(name, [add('a', 'ipv4')]), 'invalid', 0);
  });

  const name = 'guarded_refused';
  for (const [what, clash] of Object.entries({
    'the same network twice': ['10.0.0.0/8', '10.0.0.0/8'],
    'a network in another': ['10.0.0.0/8', '10.1.0.0/16'],
    'a network in the whole': ['0.0.0.0/0', '10.1.0.0/16'],
    'the whole after a part': ['240.0.0.0/4', '0.0.0.0/0'],
  })) {
    test(`a beginning is refused, and nothing made: ${what}`, async () => {
      const { port } = ground();
      refused(await port.ensure({ name, sets: [networks('a', ...clash)], chains: [] }), 'exists');
      refused(await port.counters(name), 'missing');
    });
  }

  const table = (more: Partial<TableDeclaration>): TableDeclaration => ({ ...guarded(name), ...more });
  const [candidate, plain] = [CANDIDATE, guard(drop('a', 'a'))];
  for (const [what, declaration] of Object.entries({
    'an address of the other family': { name, sets: [networks('a', '2001:db8::/32')], chains: [] },
    'a single address for an interval set': { name, sets: [networks('a', '192.0.2.1')], chains: [] },
    'an element with a timeout for a set without': {
      name,
      sets: [{ ...networks('a'), elements: [{ key: '10.0.0.0/8', timeout: millis(1000) }] }],
      chains: [],
    },
    'too many elements': { name, sets: [networks('a', ...Array<string>(65_537).fill('10.0.0.0/8'))], chains: [] },
    'an interval set of families': { name, sets: [{ ...TRIAL, interval: true }], chains: [] },
    'goto a chain that is not there': table({ chains: [guard(GOTO)] }),
    'goto a base chain': table({ chains: [guard(GOTO), { ...plain, name: 'candidate' }] }),
    'a family looked up among addresses': table({ chains: [guard(goTo('a')), candidate] }),
    'a family looked up in a set that is not there': table({ chains: [guard(goTo('x')), candidate] }),
    'a source looked up among families': table({ chains: [guard(drop('trial', 'x'))] }),
  } satisfies Record<string, TableDeclaration>)) {
    test(`ensure refuses: ${what}`, async () => {
      const { port } = ground();
      refused(await port.ensure(declaration), 'invalid');
      refused(await port.counters(name), 'missing');
    });
  }
}
