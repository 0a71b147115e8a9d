/**
 * Random mixes of rules, and real packets under each: who is blocked gets no answer, who is allowed gets one, whichever
 * protocol, from the appliance and from a neighbour behind it. `BARTIZAN_PACKET_MIXES=2000` for the long form, 500 unless
 * told. The seed is printed; `BARTIZAN_TEST_SEED` repeats a run, and a mix that fails is made as small as it goes.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { systemClock } from '../../actors/clock/index.ts';
import { FakeKernel } from '../../native/nft/fake.ts';
import { openNft } from '../../native/nft/index.ts';
import type { NftPort } from '../../native/nft/port.ts';
import { done } from '../contract/nft-suite-ground.ts';
import { isDropped, type Policy } from '../support/chain-model.ts';
import { namespacesUnavailable, waitUntil } from '../support/network-namespace.ts';
import { inForce, MARKER, type Mix, mixes, SOURCES } from '../support/packets/mixes.ts';
import { PacketSite, TARGETS } from '../support/packets/packet-site.ts';
import { RuledKernel } from '../support/packets/ruled-kernel.ts';
import { KINDS, type Probe, type Wire } from '../support/packets/wire.ts';
import { fc, SEED } from '../support/random.ts';
import { SimulatedClock } from '../support/simulated-clock.ts';

const MIXES = Number(process.env['BARTIZAN_PACKET_MIXES'] ?? 500);

interface Asked extends Probe {
  readonly host: keyof typeof TARGETS;
}

const PROBES: readonly Asked[] = SOURCES.flatMap((source) =>
  (['appliance', 'neighbour'] as const).flatMap((host) =>
    KINDS.map((kind) => ({ kind, source, host, target: TARGETS[host][source.includes(':') ? 6 : 4] })),
  ),
);

const named = ({ kind, source, host }: Asked): string => `${kind} from ${source} to the ${host}`;

/** How many packets of a probe the appliance drops: what is asked, or where a neighbour answers, the answer. */
function dropsOf(policy: Policy, { source, target, host }: Asked): 0 | 1 {
  return isDropped(policy, { source }) || (host === 'neighbour' && isDropped(policy, { source: target })) ? 1 : 0;
}

describe('packets prove the rules', { skip: namespacesUnavailable() }, () => {
  const site = new PacketSite();
  const clock = new SimulatedClock();
  const fake = new FakeKernel(clock);
  let nft: NftPort;
  let wire: Wire;
  let kernels: readonly RuledKernel[];

  before(async () => {
    wire = await site.open(MARKER, PROBES);
    nft = done(await openNft({ netns: site.edge.name }));
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
    await site[Symbol.asyncDispose]();
  });

  /** Packets that rules have dropped since they were made. */
  const dropped = async (): Promise<number> =>
    done(await nft.counters('bartizan')).reduce((sum, { packets }) => sum + packets, 0);

  const judge = (source: string, path: 'input' | 'forward') => fake.judge({ iif: 'outside', saddr: source }, path);

  async function prove(mix: Mix): Promise<void> {
    await Promise.all(kernels.map((kernel) => kernel.turnTo(mix)));
    const policy = inForce(mix);
    const before = await dropped();
    const answered = await wire.round();
    const silent = PROBES.map((probe) => dropsOf(policy, probe));
    const wrong = PROBES.filter((_, i) => answered[i] !== (silent[i] === 0));
    assert.deepEqual(
      wrong.map((probe) => `${named(probe)}: ${answered[PROBES.indexOf(probe)] ? 'an answer' : 'no answer'}`),
      [],
    );
    assert.equal((await dropped()) - before, silent.filter((one) => one === 1).length, 'drops that were counted');
    for (const source of SOURCES) {
      const said = isDropped(policy, { source }) ? 'drop' : 'accept';
      for (const path of ['input', 'forward'] as const)
        assert.equal(judge(source, path), said, `fake: ${source}, ${path}`);
    }
  }

  test('without a rule that says otherwise everybody is answered', async () => {
    await prove({ infra: [MARKER], allowed: [], blocked: [], blockedNetworks: [], denied: [], trial: undefined });
  });

  test(`${MIXES} mixes of rules`, { timeout: 60_000 + MIXES * 500 }, async (t) => {
    const started = performance.now();
    let packets = 0;
    await fc.assert(
      fc.asyncProperty(mixes, async (mix) => {
        await prove(mix);
        packets += PROBES.length;
      }),
      { numRuns: MIXES, endOnFailure: false },
    );
    const took = (performance.now() - started) / 1000;
    t.diagnostic(`seed ${SEED}: ${MIXES} mixes, ${packets} probes, ${took.toFixed(1)} s`);
  });
});
