import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import {
  createFirewall,
  type DriftReport,
  type KernelFirewall,
  type ListUse,
} from '../../../../actors/firewall/index.ts';
import type { Cidr } from '../../../../core/base/ip.ts';
import { millis, minutes, seconds } from '../../../../core/base/time.ts';
import type { ListColumns } from '../../../../core/respond/lists/columns.ts';
import { FakeKernel } from '../../../../native/nft/fake.ts';
import type { NftOp, NftPort } from '../../../../native/nft/index.ts';
import { cidrs } from '../../../support/cidrs.ts';
import { columnsFrom } from '../../../support/lists.ts';
import { MemoryFolder } from '../../../support/memory-folder.ts';
import { settled } from '../../../support/settled.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const BAD: ListUse = { name: 'bad', kind: 'block', mode: 'enforce', id: 'bad /etc/bad' };
const GOOD: ListUse = { name: 'good', kind: 'allow', mode: 'enforce', id: 'good /etc/good' };
const WATCH: ListUse = { name: 'watch', kind: 'block', mode: 'count', id: 'watch /etc/watch' };
const INFRA = '203.0.113.1';

function bench() {
  const clock = new SimulatedClock();
  const kernel = new FakeKernel(clock, ['203.0.113.10']);
  const desired = new Map<string, ListColumns>();
  let fleet: readonly ListUse[] = [];
  let allowed: readonly Cidr[] = [];
  const folder = new MemoryFolder();
  const reports: DriftReport[] = [];
  const openOn = (nft: NftPort, ...lists: readonly ListUse[]): KernelFirewall =>
    createFirewall({
      nft,
      clock,
      log: () => {},
      desired: {
        blocks: () => [],
        blockOf: () => undefined,
        blockCount: () => 0,
        allowed: () => allowed,
        allowedPorts: () => [],
        networks: () => [],
        adoptNetworks: async () => {},
        hasEnded: async () => false,
        refuse: async () => {},
        adopt: async () => {},
      },
      lists: {
        columnsOf: (id) => desired.get(id),
        stampOf: (id) => (fleet.some((use) => use.id === id) ? '5ba3ed00' : undefined),
        get fleet() {
          return fleet;
        },
      },
      settings: { table: 'bartizan', maxBlocks: 1000, content: contentOf(...lists) },
      folder,
      report: (report) => reports.push(report),
    });
  const open = (...lists: readonly ListUse[]): KernelFirewall => openOn(kernel.open(), ...lists);
  /** Is told nothing of what others do. */
  const openDeaf = (...lists: readonly ListUse[]): KernelFirewall => {
    const port = kernel.open();
    port.watch = async () => ({ ok: false, code: 'denied', errno: 1, public: 'no notifications' });
    return openOn(port, ...lists);
  };
  const list = (use: ListUse, text: string): void => void desired.set(use.id, columnsFrom(text));
  const judge = (saddr: string) => kernel.judge({ iif: 'eth0', saddr });
  const allow = (...texts: readonly string[]): void => {
    allowed = cidrs(...texts);
  };
  const share = (...uses: readonly ListUse[]): void => {
    fleet = uses;
  };
  return { clock, kernel, desired, folder, reports, open, openOn, openDeaf, list, judge, allow, share };
}

const contentOf = (...lists: readonly ListUse[]) => ({ infra: [INFRA], denied: [], lists });

let b: ReturnType<typeof bench>;
beforeEach(() => {
  b = bench();
});

const enabled = async (firewall: KernelFirewall): Promise<KernelFirewall> => {
  await firewall.enable();
  await firewall.lists.changed();
  return firewall;
};

test('what a list names is dropped, of both families, single and in networks', async () => {
  b.list(BAD, '198.51.100.1\n198.51.101.0/24\n2001:db8::1\n2001:db8:1::/48');
  const firewall = await enabled(b.open(BAD));
  for (const ip of ['198.51.100.1', '198.51.101.9', '2001:db8::1', '2001:db8:1::9'])
    assert.equal(b.judge(ip), 'drop', ip);
  for (const ip of ['198.51.100.2', '2001:db8::2']) assert.equal(b.judge(ip), 'accept', ip);
  assert.deepEqual((await firewall.lists.packets()).get('bad'), { packets: 4, bytes: 240 });
  assert.deepEqual(firewall.lists.facts(BAD.id), { inKernel: true, protected: 0 });
});

test('infra, allowed and allow lists win over block lists', async () => {
  b.list(BAD, '198.51.100.0/24\n203.0.113.0/24');
  b.list(GOOD, '198.51.100.7');
  b.allow('198.51.100.8');
  await enabled(b.open(BAD, GOOD));
  assert.deepEqual(['198.51.100.7', '198.51.100.8', INFRA, '198.51.100.9'].map(b.judge), [
    'accept',
    'accept',
    'accept',
    'drop',
  ]);
});

test('own, infra and private addresses are kept out of the sets of a block list', async () => {
  b.list(BAD, '203.0.113.0/24\n10.0.0.0/8\n127.0.0.1\n198.51.100.1');
  const firewall = await enabled(b.open(BAD));
  assert.equal(firewall.lists.facts(BAD.id).protected, 3);
  assert.deepEqual(['203.0.113.10', '10.1.1.1', '203.0.113.11'].map(b.judge), ['accept', 'accept', 'drop']);
});

test('a list in mode count lets pass and counts', async () => {
  b.list(WATCH, '198.51.100.0/24');
  const firewall = await enabled(b.open(WATCH));
  assert.equal(b.judge('198.51.100.1'), 'accept');
  assert.equal((await firewall.lists.packets()).get('watch')?.packets, 1);
});

test('a new generation takes the place of the old one, whose sets go', async () => {
  b.list(BAD, '198.51.100.1');
  const firewall = await enabled(b.open(BAD));
  const [before] = firewall.lists.expected();
  b.list(BAD, '198.51.100.2');
  assert.equal((await firewall.lists.changed()).ok, true);
  assert.deepEqual(['198.51.100.1', '198.51.100.2'].map(b.judge), ['accept', 'drop']);
  const gone = await b.kernel.open().list('bartizan', before?.name ?? '');
  assert.equal(gone.ok ? '' : gone.code, 'missing');
});

test('to switch to a new generation is no damage', async () => {
  b.list(BAD, '198.51.100.1');
  const firewall = await enabled(b.open(BAD));
  b.list(BAD, '198.51.100.2');
  assert.equal((await firewall.lists.changed()).ok, true);
  for (let i = 0; i < 5; i++) {
    b.clock.advance(minutes(1));
    await settled();
  }
  assert.deepEqual([b.reports, firewall.enforced()?.ratio], [[], 1]);
});

test('a generation that the kernel does not take leaves the old one in force, and is tried again', async () => {
  b.list(BAD, '198.51.100.1');
  const firewall = await enabled(b.open(BAD));
  b.list(BAD, '198.51.100.2');
  for (let call = 0; call < 2; call++) b.kernel.failNext('full', 23);
  assert.equal((await firewall.lists.changed()).ok, false);
  assert.deepEqual(['198.51.100.1', '198.51.100.2'].map(b.judge), ['drop', 'accept']);
  assert.equal(firewall.component().state, 'degraded');
  b.clock.advance(seconds(30));
  await settled();
  assert.deepEqual(['198.51.100.1', '198.51.100.2'].map(b.judge), ['accept', 'drop']);
  assert.equal(firewall.component().state, 'ok');
});

test('a process that is started anew goes on by the sets it finds, without a gap', async () => {
  b.list(BAD, '198.51.100.1\n198.51.101.0/24');
  await enabled(b.open(BAD));
  const again = b.open(BAD);
  await again.enable();
  assert.deepEqual(['198.51.100.1', '198.51.101.1'].map(b.judge), ['drop', 'drop']);
});

test('a set that somebody emptied is filled again at the next sync', async () => {
  b.list(BAD, '198.51.100.1\n198.51.101.0/24');
  const firewall = await enabled(b.open(BAD));
  for (const { name } of firewall.lists.expected()) {
    await b.kernel.open().commit('bartizan', [{ kind: 'flush', set: name }]);
  }
  assert.equal(b.judge('198.51.100.1'), 'accept');
  firewall.drifted();
  await settled();
  await firewall.lists.changed();
  assert.deepEqual(['198.51.100.1', '198.51.101.1'].map(b.judge), ['drop', 'drop']);
});

test('a list on trial drops for as long as it is tried, and one taken off is back afterwards', async () => {
  b.list(BAD, '198.51.100.1');
  b.list(WATCH, '198.51.100.2');
  const firewall = await enabled(b.open(BAD));
  const end = b.clock.now() + minutes(1);
  const tried: ListUse = { ...WATCH, mode: 'enforce' };
  await firewall.arm(contentOf(tried), { left: () => millis(end - b.clock.now()) });
  await firewall.lists.changed();
  assert.deepEqual(['198.51.100.1', '198.51.100.2'].map(b.judge), ['accept', 'drop']);
  b.clock.advance(minutes(1));
  assert.deepEqual(['198.51.100.1', '198.51.100.2'].map(b.judge), ['drop', 'accept']);
  await firewall.abandon();
  await firewall.lists.changed();
  assert.deepEqual(['198.51.100.1', '198.51.100.2'].map(b.judge), ['drop', 'accept']);
});

test('what is disabled drops nothing, and drops again when it is enabled', async () => {
  b.list(BAD, '198.51.100.1');
  const firewall = await enabled(b.open(BAD));
  await firewall.disable();
  assert.equal(b.judge('198.51.100.1'), 'accept');
  b.list(BAD, '198.51.100.2');
  assert.equal((await firewall.lists.changed()).ok, true);
  await enabled(firewall);
  assert.deepEqual(['198.51.100.1', '198.51.100.2'].map(b.judge), ['accept', 'drop']);
});

test('texts for nft name no list', async () => {
  b.list(BAD, '198.51.100.1');
  const firewall = await enabled(b.open(BAD));
  assert.doesNotMatch(firewall.rulesetText(contentOf(BAD)), /bad/);
  await firewall.flushed();
  assert.doesNotMatch(b.folder.files.get('confirmed.nft') ?? 'bad', /bad/);
});

const THREE = '198.51.100.1\n198.51.100.3\n198.51.101.0/24';
const repaired = async () => {
  for (let i = 0; i < 10; i++) await settled();
};
/** Somebody else's change of one of a list's sets. */
async function foreign(firewall: KernelFirewall, kind: string, op: (set: string) => NftOp): Promise<void> {
  const set = firewall.lists.expected().find(({ name }) => name.endsWith(kind))?.name ?? assert.fail();
  assert.ok((await b.kernel.open().commit('bartizan', [op(set)])).ok);
}
const bad = async (open: (...lists: readonly ListUse[]) => KernelFirewall) => {
  b.list(BAD, THREE);
  const firewall = await enabled(open(BAD));
  assert.equal(firewall.enforced()?.ratio, 1);
  return firewall;
};

test('entries of lists count as desired, and as held once they are loaded', async () => {
  const bare = await enabled(b.open());
  const empty = bare.enforced()?.desired ?? 0;
  await bare.disable();
  const { desired = 0, held } = (await bad(b.open)).enforced() ?? {};
  // Two rules for the two sets come with them.
  assert.deepEqual([desired - empty, held], [5, desired]);
});

for (const [what, kind, op] of [
  ['a deleted address', 'a4', (set: string): NftOp => ({ kind: 'delete', set, key: '198.51.100.3' })],
  ['a deleted network', 'n4', (set: string): NftOp => ({ kind: 'delete', set, key: '198.51.101.0/24' })],
  ['a flushed set', 'a4', (set: string): NftOp => ({ kind: 'flush', set })],
] as const) {
  test(`${what} of a list is put back at once, and seen`, async () => {
    const firewall = await bad(b.open);
    const before = firewall.lists.expected();
    await foreign(firewall, kind, op);
    await repaired();
    for (const ip of ['198.51.100.1', '198.51.100.3', '198.51.101.1']) assert.equal(b.judge(ip), 'drop', ip);
    assert.deepEqual([firewall.enforced()?.ratio, firewall.repairs().elements], [1, 1]);
    assert.ok((firewall.enforced()?.lowest ?? 1) < 1);
    assert.deepEqual(firewall.lists.expected(), before);
  });

  test(`${what} of a list is found without notifications, and put back`, async () => {
    const firewall = await bad(b.openDeaf);
    await foreign(firewall, kind, op);
    b.clock.advance(seconds(5));
    await repaired();
    for (const ip of ['198.51.100.1', '198.51.100.3', '198.51.101.1']) assert.equal(b.judge(ip), 'drop', ip);
    assert.deepEqual([firewall.enforced()?.ratio, firewall.repairs().set], [1, 1]);
  });
}

test('what another adds to a set of a list goes with the set, also when it deletes it again', async () => {
  const firewall = await bad(b.open);
  const key = '198.51.100.9';
  await foreign(firewall, 'a4', (set) => ({ kind: 'add', set, key, timeout: 'never' }));
  await repaired();
  assert.deepEqual([b.judge(key), b.judge('198.51.100.1')], ['accept', 'drop']);
  await foreign(firewall, 'a4', (set) => ({ kind: 'add', set, key, timeout: 'never' }));
  await foreign(firewall, 'a4', (set) => ({ kind: 'delete', set, key }));
  await repaired();
  assert.deepEqual([b.judge(key), b.judge('198.51.100.1'), firewall.enforced()?.ratio], ['accept', 'drop', 1]);
});

test('a list of the fleet is in force whatever the settings name, and goes with one word', async () => {
  b.share(BAD);
  b.list(BAD, '198.51.100.1\n198.51.101.0/24');
  const firewall = await enabled(b.open());
  assert.deepEqual(['198.51.100.1', '198.51.101.5', '198.51.100.2'].map(b.judge), ['drop', 'drop', 'accept']);
  await firewall.follow(contentOf());
  assert.equal(b.judge('198.51.100.1'), 'drop');
  b.share();
  assert.ok((await firewall.lists.changed()).ok);
  assert.equal(b.judge('198.51.100.1'), 'accept');
});

test('a generation that differs in little changes the sets in force, in one transaction', async () => {
  b.share(BAD);
  b.list(BAD, '198.51.100.1\n198.51.100.2\n198.51.101.0/24\n2001:db8::1');
  const port = b.kernel.open();
  const commits: (readonly NftOp[])[] = [];
  const { commit, load } = port;
  let loads = 0;
  port.commit = (table, ops) => {
    commits.push(ops);
    return commit.call(port, table, ops);
  };
  port.load = (...given) => {
    loads++;
    return load.apply(port, given);
  };
  const firewall = await enabled(b.openOn(port));
  loads = 0;
  commits.length = 0;
  b.list(BAD, '198.51.100.2\n198.51.100.3\n198.51.101.0/25\n2001:db8::1');
  assert.ok((await firewall.lists.changed()).ok);
  assert.equal(loads, 0);
  assert.deepEqual(
    commits.map((ops) => ops.map((op) => `${op.kind} ${'key' in op ? op.key : ''}`).sort()),
    [['add 198.51.100.3', 'add 198.51.101.0/25', 'delete 198.51.100.1', 'delete 198.51.101.0/24']],
  );
  const judged = ['198.51.100.1', '198.51.100.3', '198.51.101.1', '198.51.101.200', '2001:db8::1'].map(b.judge);
  assert.deepEqual(judged, ['accept', 'drop', 'drop', 'accept', 'drop']);
  assert.deepEqual(firewall.lists.facts(BAD.id), { inKernel: true, protected: 0 });
  // A process that is started anew finds its own sets.
  loads = 0;
  await firewall.close();
  await enabled(b.openOn(port));
  assert.equal(loads, 0);
});

test('where the sets do not hold what they should, the next generation is filled beside', async () => {
  b.share(BAD);
  b.list(BAD, '198.51.100.1\n198.51.100.2');
  const port = b.kernel.open();
  const firewall = await enabled(b.openOn(port));
  const { commit } = port;
  let isBroken = true;
  port.commit = (table, ops) => {
    if (!isBroken) return commit.call(port, table, ops);
    isBroken = false;
    return Promise.resolve({ ok: false, code: 'missing', errno: 2, public: 'no such element' });
  };
  b.list(BAD, '198.51.100.2\n198.51.100.3');
  assert.ok((await firewall.lists.changed()).ok);
  assert.deepEqual(['198.51.100.1', '198.51.100.2', '198.51.100.3'].map(b.judge), ['accept', 'drop', 'drop']);
});
