import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createFirewall, type KernelBlock } from '../../../../actors/firewall/index.ts';
import { type DecisionId, uuidv7 } from '../../../../core/base/ids.ts';
import type { Ip } from '../../../../core/base/ip.ts';
import { days, millis, plus, seconds } from '../../../../core/base/time.ts';
import { FakeKernel } from '../../../../native/nft/fake.ts';
import type { NftPort } from '../../../../native/nft/index.ts';
import { MemoryFolder } from '../../../support/memory-folder.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { settled } from '../../../support/settled.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

/** More than are read back. */
const MANY = 10_400;
const random = seededRandom(1);

function bench() {
  const clock = new SimulatedClock();
  const kernel = new FakeKernel(clock, ['192.0.2.10']);
  const wanted = new Map<Ip, KernelBlock>();
  const adopted: string[] = [];
  const listed: string[] = [];
  const open = (onLoad: () => void = () => {}) => {
    const port = kernel.open();
    overhear(port, listed, onLoad);
    return createFirewall({
      nft: port,
      clock,
      log: () => {},
      desired: {
        blocks: () => wanted.values(),
        blockCount: () => wanted.size,
        blockOf: (ip) => wanted.get(ip),
        allowed: () => [],
        allowedPorts: () => [],
        networks: () => [],
        adoptNetworks: async () => {},
        hasEnded: async () => false,
        refuse: async () => {},
        adopt: async (blocks) => {
          for (const block of blocks) adopted.push(block.ip);
          for (const block of blocks) wanted.set(block.ip, block);
        },
      },
      settings: { table: 'bartizan', maxBlocks: 2 * MANY, content: { infra: [], denied: [] } },
      folder: new MemoryFolder(),
    });
  };
  for (let i = 0; i < MANY; i++) {
    const ip = (
      i % 10 === 0 ? `2001:db8::${(i + 1).toString(16)}` : `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`
    ) as Ip;
    const expiresAt = i % 3 === 0 ? 'never' : plus(clock.now(), days(1 + (i % 30)));
    wanted.set(ip, { ip, id: uuidv7(millis(i), random) as DecisionId, expiresAt });
  }
  const element = async (ip: string) => {
    const found = await kernel.open().find('bartizan', ip.includes(':') ? 'blocked6' : 'blocked4', [ip]);
    return found.ok ? found.value[0] : undefined;
  };
  return { clock, kernel, wanted, adopted, listed, open, element };
}

function overhear(port: NftPort, listed: string[], onLoad: () => void): void {
  const [list, load] = [port.list.bind(port), port.load.bind(port)];
  port.list = (table, set) => {
    listed.push(set);
    return list(table, set);
  };
  port.load = (...call) => {
    onLoad();
    return load(...call);
  };
}

type Bench = ReturnType<typeof bench>;

const isRead = (b: Bench) => b.listed.some((set) => set === 'blocked4' || set === 'blocked6');
const look = async (b: Bench) => {
  for (let i = 0; i < 15; i++) {
    b.clock.advance(seconds(5));
    for (let turns = 0; turns < 5; turns++) await settled();
  }
};

test('very many blocks come into an empty kernel as decided, without reading it', async () => {
  const b = bench();
  const firewall = b.open();
  await firewall.enable();
  assert.equal(firewall.state(), 'enforcing');
  for (const [ip, { id, expiresAt }] of [...b.wanted].slice(0, 40)) {
    const element = await b.element(ip);
    const ends = element?.timeout === 'never' ? 'never' : plus(b.clock.now(), element?.timeout ?? millis(0));
    assert.deepEqual([element?.comment, ends], [id, expiresAt]);
  }
  await look(b);
  assert.deepEqual([isRead(b), firewall.enforced()?.ratio], [false, 1]);
});

test('in a table that stands what is missing or another is put right, what is unknown is adopted later', async () => {
  const b = bench();
  const earlier = b.open();
  await earlier.enable();
  await earlier.close();
  const [[gone], [changed, before], [unknown, adoptee]] = [...b.wanted].slice(1, 4) as [
    [Ip, KernelBlock],
    [Ip, KernelBlock],
    [Ip, KernelBlock],
  ];
  await b.kernel.open().commit('bartizan', [{ kind: 'delete', set: 'blocked4', key: gone }]);
  b.wanted.set(changed, { ...before, id: uuidv7(millis(5), random) as DecisionId });
  b.wanted.delete(unknown);
  const firewall = b.open();
  b.listed.length = 0;
  await firewall.enable();
  assert.deepEqual([isRead(b), b.adopted], [false, []]);
  assert.equal((await b.element(gone))?.comment, b.wanted.get(gone)?.id);
  assert.equal((await b.element(changed))?.comment, b.wanted.get(changed)?.id);
  await look(b);
  assert.deepEqual([isRead(b), b.adopted], [true, [unknown]]);
  assert.equal(b.wanted.get(unknown)?.id, adoptee.id);
});

test('an address that is let go while its piece is loaded stays let go', async () => {
  const b = bench();
  const [ip] = [...b.wanted.keys()].slice(1);
  assert.ok(ip !== undefined);
  let loads = 0;
  const firewall = b.open(() => {
    if (loads++ > 0) return;
    b.wanted.delete(ip);
    void firewall.release([ip]);
  });
  await firewall.enable();
  assert.ok(loads > 0);
  assert.equal(await b.element(ip), undefined);
  assert.equal(firewall.state(), 'enforcing');
});

test('a flush of more than is told is loaded again', async () => {
  const b = bench();
  const firewall = b.open();
  await firewall.enable();
  await b.kernel.open().commit('bartizan', [{ kind: 'flush', set: 'blocked4' }]);
  for (let turns = 0; turns < 20; turns++) await settled();
  assert.deepEqual([firewall.repairs().set, firewall.enforced()?.ratio], [1, 1]);
  assert.ok((firewall.enforced()?.lowest ?? 1) < 0.1);
  const [ip] = [...b.wanted.keys()].slice(1);
  assert.equal((await b.element(ip ?? ''))?.comment, b.wanted.get(ip ?? ('' as Ip))?.id);
});
