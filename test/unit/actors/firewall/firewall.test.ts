import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { createFirewall, type KernelBlock, type KernelNetwork } from '../../../../actors/firewall/index.ts';
import { contentId, type DecisionId } from '../../../../core/base/ids.ts';
import { type Ip, parseCidr } from '../../../../core/base/ip.ts';
import { days, hours, millis, plus, seconds } from '../../../../core/base/time.ts';
import { FakeKernel } from '../../../../native/nft/fake.ts';
import { MemoryFolder } from '../../../support/memory-folder.ts';
import { settled } from '../../../support/settled.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const cidrs = (text: string) => {
  const net = parseCidr(text);
  return net.ok ? [net.value] : [];
};

function bench(infra: readonly string[] = [], maxBlocks = 1000) {
  const clock = new SimulatedClock();
  const kernel = new FakeKernel(clock, ['192.0.2.10']);
  const wanted = new Map<Ip, KernelBlock>();
  const ended = new Set<DecisionId>();
  const networks = new Map<string, KernelNetwork>();
  const adopted: KernelBlock[] = [];
  const refused: KernelBlock[] = [];
  const allowed: string[] = [];
  const open = () =>
    createFirewall({
      nft: kernel.open(),
      clock,
      log: () => {},
      desired: {
        blocks: () => wanted.values(),
        blockCount: () => wanted.size,
        blockOf: (ip) => wanted.get(ip),
        networks: () => networks.values(),
        adoptNetworks: async (found) => {
          for (const network of found) networks.set(network.network, network);
        },
        allowed: () => allowed.flatMap((text) => cidrs(text)),
        allowedPorts: () => [],
        hasEnded: async (id) => ended.has(id),
        refuse: async (blocks) => {
          refused.push(...blocks);
          for (const { ip } of blocks) wanted.delete(ip);
        },
        adopt: async (blocks) => {
          adopted.push(...blocks);
          for (const block of blocks) wanted.set(block.ip, block);
        },
      },
      settings: { table: 'bartizan', maxBlocks, content: { infra, denied: [] } },
      folder: new MemoryFolder(),
    });
  /** What a process that has ended leaves in the kernel. */
  const earlierRun = async () => {
    const firewall = open();
    await firewall.enable();
    await firewall.close();
  };
  const want = (ip: string, id = ip, at = 1): KernelBlock => {
    const block = {
      ip: ip as Ip,
      id: contentId(millis(at), [id]) as DecisionId,
      expiresAt: plus(clock.now(), hours(1)),
    };
    wanted.set(block.ip, block);
    return block;
  };
  const held = async (set = 'blocked4') => {
    const listed = await kernel.open().list('bartizan', set);
    return listed.ok ? listed.value.map(({ key, comment }) => `${key} ${comment ?? '-'}`).sort() : listed.code;
  };
  const passes = (saddr: string) => kernel.judge({ iif: 'eth0', saddr }, 'input');
  return { clock, kernel, wanted, networks, ended, adopted, refused, allowed, open, earlierRun, want, held, passes };
}

describe('the firewall', () => {
  let b: ReturnType<typeof bench>;
  beforeEach(() => {
    b = bench();
  });

  test('before it is enabled the kernel is not touched', async () => {
    const firewall = b.open();
    const refused = await firewall.enforce([b.want('203.0.113.7')]);
    assert.equal(refused.ok, false);
    assert.equal(await b.held(), 'missing');
    assert.equal(firewall.component().state, 'off');
  });

  test('enabling puts in what is wanted, for both families', async () => {
    b.want('203.0.113.7');
    b.want('2001:db8::7');
    const firewall = b.open();
    await firewall.enable();
    assert.equal(firewall.state(), 'enforcing');
    assert.deepEqual(
      [b.passes('203.0.113.7'), b.passes('2001:db8::7'), b.passes('203.0.113.8')],
      ['drop', 'drop', 'accept'],
    );
  });

  test('infra passes though it be blocked, overlaps and all', async () => {
    b = bench(['203.0.113.0/24', '203.0.113.7', '2001:db8::/32']);
    b.want('203.0.113.7');
    await b.open().enable();
    assert.equal(b.passes('203.0.113.7'), 'accept');
  });

  test('a second start keeps, replaces, removes, adopts', async () => {
    const stays = b.want('203.0.113.1');
    const changes = b.want('203.0.113.2', 'old');
    const goes = b.want('203.0.113.3');
    const unknown = b.want('203.0.113.4');
    await b.earlierRun();
    b.wanted.delete(goes.ip);
    b.ended.add(goes.id);
    b.wanted.delete(unknown.ip);
    const changed = b.want(changes.ip, 'new');
    const added = b.want('203.0.113.5');
    await b.open().enable();
    assert.deepEqual(
      await b.held(),
      [stays, changed, unknown, added].map(({ ip, id }) => `${ip} ${id}`),
    );
    assert.deepEqual(
      b.adopted.map(({ ip, id }) => [ip, id]),
      [[unknown.ip, unknown.id]],
    );
  });

  test('an element without a decision is no block of ours and goes', async () => {
    await b.open().enable();
    const port = b.kernel.open();
    await port.commit('bartizan', [
      { kind: 'add', set: 'blocked4', key: '203.0.113.9', timeout: 'never', comment: 'by hand' },
    ]);
    await b.open().enable();
    assert.deepEqual(await b.held(), []);
  });

  test('a new timeout replaces the old one; releasing twice is no error', async () => {
    const firewall = b.open();
    await firewall.enable();
    const block = b.want('203.0.113.7');
    await firewall.enforce([block]);
    await firewall.enforce([{ ...block, expiresAt: plus(b.clock.now(), seconds(10)) }]);
    b.clock.advance(10_001);
    assert.equal(b.passes('203.0.113.7'), 'accept');
    assert.ok((await firewall.release(['203.0.113.7' as Ip])).ok);
    assert.ok((await firewall.release(['203.0.113.7' as Ip])).ok);
  });

  test('a refused sync is told, tried again with growing patience, and heals', async () => {
    b.want('203.0.113.7');
    b.kernel.failNext('denied', 1);
    const firewall = b.open();
    await firewall.enable();
    assert.equal(firewall.state(), 'degraded');
    assert.match(firewall.component().message ?? '', /./);
    b.kernel.failNext('denied', 1);
    b.clock.advance(1000);
    await settled();
    assert.equal(firewall.state(), 'degraded');
    b.clock.advance(1999);
    await settled();
    assert.equal(firewall.state(), 'degraded');
    b.clock.advance(1);
    await settled();
    assert.equal(firewall.state(), 'enforcing');
    assert.equal(b.passes('203.0.113.7'), 'drop');
  });

  test('a table that somebody removed is put back with the next change', async () => {
    const firewall = b.open();
    await firewall.enable();
    await b.kernel.open().drop('bartizan');
    assert.ok((await firewall.enforce([b.want('203.0.113.7')])).ok);
    assert.equal(firewall.state(), 'enforcing');
    assert.equal(b.passes('203.0.113.7'), 'drop');
  });

  test('flushed rules are noticed within seconds, though nothing changes', async () => {
    b.want('203.0.113.7');
    const firewall = b.open();
    await firewall.enable();
    await b.kernel.open().drop('bartizan');
    b.clock.advance(5000);
    await settled();
    assert.equal(b.passes('203.0.113.7'), 'drop');
    assert.equal(firewall.state(), 'enforcing');
  });

  test('a set that is full takes the newest and refuses the rest, not all of a batch', async () => {
    b = bench([], 3);
    const firewall = b.open();
    await firewall.enable();
    const blocks = ['203.0.113.1', '203.0.113.2', '203.0.113.3', '203.0.113.4', '203.0.113.5'].map((ip, i) =>
      b.want(ip, ip, i + 1),
    );
    const syncs = firewall.component().counters?.['syncs'];
    const done = await firewall.enforce(blocks);
    assert.equal(done.ok, false);
    assert.equal(firewall.state(), 'enforcing');
    assert.equal(firewall.component().counters?.['syncs'], syncs, 'reading back finds no room');
    assert.deepEqual(b.refused.map(({ ip }) => ip).sort(), ['203.0.113.1', '203.0.113.2']);
    assert.equal((await b.held()).length, 3);
    assert.deepEqual(
      blocks.map(({ ip }) => b.passes(ip)),
      ['accept', 'accept', 'drop', 'drop', 'drop'],
    );
  });

  test('a block that the kernel refused is known not to be enforced, and comes with the next sync', async () => {
    const firewall = b.open();
    await firewall.enable();
    b.kernel.failNext('denied', 1);
    b.kernel.failNext('denied', 1);
    const block = b.want('203.0.113.7');
    assert.equal((await firewall.enforce([block])).ok, false);
    assert.equal(firewall.holds(block.id), false);
    assert.equal(firewall.state(), 'degraded');
    b.clock.advance(1000);
    await settled();
    assert.equal(firewall.holds(block.id), true);
    assert.equal(b.passes('203.0.113.7'), 'drop');
    assert.equal(firewall.enforced()?.ratio, 1);
  });

  test('a block that was refused and ended since is missed by nobody', async () => {
    const firewall = b.open();
    await firewall.enable();
    b.kernel.failNext('resync', 0);
    b.kernel.failNext('resync', 0);
    const block = b.want('203.0.113.7');
    assert.equal((await firewall.enforce([block])).ok, false);
    b.wanted.delete(block.ip);
    b.clock.advance(1000);
    await settled();
    assert.deepEqual([firewall.state(), firewall.enforced()?.ratio], ['enforcing', 1]);
  });

  test('a table that cannot be removed is said to drop on, and removed as soon as it can be', async () => {
    b.want('203.0.113.7');
    const firewall = b.open();
    await firewall.enable();
    b.kernel.failNext('busy', 16);
    await firewall.disable();
    assert.equal(firewall.state(), 'lingering');
    assert.match(firewall.component().message ?? '', /still drops/);
    b.clock.advance(1000);
    await settled();
    assert.equal(firewall.state(), 'off');
    assert.equal(await b.held(), 'missing');
  });

  test('what an earlier run left is found, can be let go one by one, or as a whole', async () => {
    const one = b.want('203.0.113.7');
    b.want('203.0.113.8');
    await b.earlierRun();
    const firewall = b.open();
    await firewall.look();
    assert.equal(firewall.state(), 'residual');
    assert.equal(firewall.holds(one.id), true);
    assert.ok((await firewall.release([one.ip])).ok);
    assert.deepEqual([b.passes('203.0.113.7'), b.passes('203.0.113.8')], ['accept', 'drop']);
    assert.equal((await firewall.enforce([one])).ok, false);
    await firewall.disable();
    assert.equal(firewall.state(), 'off');
  });

  test('addresses that cannot be read any more are those of before', async () => {
    const firewall = b.open();
    b.kernel.failNext('resync', 105);
    assert.equal((await firewall.protectedNetworks()).ok, false);
    assert.equal((await firewall.protectedNetworks()).ok, true);
    b.kernel.failNext('resync', 105);
    assert.equal((await firewall.protectedNetworks()).ok, true);
  });

  test('a block longer than a timeout can be stands until it is released', async () => {
    const firewall = b.open();
    const block = { ...b.want('203.0.113.7'), expiresAt: plus(b.clock.now(), days(4000)) };
    b.wanted.set(block.ip, block);
    await firewall.enable();
    await firewall.enable();
    b.clock.advance(days(500));
    assert.equal(b.passes('203.0.113.7'), 'drop');
  });

  test('disabling takes the table away, enabling brings it back', async () => {
    b.want('203.0.113.7');
    const firewall = b.open();
    await firewall.enable();
    await firewall.disable();
    assert.equal(await b.held(), 'missing');
    assert.equal(firewall.state(), 'off');
    await firewall.enable();
    assert.equal(b.passes('203.0.113.7'), 'drop');
  });

  test('more blocks than one transaction takes', async () => {
    b = bench();
    const firewall = b.open();
    await firewall.enable();
    const many = Array.from({ length: 900 }, (_, i) => b.want(`203.0.${100 + (i >> 8)}.${i & 255}`));
    assert.ok((await firewall.enforce([...many, ...many, ...many, ...many])).ok);
    assert.equal((await b.held()).length, 900);
  });

  test('protected are loopback, infra and the addresses of the moment', async () => {
    b = bench(['198.51.100.0/24']);
    const firewall = b.open();
    const texts = async () => {
      const networks = await firewall.protectedNetworks();
      return networks.ok ? networks.value.map(({ net }) => net.text) : [];
    };
    assert.ok((await texts()).includes('192.0.2.10/32'));
    assert.ok((await texts()).includes('198.51.100.0/24'));
    b.kernel.addresses = ['192.0.2.11'];
    assert.ok((await texts()).includes('192.0.2.11/32'));
  });

  test('packets dropped are told by family, nothing before there is a table', async () => {
    const firewall = b.open();
    assert.deepEqual(await firewall.dropped(), []);
    b.want('203.0.113.7');
    await firewall.enable();
    b.passes('203.0.113.7');
    b.passes('203.0.113.7');
    assert.deepEqual(await firewall.dropped(), [
      { family: 4, packets: 2, bytes: 120 },
      { family: 6, packets: 0, bytes: 0 },
    ]);
  });

  test('what is allowed passes though it be blocked, from the start and later, overlaps and all', async () => {
    b.want('203.0.113.7');
    b.want('2001:db8::7');
    b.allowed.push('203.0.113.0/24', '203.0.113.7');
    const firewall = b.open();
    await firewall.letIn();
    assert.equal(await b.held('allowed4'), 'missing');
    await firewall.enable();
    assert.deepEqual([b.passes('203.0.113.7'), b.passes('2001:db8::7')], ['accept', 'drop']);
    b.allowed.splice(0, 2, '2001:db8::/32');
    assert.ok((await firewall.letIn()).ok);
    assert.deepEqual([b.passes('203.0.113.7'), b.passes('2001:db8::7')], ['drop', 'accept']);
    assert.deepEqual(await b.held('allowed6'), ['2001:db8::/32 -']);
  });

  test('a change of what is allowed that the kernel refuses is made up for', async () => {
    b.want('203.0.113.7');
    const firewall = b.open();
    await firewall.enable();
    b.allowed.push('203.0.113.7');
    b.kernel.failNext('denied', 1);
    assert.equal((await firewall.letIn()).ok, false);
    await settled();
    assert.equal(b.passes('203.0.113.7'), 'accept');
  });

  const block = (network: string, id = network, length = hours(1)): KernelNetwork => {
    const blocked = { network, id: contentId(millis(1), [id]) as DecisionId, expiresAt: plus(b.clock.now(), length) };
    b.networks.set(network, blocked);
    return blocked;
  };

  test('blocked networks are dropped, infra and what is allowed in them pass; a lifted one passes', async () => {
    b = bench(['203.0.113.1']);
    b.allowed.push('203.0.113.2');
    const firewall = b.open();
    await firewall.enable();
    block('203.0.113.0/24');
    block('2001:db8::/64');
    assert.ok((await firewall.blockNetworks()).ok);
    assert.deepEqual(['203.0.113.1', '203.0.113.2', '203.0.113.3', '2001:db8::9', '2001:db8:0:1::9'].map(b.passes), [
      'accept',
      'accept',
      'drop',
      'drop',
      'accept',
    ]);
    const [dropped] = await firewall.dropped();
    assert.deepEqual(dropped, { family: 4, packets: 1, bytes: 60 });
    b.networks.delete('203.0.113.0/24');
    assert.ok((await firewall.blockNetworks()).ok);
    assert.equal(b.passes('203.0.113.3'), 'accept');
  });

  test('of networks in one another the widest is held; what it held follows when it is gone', async () => {
    const firewall = b.open();
    await firewall.enable();
    for (const network of ['203.0.113.128/25', '203.0.112.0/23', '203.0.113.0/24', '203.0.114.0/24']) block(network);
    assert.ok((await firewall.blockNetworks()).ok);
    const keys = async () => [await b.held('blocked_nets4')].flat().map((element) => element.split(' ')[0]);
    assert.deepEqual(await keys(), ['203.0.112.0/23', '203.0.114.0/24']);
    b.networks.delete('203.0.112.0/23');
    await firewall.blockNetworks();
    assert.deepEqual(await keys(), ['203.0.113.0/24', '203.0.114.0/24']);
  });

  test('a blocked network ends by itself, survives a table that somebody removed, and is adopted where unknown', async () => {
    const { id } = block('203.0.113.0/24', 'x', hours(2));
    block('198.51.100.0/24', 'y');
    await b.earlierRun();
    b.networks.delete('203.0.113.0/24');
    b.networks.delete('198.51.100.0/24');
    b.ended.add(contentId(millis(1), ['y']) as DecisionId);
    const firewall = b.open();
    await firewall.enable();
    assert.deepEqual(
      [...b.networks.values()],
      [{ network: '203.0.113.0/24', id, expiresAt: plus(b.clock.now(), hours(2)) }],
    );
    assert.deepEqual([b.passes('203.0.113.7'), b.passes('198.51.100.7')], ['drop', 'accept']);
    await b.kernel.open().drop('bartizan');
    firewall.drifted();
    await settled();
    assert.equal(b.passes('203.0.113.7'), 'drop');
    b.clock.set(plus(b.clock.now(), hours(2)));
    assert.equal(b.passes('203.0.113.7'), 'accept');
  });

  test('a network that the kernel refuses is not held until it is made up for', async () => {
    const firewall = b.open();
    assert.equal((await firewall.blockNetworks()).ok, false, 'not enforcing');
    await firewall.enable();
    const { id } = block('203.0.113.0/24');
    b.kernel.failNext('denied', 1);
    b.kernel.failNext('denied', 1);
    assert.equal((await firewall.blockNetworks()).ok, false);
    await settled();
    assert.deepEqual([firewall.state(), firewall.holds(id)], ['degraded', false]);
    await firewall.enable();
    assert.deepEqual([firewall.holds(id), b.passes('203.0.113.7')], [true, 'drop']);
  });
});
