import assert from 'node:assert/strict';
import { test } from 'node:test';
import type {
  ChainDeclaration,
  HooklessChain,
  LogDeclaration,
  Match,
  Rate,
  RuleDeclaration,
  SetDeclaration,
  TableDeclaration,
  VerdictDeclaration,
} from '../../native/nft/declaration.ts';
import { everything, MATCHES, METERS, meterOf, SETS } from '../support/nft-vocabulary.ts';
import { done, flush, type Ground, keys, refused } from './nft-suite-ground.ts';

const RATE: Rate = { packets: 10, per: 'second', burst: 5 };
const base = (...rules: readonly RuleDeclaration[]): ChainDeclaration => ({
  name: 'base',
  hook: 'prerouting',
  priority: -190,
  rules,
});
const drop = (...when: readonly Match[]): RuleDeclaration => ({ when, verdict: 'drop' });
const counted = (counter: string): RuleDeclaration => ({ ...drop({ match: 'saddr', set: 'v4' }), counter });
const on = (...targets: readonly string[]): readonly RuleDeclaration[] =>
  targets.map((jump) => ({ when: [], verdict: { jump } }));
const chain = (name: string, rules: readonly RuleDeclaration[] = []): HooklessChain => ({ name, rules });

export function ruleCases(ground: () => Ground): void {
  let made = 0;
  const fresh = (): string => `rules${++made}`;
  const table = (name: string, ...chains: readonly ChainDeclaration[]): TableDeclaration => ({
    name,
    sets: [...SETS, ...METERS],
    chains,
  });
  const counters = async (name: string) => done(await ground().port.counters(name)).map((each) => each.name);

  for (const [what, when] of Object.entries(MATCHES)) {
    test(`a rule on ${what} is taken, and taken again`, async () => {
      const { port } = ground();
      const name = fresh();
      const declared = table(name, base({ when, verdict: 'drop', counter: 'c' }));
      done(await port.ensure(declared));
      done(await port.ensure(declared));
      assert.deepEqual(done(await port.counters(name)), [{ name: 'c', packets: 0, bytes: 0 }]);
      done(await port.drop(name));
    });
  }

  for (const [what, verdict] of Object.entries({
    accept: 'accept',
    drop: 'drop',
    return: 'return',
    continue: 'continue',
    goto: { goto: 'aside' },
    jump: { jump: 'aside' },
  } satisfies Record<string, VerdictDeclaration>)) {
    test(`a rule ends in: ${what}`, async () => {
      const { port } = ground();
      const name = fresh();
      done(await port.ensure(table(name, base({ when: [], counter: 'c', verdict }), chain('aside'))));
      assert.deepEqual(await counters(name), ['c']);
      done(await port.drop(name));
    });
  }

  test('everything at once is taken, twice, and taken away', async () => {
    const { port } = ground();
    const name = fresh();
    done(await port.ensure(everything(name)));
    const print = done(await port.fingerprint(name));
    done(await port.ensure(everything(name)));
    assert.equal(done(await port.fingerprint(name)), print);
    assert.deepEqual(await counters(name), ['matched', 'dropped', 'seen', 'logged', 'further']);
    done(await port.ensure({ name, sets: [], chains: [] }));
    assert.deepEqual(await counters(name), []);
    done(await port.drop(name));
  });

  test('rules may share a counter, told once, by the first that uses it', async () => {
    const { port } = ground();
    const name = fresh();
    done(await port.ensure(table(name, base(counted('b'), counted('a'), counted('b')), chain('x', [counted('a')]))));
    assert.deepEqual(await counters(name), ['b', 'a']);
    done(await port.ensure(table(name, base(counted('a')), chain('x', [counted('b')]))));
    assert.deepEqual(await counters(name), ['a', 'b']);
    done(await port.ensure(table(name, base(), chain('x', [counted('b')]))));
    assert.deepEqual(await counters(name), ['b']);
  });

  test('a meter keeps its sources while its rule allows the same, however the rules around it change', async () => {
    const { port } = ground();
    const name = fresh();
    const metered = (rate: Rate): RuleDeclaration => drop({ match: 'over', rate, per: 'rate4' });
    done(await port.ensure(table(name, base(metered(RATE)))));
    done(await port.ensure(table(name, base(counted('c'), metered({ ...RATE })), chain('x'))));
    done(await port.ensure(table(name, base(metered({ ...RATE, burst: 6 })))));
    assert.deepEqual(await keys(port, name, 'rate4'), []);
    done(await port.ensure(table(name, base())));
    done(await port.ensure(table(name, base(drop({ match: 'connections', over: 3, per: 'open4' })))));
    done(await port.ensure(table(name, base(drop({ match: 'connections', over: 4, per: 'open4' })))));
  });

  test('nothing is added to a meter by hand; it may be flushed', async () => {
    const { port } = ground();
    const name = fresh();
    done(await port.ensure(table(name, base(drop({ match: 'over', rate: RATE, per: 'rate4' })))));
    const add = { kind: 'add', set: 'rate4', key: '192.0.2.1', timeout: 'never' } as const;
    assert.match(refused(await port.commit(name, [add]), 'invalid', 0).public, /rule/);
    refused(await port.commit(name, [{ kind: 'delete', set: 'rate4', key: '192.0.2.1' }]), 'missing', 0);
    const packed = { family: 4, bytes: Uint8Array.of(192, 0, 2, 1) } as const;
    refused(await port.load(name, 'rate4', packed), 'invalid');
    done(await port.commit(name, [flush('rate4')]));
  });

  test('a set that becomes a meter, or none any more, is made anew', async () => {
    const { port } = ground();
    const name = fresh();
    const plain: SetDeclaration = { name: 's', family: 4, interval: false, timeout: true, size: 1000 };
    const metered = {
      name,
      sets: [meterOf('s', 4, true)],
      chains: [base(drop({ match: 'over', rate: RATE, per: 's' }))],
    };
    done(await port.ensure({ name, sets: [plain], chains: [base(drop({ match: 'saddr', set: 's' }))] }));
    done(await port.commit(name, [{ kind: 'add', set: 's', key: '192.0.2.1', timeout: 'never' }]));
    done(await port.ensure(metered));
    assert.deepEqual(await keys(port, name, 's'), []);
    done(await port.ensure({ name, sets: [plain], chains: [] }));
    done(await port.commit(name, [{ kind: 'add', set: 's', key: '192.0.2.1', timeout: 'never' }]));
  });

  test('15 jumps lead on, 16 are refused', async () => {
    const { port } = ground();
    const name = fresh();
    const deep = (jumps: number): readonly ChainDeclaration[] =>
      Array.from({ length: jumps }, (_, i) => chain(`c${i}`, i + 1 < jumps ? on(`c${i + 1}`) : []));
    done(await port.ensure(table(name, base(...on('c0')), ...deep(15))));
    assert.match(refused(await port.ensure(table(name, base(...on('c0')), ...deep(16))), 'invalid').public, /15 jumps/);
  });

  test('many ways through few chains are refused before the kernel walks them', async () => {
    const { port } = ground();
    const chains = Array.from({ length: 10 }, (_, i) =>
      chain(`c${i}`, i < 9 ? on(...Array<string>(50).fill(`c${i + 1}`)) : []),
    );
    assert.match(refused(await port.ensure(table(fresh(), base(...on('c0')), ...chains)), 'invalid').public, /ways/);
  });

  for (const [what, chains] of Object.entries({
    'to itself': [base(...on('a')), chain('a', on('a'))],
    'round two': [base(), chain('a', on('b')), chain('b', on('a'))],
    'round three, by goto': [
      base(...on('a')),
      chain('a', on('b')),
      chain('b', [{ when: [], verdict: { goto: 'c' } }]),
      chain('c', on('a')),
    ],
  } satisfies Record<string, readonly ChainDeclaration[]>)) {
    test(`a chain that leads ${what} is refused`, async () => {
      const { port } = ground();
      assert.match(refused(await port.ensure(table(fresh(), ...chains)), 'invalid').public, /round: a, /);
    });
  }

  const name = 'rules_refused';
  const over = (more: Partial<Rate>): Match => ({ match: 'over', rate: { ...RATE, ...more } });
  const logs = (more: Partial<LogDeclaration>, verdict: VerdictDeclaration = 'continue'): RuleDeclaration => ({
    when: [],
    verdict,
    log: { prefix: 'p: ', rate: RATE, ...more } as LogDeclaration,
  });
  const refusals: Readonly<Record<string, RuleDeclaration>> = {
    'a condition that there is not': drop({ match: 'oif', name: 'lo' } as never),
    'seventeen conditions': drop(...Array<Match>(17).fill({ match: 'syn' })),
    'a destination in a set that is not there': drop({ match: 'daddr', set: 'nowhere' }),
    'a source among ports': drop({ match: 'saddr', set: 'port' }),
    'a source in a meter': drop({ match: 'saddr', set: 'rate4' }),
    'a port among addresses': drop({ match: 'dport', protocol: 'tcp', set: 'v4' }),
    'a service among addresses': drop({ match: 'saddr+port', set: 'v4' }),
    'a source among services': drop({ match: 'saddr', set: 'from4' }),
    'another family': drop({ match: 'nfproto', family: 5 as never }),
    'another protocol': drop({ match: 'protocol', protocol: 'sctp' as never }),
    'a port of ICMP': drop({ match: 'dport', protocol: 'icmp' as never, port: 1 }),
    'port 0': drop({ match: 'dport', protocol: 'tcp', port: 0 }),
    'port 65,536': drop({ match: 'dport', protocol: 'udp', port: 65_536 }),
    'half a port': drop({ match: 'dport', protocol: 'udp', port: 1.5 }),
    'no states': drop({ match: 'ct', states: [] }),
    'a state twice': drop({ match: 'ct', states: ['new', 'new'] }),
    'another state': drop({ match: 'ct', states: ['untracked' as never] }),
    'no ICMP types': drop({ match: 'icmp', family: 4, types: [] }),
    'ICMP type 256': drop({ match: 'icmp', family: 4, types: [256] }),
    'an ICMP type twice': drop({ match: 'icmp', family: 6, types: [128, 128] }),
    'ICMP of another family': drop({ match: 'icmp', family: 5 as never, types: [1] }),
    'both families': drop({ match: 'saddr', set: 'v4' }, { match: 'daddr', set: 'net6' }),
    'a family and ICMP of the other': drop({ match: 'nfproto', family: 4 }, { match: 'icmp', family: 6, types: [128] }),
    'a family and a meter of the other': drop(
      { match: 'nfproto', family: 6 },
      { match: 'over', rate: RATE, per: 'rate4' },
    ),
    'two protocols': drop({ match: 'syn' }, { match: 'dport', protocol: 'udp', port: 53 }),
    'a rate of none': drop(over({ packets: 0 })),
    'a rate of too many': drop(over({ packets: 1_000_001 })),
    'half a packet': drop(over({ packets: 0.5 })),
    'no burst': drop(over({ burst: 0 })),
    'a rate per day': drop(over({ per: 'day' as never })),
    'a burst that takes more than a day': drop(over({ packets: 10, per: 'hour', burst: 241 })),
    'a rate in a set that is no meter': drop({ match: 'over', rate: RATE, per: 'v4' }),
    'a rate in a meter without timeouts': drop({ match: 'over', rate: RATE, per: 'open4' }),
    'a rate in a meter that is not there': drop({ match: 'over', rate: RATE, per: 'nowhere' }),
    'connections in a meter with timeouts': drop({ match: 'connections', over: 5, per: 'rate4' }),
    'no connections': drop({ match: 'connections', over: 0, per: 'open4' }),
    'two meters in one set': drop(
      { match: 'over', rate: RATE, per: 'rate4' },
      { match: 'over', rate: RATE, per: 'rate4' },
    ),
    'a verdict that there is not': { when: [], verdict: 'reject' as never },
    'a jump to a chain that is not there': { when: [], verdict: { jump: 'nowhere' } },
    'a jump to a base chain': { when: [], verdict: { jump: 'base' } },
    'nothing to do': { when: [{ match: 'syn' }], verdict: 'continue' },
    'a log that drops': logs({}, 'drop'),
    'a log without a prefix': logs({ prefix: '' }),
    'a log prefix with a quote': logs({ prefix: 'a"b' }),
    'a log prefix of 64': logs({ prefix: 'x'.repeat(64) }),
    'another log level': logs({ level: 'emerg' as never }),
    'a group and a level': logs({ group: 1, level: 'info' } as never),
    'group 65,536': logs({ group: 65_536 } as never),
    'a log of too high a rate': logs({ rate: { ...RATE, packets: 1_000_001 } }),
  };
  for (const [what, rule] of Object.entries(refusals)) {
    test(`a rule is refused: ${what}`, async () => {
      const { port } = ground();
      const refusal = refused(await port.ensure(table(name, base(drop({ match: 'syn' }), rule))), 'invalid');
      assert.match(refusal.public, /chain base, rule 2: /);
      refused(await port.counters(name), 'missing');
    });
  }

  const meter = meterOf('m', 4, true);
  for (const [what, set] of Object.entries({
    'without a size': { name: 'm', family: 4, interval: false, timeout: true, dynamic: true },
    'of networks': { ...meter, interval: true },
    'of ports': { ...meter, family: 'port' },
    'of families': { ...meter, family: 'either' },
    'of services': { ...meter, family: '4+port' },
    'that begins with a source': { ...meter, elements: [{ key: '192.0.2.1', timeout: 'never' }] },
    'that counts each element': { ...meter, counters: true },
  } satisfies Record<string, SetDeclaration>)) {
    test(`a meter is refused: ${what}`, async () => {
      refused(await ground().port.ensure({ name, sets: [set], chains: [] }), 'invalid');
    });
  }

  for (const [what, most, match] of [
    ['conditions of several ICMP types', 256, { match: 'icmp', family: 4, types: [0, 8] }],
    ['conditions', 65_536, { match: 'syn' }],
  ] as const) {
    test(`a table has at most ${most} ${what}`, async () => {
      const { port } = ground();
      const each = Math.min(16, most / 64);
      const rules = Array.from({ length: most / 64 / each }, () => drop(...Array.from({ length: each }, () => match)));
      const chains = Array.from({ length: 64 }, (_, i) => ({ name: `c${i}`, rules }));
      const costly = { name, sets: [], chains };
      done(await port.ensure(costly));
      done(await port.drop(name));
      const one = { name: 'c63', rules: [...rules, drop(match)] };
      const refusal = refused(await port.ensure({ ...costly, chains: chains.with(63, one) }), 'invalid');
      assert.match(refusal.public, new RegExp(`at most ${most} ${what}`));
    });
  }
}
