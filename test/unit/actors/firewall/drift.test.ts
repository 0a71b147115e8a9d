import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import {
  createFirewall,
  type DriftReport,
  type KernelBlock,
  type KernelFirewall,
} from '../../../../actors/firewall/index.ts';
import { contentId, type DecisionId } from '../../../../core/base/ids.ts';
import { type Ip, parseCidr } from '../../../../core/base/ip.ts';
import { type Millis, millis, minutes, seconds } from '../../../../core/base/time.ts';
import { FakeKernel } from '../../../../native/nft/fake.ts';
import type { NftOp, NftPort } from '../../../../native/nft/index.ts';
import { MemoryFolder } from '../../../support/memory-folder.ts';
import { settled } from '../../../support/settled.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const TABLE = 'bartizan';
const ATTACKER = '203.0.113.7' as Ip;
const ADMIN = '192.0.2.7';

function bench() {
  const clock = new SimulatedClock();
  const kernel = new FakeKernel(clock, ['192.0.2.10']);
  const wanted = new Map<Ip, KernelBlock>();
  const reports: DriftReport[] = [];
  const allowed = [parseCidr('198.51.100.0/24')].flatMap((net) => (net.ok ? [net.value] : []));
  /** As the port is to behave, and what it was told. */
  const line: Line = { isMute: false, refuses: 0, sets: [] };
  const firewall = createFirewall({
    nft: overhearing(kernel.open(), line),
    clock,
    log: () => {},
    desired: {
      blocks: () => wanted.values(),
      blockCount: () => wanted.size,
      blockOf: (ip) => wanted.get(ip),
      allowed: () => allowed,
      allowedPorts: () => [],
      networks: () => [{ network: '198.18.0.0/24', id: idOf('net'), expiresAt: 'never' }],
      adoptNetworks: async () => {},
      hasEnded: async () => false,
      refuse: async () => {},
      adopt: async (blocks) => {
        for (const block of blocks) wanted.set(block.ip, block);
      },
    },
    settings: { table: TABLE, maxBlocks: 100_000, content: { infra: ['192.0.2.0/24'], denied: ['198.19.0.0/24'] } },
    folder: new MemoryFolder(),
    report: (report) => reports.push(report),
  });
  const want = (ip: string): KernelBlock => {
    const block: KernelBlock = { ip: ip as Ip, id: idOf(ip), expiresAt: 'never' };
    wanted.set(block.ip, block);
    return block;
  };
  const passes = (saddr: string) => kernel.judge({ iif: 'eth0', saddr }) === 'accept';
  /** Somebody else's transaction. */
  const foreign = (...ops: readonly NftOp[]) => kernel.open().commit(TABLE, ops);
  /** Done without a notification. */
  const silently = async (work: () => Promise<unknown>) => {
    line.isMute = true;
    await work();
    line.isMute = false;
  };
  return { clock, kernel, line, silently, wanted, reports, firewall, want, passes, foreign };
}

interface Line {
  isMute: boolean;
  refuses: number;
  sets: readonly string[];
}

function overhearing(port: NftPort, line: Line): NftPort {
  const [watch, ensure] = [port.watch.bind(port), port.ensure.bind(port)];
  port.watch = (table, seen) => watch(table, (change) => (line.isMute ? undefined : seen(change)));
  port.ensure = async (table) => {
    line.sets = table.sets.map(({ name }) => name);
    if (line.refuses-- > 0) return { ok: false, code: 'denied', errno: 1, public: 'refused' };
    return ensure(table);
  };
  return port;
}

const idOf = (text: string) => contentId(millis(1), [text]) as DecisionId;

describe('drift', () => {
  let b: ReturnType<typeof bench>;
  let firewall: KernelFirewall;
  beforeEach(async () => {
    b = bench();
    ({ firewall } = b);
    b.want(ATTACKER);
    await firewall.enable();
  });

  const ratio = () => firewall.enforced()?.ratio;
  /** Lets pass what a repair takes. */
  const repaired = async () => {
    for (let i = 0; i < 5; i++) await settled();
  };
  const isWhole = () => [
    b.passes(ATTACKER),
    b.passes('198.18.0.1'),
    b.passes('198.19.0.1'),
    b.passes(ADMIN),
    b.passes('198.51.100.1'),
  ];
  const WHOLE = [false, false, false, true, true];

  test('while all is well everything is held, nothing is told and nothing repaired', async () => {
    await firewall.enforce([b.want('203.0.113.8')]);
    b.wanted.delete('203.0.113.8' as Ip);
    await firewall.release(['203.0.113.8' as Ip]);
    await firewall.letIn();
    await firewall.blockNetworks();
    b.clock.advance(30_000);
    await repaired();
    assert.deepEqual([ratio(), firewall.enforced()?.lowest, b.reports], [1, 1, []]);
    assert.deepEqual(firewall.repairs(), { table: 0, rules: 0, set: 0, elements: 0, unknown: 0 });
  });

  for (const { what, damage, kind } of [
    { what: 'a removed table', kind: 'table', damage: () => b.kernel.open().drop(TABLE) },
    {
      what: 'removed rules',
      kind: 'rules',
      damage: () => b.kernel.open().ensure({ name: TABLE, sets: [], chains: [] }),
    },
    {
      what: 'a deleted element',
      kind: 'elements',
      damage: () => b.foreign({ kind: 'delete', set: 'blocked4', key: ATTACKER }),
    },
    { what: 'a flushed set', kind: 'elements', damage: () => b.foreign({ kind: 'flush', set: 'blocked4' }) },
    { what: 'a flushed allow list', kind: 'elements', damage: () => b.foreign({ kind: 'flush', set: 'allowed4' }) },
    { what: 'flushed networks', kind: 'elements', damage: () => b.foreign({ kind: 'flush', set: 'blocked_nets4' }) },
  ] as const) {
    test(`${what}: told with its author, seen in the ratio, put back at once`, async () => {
      await damage();
      await repaired();
      assert.deepEqual(isWhole(), WHOLE);
      assert.deepEqual([firewall.state(), ratio()], ['enforcing', 1]);
      assert.ok((firewall.enforced()?.lowest ?? 1) < 1);
      assert.equal(firewall.repairs()[kind], 1);
      assert.deepEqual(
        b.reports.map((report) => report.kind),
        ['damaged'],
      );
      assert.match(b.reports[0]?.message ?? '', /by another-port \(process 1\).*put back after \d+ ms/);
      b.clock.advance(minutes(6));
      assert.equal(firewall.enforced()?.lowest, 1);
    });
  }

  test('the content of infra is put back, and what was added to it by another is taken out', async () => {
    const port = b.kernel.open();
    const set = b.line.sets.find((name) => name.startsWith('infra4')) ?? '';
    const done = await port.commit(TABLE, [
      { kind: 'flush', set },
      { kind: 'add', set, key: '203.0.113.0/24', timeout: 'never' },
    ]);
    assert.ok(done.ok);
    await repaired();
    assert.deepEqual(isWhole(), WHOLE);
  });

  test('an element that nobody decided on goes, one of a decision is adopted', async () => {
    const other = idOf('198.51.99.2');
    await b.foreign(
      { kind: 'add', set: 'blocked4', key: '198.51.99.1', timeout: 'never' },
      { kind: 'add', set: 'blocked4', key: '198.51.99.2', timeout: 'never', comment: other },
    );
    await repaired();
    assert.deepEqual([b.passes('198.51.99.1'), b.passes('198.51.99.2')], [true, false]);
    assert.equal(b.wanted.get('198.51.99.2' as Ip)?.id, other);
  });

  test('a block that ends by itself is no damage', async () => {
    b.wanted.set(ATTACKER, { ...b.want(ATTACKER), expiresAt: (b.clock.now() + 3000) as Millis });
    await firewall.enforce([...b.wanted.values()]);
    b.clock.advance(seconds(4));
    b.wanted.delete(ATTACKER);
    b.clock.advance(seconds(30));
    await repaired();
    assert.deepEqual([b.reports, ratio()], [[], 1]);
  });

  test('lost notifications: what is missing is found, put back and told', async () => {
    await b.silently(() => b.foreign({ kind: 'flush', set: 'blocked4' }));
    b.kernel.loseNotifications();
    await repaired();
    assert.deepEqual([b.passes(ATTACKER), firewall.repairs().unknown], [false, 1]);
    assert.match(b.reports[0]?.message ?? '', /1 blocks were missing/);
  });

  test('lost notifications and nothing missing: nothing is told', async () => {
    b.kernel.loseNotifications();
    await repaired();
    assert.deepEqual([b.reports, ratio()], [[], 1]);
  });

  test('without notifications, looking finds rules and blocks that are gone', async () => {
    await b.silently(() => b.foreign({ kind: 'flush', set: 'blocked4' }));
    for (let i = 0; i < 3; i++) {
      b.clock.advance(5000);
      await repaired();
    }
    assert.equal(b.passes(ATTACKER), false);
    assert.match(b.reports[0]?.message ?? '', /by an unknown program/);
    await b.silently(() => b.kernel.open().ensure({ name: TABLE, sets: [], chains: [] }));
    b.clock.advance(5000);
    await repaired();
    assert.deepEqual(isWhole(), WHOLE);
  });

  test('a link that comes back is taken at once, whatever pause was on', async () => {
    b.kernel.failNext('denied', 1);
    b.kernel.failNext('denied', 1);
    await firewall.enforce([b.want('203.0.113.9')]);
    assert.equal(firewall.state(), 'degraded');
    assert.ok((ratio() ?? 1) < 1);
    b.kernel.loseNotifications('again');
    await repaired();
    assert.equal(firewall.state(), 'enforcing');
    assert.equal(b.passes('203.0.113.9'), false);
  });

  for (const [kind, state] of [
    ['again', 'enforcing'],
    ['lost', 'degraded'],
  ] as const) {
    test(`notifications ${kind} 50 times in a second: ${state}`, async () => {
      for (let i = 0; i < 50; i++) {
        b.kernel.loseNotifications(kind);
        await repaired();
        b.clock.advance(20);
      }
      assert.equal(firewall.state(), state);
    });
  }

  test('calls that fail because the link to the kernel was lost are nobody’s doing', async () => {
    for (let i = 0; i < 30; i++) {
      b.kernel.failNext('resync', 0);
      await firewall.enforce([b.want(ATTACKER)]);
    }
    assert.equal(firewall.state(), 'enforcing');
    for (let i = 0; i < 30; i++) {
      b.kernel.failNext('resync', 105);
      await firewall.enforce([b.want(ATTACKER)]);
    }
    assert.equal(firewall.state(), 'degraded');
  });

  test('a repair that the kernel refuses is told, and told again when it is done', async () => {
    b.line.refuses = 1;
    await b.kernel.open().drop(TABLE);
    await repaired();
    assert.equal(firewall.state(), 'degraded');
    assert.match(b.reports[0]?.message ?? '', /could not be put back yet/);
    b.clock.advance(seconds(1));
    await repaired();
    assert.deepEqual(
      b.reports.map(({ kind }) => kind),
      ['damaged', 'repaired'],
    );
  });

  test('a storm is met at first, then with growing pauses and one word; quiet brings the old patience back', async () => {
    for (let i = 0; i < 600; i++) {
      await b.kernel.open().drop(TABLE);
      await repaired();
      b.clock.advance(100);
      await repaired();
    }
    const { table } = firewall.repairs();
    assert.ok(table < 45, `${table} repairs in a minute`);
    assert.equal(b.reports.filter(({ kind }) => kind === 'contested').length, 1);
    assert.ok(b.reports.length <= 6);
    assert.match(firewall.component().message ?? '', /as often as it is repaired/);
    b.clock.advance(seconds(12));
    await repaired();
    assert.deepEqual(isWhole(), WHOLE);
    b.clock.advance(minutes(1));
    await repaired();
    await b.kernel.open().drop(TABLE);
    await repaired();
    assert.deepEqual(isWhole(), WHOLE);
  });

  test('blocks decided in a storm are refused at once and come with the next repair', async () => {
    for (let i = 0; i < 40; i++) {
      await b.kernel.open().drop(TABLE);
      await repaired();
    }
    assert.equal(firewall.state(), 'degraded');
    const block = b.want('203.0.113.20');
    assert.equal((await firewall.enforce([block])).ok, false);
    assert.equal(firewall.holds(block.id), false);
    b.clock.advance(seconds(10));
    await repaired();
    assert.equal(firewall.holds(block.id), true);
  });

  test('a repair during a trial holds it for what is left, and never longer', async () => {
    const end = b.clock.now() + 20_000;
    await firewall.arm({ infra: [], denied: ['192.0.2.0/24'] }, { left: () => millis(end - b.clock.now()) });
    b.clock.advance(5000);
    await repaired();
    await b.kernel.open().drop(TABLE);
    await repaired();
    assert.equal(b.passes(ADMIN), false);
    await b.foreign({ kind: 'flush', set: 'trial' });
    await repaired();
    assert.equal(b.passes(ADMIN), false);
    b.clock.advance(14_999);
    assert.equal(b.passes(ADMIN), false);
    b.clock.advance(1);
    assert.equal(b.passes(ADMIN), true);
    await repaired();
    assert.equal(ratio(), 1);
  });

  test('a chain ahead of ours is told once and left alone', async () => {
    const other = b.kernel.open();
    const chains = [{ name: 'early', hook: 'prerouting', priority: -300, rules: [] }] as const;
    await other.ensure({ name: 'others', sets: [], chains });
    await repaired();
    b.clock.advance(10_000);
    await repaired();
    assert.deepEqual(
      b.reports.map(({ kind }) => kind),
      ['ahead'],
    );
    assert.match(firewall.component().detail ?? '', /inet others early \(prerouting -300\)/);
    assert.equal((await other.counters('others')).ok, true);
    await other.drop('others');
    await repaired();
    assert.equal(firewall.component().detail, undefined);
  });

  test('the witnesses of a canary are not somebody else ahead of ours', async () => {
    const other = b.kernel.open();
    const chains = [{ name: 'before', hook: 'prerouting', priority: -400, rules: [] }] as const;
    await other.ensure({ name: `${TABLE}_canary`, sets: [], chains });
    await repaired();
    assert.deepEqual([b.reports, firewall.component().detail], [[], undefined]);
    await other.ensure({ name: `${TABLE}_canary_too`, sets: [], chains });
    await repaired();
    assert.match(firewall.component().detail ?? '', /inet bartizan_canary_too before/);
  });

  test('what others do after the firewall is off is no matter', async () => {
    await firewall.disable();
    await b.kernel.open().ensure({ name: TABLE, sets: [], chains: [] });
    await repaired();
    assert.deepEqual([firewall.state(), firewall.enforced(), b.reports], ['off', undefined, []]);
  });
});
