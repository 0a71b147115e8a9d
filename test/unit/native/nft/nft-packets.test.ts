import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { millis } from '../../../../core/base/time.ts';
import type {
  ChainDeclaration,
  RuleDeclaration,
  SetDeclaration,
  TableDeclaration,
} from '../../../../native/nft/declaration.ts';
import { FakeKernel } from '../../../../native/nft/fake.ts';
import type { FakePacket } from '../../../../native/nft/fake-judge.ts';
import { done, keys } from '../../../contract/nft-suite-ground.ts';
import { meterOf } from '../../../support/nft-vocabulary.ts';
import { HOST, PACKET_CASES } from '../../../support/packet-cases.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const TABLE = 'bartizan';
const base = (rules: readonly RuleDeclaration[]): ChainDeclaration => ({
  name: 'base',
  hook: 'prerouting',
  priority: -190,
  rules,
});
const declare = (sets: readonly SetDeclaration[], ...chains: readonly ChainDeclaration[]): TableDeclaration => ({
  name: TABLE,
  sets,
  chains,
});
const from = (saddr: string, more: Partial<FakePacket> = {}): FakePacket => ({
  iif: 'eth0',
  saddr,
  protocol: 'udp',
  dport: 53,
  ...more,
});

/** The real kernel judges the same packets in test/system/nft-rule-packets.test.ts. */
describe('the fake judges packets', () => {
  const open = () => {
    const clock = new SimulatedClock();
    const kernel = new FakeKernel(clock, ['127.0.0.1', '::1', HOST[4], HOST[6]]);
    return { clock, kernel, port: kernel.open() };
  };

  for (const [what, { when, sets = [], packets }] of Object.entries(PACKET_CASES)) {
    test(`by ${what}`, async () => {
      const { kernel, port } = open();
      done(await port.ensure(declare(sets, base([{ when, verdict: 'drop', counter: 'hit' }]))));
      const judged = packets.map(([packet]) => kernel.judge(packet) === 'drop');
      assert.deepEqual(
        judged,
        packets.map(([, isHit]) => isHit),
      );
      const [counter] = done(await port.counters(TABLE));
      assert.equal(counter?.packets, judged.filter(Boolean).length);
    });
  }

  test('a bucket fills again with time, and no further than its burst', async () => {
    const { clock, kernel, port } = open();
    const rate = { packets: 10, per: 'second', burst: 3 } as const;
    const rules = [{ when: [{ match: 'over', rate, per: 'm' }], verdict: 'drop' }] as const;
    done(await port.ensure(declare([meterOf('m', 4, true)], base(rules))));
    const passed = (count: number): number =>
      Array.from({ length: count }, () => kernel.judge(from('192.0.2.9'))).filter((verdict) => verdict === 'accept')
        .length;
    assert.equal(passed(10), 3);
    clock.advance(99);
    assert.equal(passed(10), 0);
    clock.advance(1);
    assert.equal(passed(10), 1);
    clock.advance(250);
    assert.equal(passed(10), 2);
    clock.advance(100_000);
    assert.equal(passed(10), 3);
  });

  test('a source is in the meter until its bucket must be full again', async () => {
    const { clock, kernel, port } = open();
    const rate = { packets: 10, per: 'minute', burst: 20 } as const;
    const rules = [{ when: [{ match: 'over', rate, per: 'm' }], verdict: 'drop' }] as const;
    done(await port.ensure(declare([meterOf('m', 6, true)], base(rules))));
    kernel.judge(from('2001:db8::1:2:3:4'));
    assert.deepEqual(done(await port.list(TABLE, 'm')), [{ key: '2001:db8::', timeout: millis(120_000) }]);
    clock.advance(60_000);
    kernel.judge(from('2001:db8::9'));
    clock.advance(119_999);
    assert.deepEqual(await keys(port, TABLE, 'm'), ['2001:db8::']);
    clock.advance(1);
    assert.deepEqual(await keys(port, TABLE, 'm'), []);
  });

  test('sources and counts outlive a change of other rules, not one of what the meter allows', async () => {
    const { kernel, port } = open();
    const with_ = (burst: number, ...more: readonly RuleDeclaration[]): TableDeclaration =>
      declare(
        [meterOf('m', 4, true)],
        base([
          ...more,
          {
            when: [{ match: 'over', rate: { packets: 1, per: 'hour', burst }, per: 'm' }],
            verdict: 'drop',
            counter: 'over',
          },
        ]),
      );
    done(await port.ensure(with_(1)));
    const judge = (): string => kernel.judge(from('192.0.2.9'));
    assert.deepEqual([judge(), judge()], ['accept', 'drop']);
    done(await port.ensure(with_(1, { when: [{ match: 'syn' }], verdict: 'accept' })));
    assert.equal(judge(), 'drop');
    assert.equal(done(await port.counters(TABLE))[0]?.packets, 2);
    done(await port.ensure(with_(2)));
    assert.deepEqual([judge(), judge(), judge()], ['accept', 'accept', 'drop']);
  });

  test('a connection counts until it ends; one that is dropped does not count', async () => {
    const { kernel, port } = open();
    const rules = [{ when: [{ match: 'connections', over: 2, per: 'm' }], verdict: 'drop' }] as const;
    done(await port.ensure(declare([meterOf('m', 4, false)], base(rules))));
    const judge = (connection: string): string => kernel.judge(from('192.0.2.9', { connection }));
    assert.deepEqual([judge('a'), judge('b'), judge('c'), judge('a')], ['accept', 'accept', 'drop', 'accept']);
    kernel.end('b');
    assert.deepEqual([judge('c'), judge('b')], ['accept', 'drop']);
  });

  test('jump comes back, goto does not, return goes back at once; accept ends one base chain', async () => {
    const { kernel, port } = open();
    const is = (dport: number, verdict: RuleDeclaration['verdict'], counter?: string): RuleDeclaration => ({
      when: [{ match: 'dport', protocol: 'udp', port: dport }],
      verdict,
      ...(counter === undefined ? {} : { counter }),
    });
    done(
      await port.ensure(
        declare(
          [],
          base([
            is(1, { jump: 'a' }),
            is(1, 'continue', 'back'),
            is(2, { goto: 'a' }),
            is(2, 'drop'),
            is(3, 'return'),
            is(3, 'drop'),
            is(4, 'accept'),
            is(4, 'drop'),
          ]),
          { name: 'a', rules: [is(1, { goto: 'b' }), is(1, 'drop'), is(2, { jump: 'b' }), is(2, 'continue', 'came')] },
          { name: 'b', rules: [is(1, 'return'), is(1, 'drop')] },
          { name: 'late', hook: 'input', priority: 5, rules: [is(4, 'drop')] },
        ),
      ),
    );
    assert.deepEqual(
      [1, 2, 3, 4].map((dport) => kernel.judge(from('192.0.2.9', { dport }))),
      ['accept', 'accept', 'accept', 'drop'],
    );
    assert.deepEqual(
      done(await port.counters(TABLE)).map(({ name, packets }) => [name, packets]),
      [
        ['back', 1],
        ['came', 1],
      ],
    );
  });

  test('logs tell of packets as far as their rate goes, and decide nothing', async () => {
    const { clock, kernel, port } = open();
    const rate = { packets: 1, per: 'second', burst: 2 } as const;
    done(
      await port.ensure(
        declare(
          [],
          base([
            { when: [], verdict: 'continue', counter: 'all', log: { prefix: 'drop: ', rate } },
            { when: [{ match: 'syn' }], verdict: 'continue', log: { prefix: 'syn: ', rate, group: 7 } },
            { when: [], verdict: 'drop' },
          ]),
        ),
      ),
    );
    for (let i = 0; i < 5; i++) assert.equal(kernel.judge(from('192.0.2.9')), 'drop');
    clock.advance(1000);
    kernel.judge(from('192.0.2.9', { protocol: 'tcp', flags: ['syn'] }));
    assert.deepEqual(
      kernel.logged.map(({ prefix, to }) => [prefix, to]),
      [
        ['drop: ', 'kernel'],
        ['drop: ', 'kernel'],
        ['drop: ', 'kernel'],
        ['syn: ', 7],
      ],
    );
    assert.equal(done(await port.counters(TABLE))[0]?.packets, 6);
  });
});
