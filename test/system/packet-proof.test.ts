/**
 * Random mixes of rules, and real packets under each: who is blocked gets no answer, who is allowed gets one, whichever
 * protocol, from the appliance and from a neighbour behind it. `BARTIZAN_PACKET_MIXES=2000` for the long form, 500 unless
 * told; a tenth of them through a net hand, whose floor is what every mix lets in. The seed is printed; `BARTIZAN_TEST_SEED` repeats a run, and a mix that fails is made as small as it goes.
 */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '../../actors/clock/index.ts';
import { FakeKernel } from '../../native/nft/fake.ts';
import type { FakePacket } from '../../native/nft/fake-judge.ts';
import { openNft } from '../../native/nft/index.ts';
import type { NftPort } from '../../native/nft/port.ts';
import { done } from '../contract/nft-suite-ground.ts';
import { isDropped, type Packet, type Policy, type Word, wordOn } from '../support/chain-model.ts';
import { HandSite } from '../support/net-hand.ts';
import { namespacesUnavailable, waitUntil } from '../support/network-namespace.ts';
import { inForce, MARKER, type Mix, mixes, NO_FEATURES, SOURCES } from '../support/packets/mixes.ts';
import { PacketSite, TARGETS } from '../support/packets/packet-site.ts';
import { RuledKernel } from '../support/packets/ruled-kernel.ts';
import { OPEN_PORT, type Probe, type Wire } from '../support/packets/wire.ts';
import { fc, SEED } from '../support/random.ts';
import { SimulatedClock } from '../support/simulated-clock.ts';

const MIXES = Number(process.env['BARTIZAN_PACKET_MIXES'] ?? 500);

interface Asked extends Probe {
  readonly host: keyof typeof TARGETS;
}

const WAYS: readonly Pick<Probe, 'kind' | 'port'>[] = [
  { kind: 'tcp', port: 9 },
  { kind: 'tcp', port: 22 },
  { kind: 'udp', port: 9 },
  { kind: 'udp', port: 53 },
  { kind: 'icmp', port: 0 },
  { kind: 'open', port: OPEN_PORT },
];

const PROBES: readonly Asked[] = SOURCES.flatMap((source) =>
  (['appliance', 'neighbour'] as const).flatMap((host) =>
    WAYS.map((way) => ({ ...way, source, host, target: TARGETS[host][source.includes(':') ? 6 : 4] })),
  ),
);

const named = ({ kind, port, source, host }: Asked): string => `${kind} ${port} from ${source} to the ${host}`;

const packetOf = ({ kind, port, source, host }: Asked): Packet => ({
  source,
  protocol: kind === 'open' ? 'tcp' : kind,
  ...(kind === 'icmp' ? {} : { port }),
  isEstablished: kind === 'open',
  isForUs: host === 'appliance',
});

/** A neighbour's answer comes by the appliance as well. */
const answerTo = ({ kind, target }: Asked): Packet => ({
  source: target,
  protocol: kind === 'open' ? 'tcp' : kind,
  isForUs: false,
});

/** By what the appliance drops a probe's packet: what is asked, or where a neighbour answers, the answer. */
function droppedBy(policy: Policy, probe: Asked): Word | undefined {
  const packets = [packetOf(probe), ...(probe.host === 'neighbour' ? [answerTo(probe)] : [])];
  const lost = packets.find((packet) => isDropped(policy, packet));
  return lost && wordOn(policy, lost);
}

const ECHO_REQUEST = { 4: 8, 6: 128 } as const;

/** The same packet, to the kernel in memory. */
function toFake({ kind, port, source, target }: Asked): FakePacket {
  const family = source.includes(':') ? 6 : 4;
  const common = { iif: 'outside', saddr: source, daddr: target };
  switch (kind) {
    case 'tcp':
      return { ...common, protocol: 'tcp', dport: port, flags: ['syn'] };
    case 'open':
      return { ...common, protocol: 'tcp', dport: port, flags: ['ack'], ct: 'established' };
    case 'udp':
      return { ...common, protocol: 'udp', dport: port };
    case 'icmp':
      return { ...common, protocol: family === 4 ? 'icmp' : 'icmpv6', icmpType: ECHO_REQUEST[family] };
  }
}

/** Through which engine rules come into the kernel; a port of it, and what ends it. */
type Door = (netns: string) => Promise<{ readonly nft: NftPort; readonly end: () => Promise<void> }>;

const byAddon: Door = async (netns) => ({ nft: done(await openNft({ netns })), end: async () => {} });

const byHand: Door = async (netns) => {
  const hand = new HandSite(netns);
  const floor = join(hand.folder, 'floor');
  writeFileSync(floor, `${MARKER}\n`, { mode: 0o600 });
  await hand.start({}, ['--floor', floor]);
  const nft = await hand.open();
  return { nft, end: () => nft.close().then(() => hand.dispose()) };
};

for (const { name, door, count } of [
  { name: 'addon', door: byAddon, count: MIXES },
  { name: 'net hand', door: byHand, count: Math.ceil(MIXES / 10) },
])
  describe(`packets prove the rules: ${name}`, { skip: namespacesUnavailable() }, () => {
    const site = new PacketSite();
    const clock = new SimulatedClock();
    const fake = new FakeKernel(clock, ['127.0.0.1', '::1', ...Object.values(TARGETS.appliance)]);
    let nft: NftPort;
    let end: (() => Promise<void>) | undefined;
    let wire: Wire;
    let kernels: readonly RuledKernel[];

    before(async () => {
      wire = await site.open(MARKER, PROBES);
      ({ nft, end } = await door(site.edge.name));
      const real = new RuledKernel(nft, systemClock, (isOver) => waitUntil('the trial is over', 5000, isOver));
      const pretended = new RuledKernel(fake.open(), clock, async (isOver) => {
        clock.advance(1000);
        assert.equal(await isOver(), true);
      });
      kernels = [real, pretended];
      for (const kernel of kernels) await kernel.open();
    });
    after(async () => {
      for (const kernel of kernels ?? []) await kernel.close();
      await end?.();
      await site[Symbol.asyncDispose]();
    });

    /** Packets that rules have dropped since they were made, those of lists aside: a list that only counts counts alike. */
    const dropped = async (): Promise<number> =>
      done(await nft.counters('bartizan'))
        .filter(({ name }) => !name.includes('would_') && !name.includes('list_'))
        .reduce((sum, { packets }) => sum + packets, 0);

    async function prove(mix: Mix): Promise<void> {
      await Promise.all(kernels.map((kernel) => kernel.turnTo(mix)));
      const policy = inForce(mix);
      const before = await dropped();
      const answered = await wire.round();
      const silent = PROBES.map((probe) => droppedBy(policy, probe));
      const wrong = PROBES.filter((_, i) => answered[i] !== (silent[i] === undefined));
      assert.deepEqual(
        wrong.map((probe) => `${named(probe)}: ${answered[PROBES.indexOf(probe)] ? 'an answer' : 'no answer'}`),
        [],
      );
      assert.equal(
        (await dropped()) - before,
        silent.filter((by) => by !== undefined && by !== 'blockList').length,
        'drops that were counted',
      );
      for (const probe of PROBES) {
        const said = isDropped(policy, packetOf(probe)) ? 'drop' : 'accept';
        const path = probe.host === 'appliance' ? 'input' : 'forward';
        assert.equal(fake.judge(toFake(probe), path), said, `fake: ${named(probe)}`);
      }
    }

    test('without a rule that says otherwise everybody is answered', async () => {
      const nobody = { allowed: [], allowedPorts: [], blocked: [], blockedNetworks: [], denied: [], lists: [] };
      await prove({ infra: [MARKER], ...nobody, features: NO_FEATURES, trial: undefined });
    });

    test(`${count} mixes of rules`, { timeout: 60_000 + count * 500 }, async (t) => {
      const started = performance.now();
      let packets = 0;
      await fc.assert(
        fc.asyncProperty(mixes, async (mix) => {
          await prove(mix);
          packets += PROBES.length;
        }),
        { numRuns: count, endOnFailure: false },
      );
      const took = (performance.now() - started) / 1000;
      t.diagnostic(`seed ${SEED}: ${count} mixes, ${packets} probes, ${took.toFixed(1)} s`);
    });
  });
