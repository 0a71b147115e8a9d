import assert from 'node:assert/strict';
import { beforeEach, test } from 'node:test';
import { createFirewall, type KernelBlock } from '../../../../actors/firewall/index.ts';
import { contentId, type DecisionId } from '../../../../core/base/ids.ts';
import type { Ip } from '../../../../core/base/ip.ts';
import { hours, millis, plus, seconds } from '../../../../core/base/time.ts';
import { FakeKernel } from '../../../../native/nft/fake.ts';
import { settled } from '../../../support/settled.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const idOf = (name: string): DecisionId => contentId(millis(1), [name]) as DecisionId;

function bench(infra: readonly string[] = []) {
  const clock = new SimulatedClock();
  const kernel = new FakeKernel(clock, ['192.0.2.10']);
  const wanted = new Map<Ip, KernelBlock>();
  const ended = new Set<DecisionId>();
  const adopted: KernelBlock[] = [];
  const open = () =>
    createFirewall({
      nft: kernel.open(),
      clock,
      log: () => {},
      desired: {
        blocks: () => wanted.values(),
        blockOf: (ip) => wanted.get(ip),
        hasEnded: async (id) => ended.has(id),
        adopt: async (blocks) => {
          adopted.push(...blocks);
          for (const block of blocks) wanted.set(block.ip, block);
        },
      },
      settings: { table: 'bartizan', maxBlocks: 1000, infra },
    });
  const want = (ip: string, id = ip): KernelBlock => {
    const block = { ip: ip as Ip, id: idOf(id), expiresAt: plus(clock.now(), hours(1)) };
    wanted.set(block.ip, block);
    return block;
  };
  const held = async (set = 'blocked4') => {
    const listed = await kernel.open().list('bartizan', set);
    return listed.ok ? listed.value.map(({ key, comment }) => `${key} ${comment ?? '-'}`).sort() : listed.code;
  };
  const passes = (saddr: string) => kernel.judge({ iif: 'eth0', saddr }, 'input');
  return { clock, kernel, wanted, ended, adopted, open, want, held, passes };
}

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
  await b.open().enable();
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
  const lost = await firewall.enforce([b.want('203.0.113.7')]);
  assert.equal(lost.ok, false);
  await settled();
  assert.equal(firewall.state(), 'enforcing');
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
  const texts = async () => (await firewall.protectedNetworks()).map(({ net }) => net.text);
  assert.ok((await texts()).includes('192.0.2.10/32'));
  assert.ok((await texts()).includes('198.51.100.0/24'));
  b.kernel.addresses = ['192.0.2.11'];
  assert.ok((await texts()).includes('192.0.2.11/32'));
});
