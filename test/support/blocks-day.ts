import { setImmediate as turn } from 'node:timers/promises';
import { createFirewall, type PlainFolder } from '../../actors/firewall/index.ts';
import { AllowBook, type DecisionRecords, desiredBlocks, Ledger, Responder } from '../../actors/responder/index.ts';
import type { Ip } from '../../core/base/ip.ts';
import { hours, type Millis, millis, plus, seconds } from '../../core/base/time.ts';
import { BlockPlanner, PLANNER_PRESETS } from '../../core/respond/planner.ts';
import { FakeKernel } from '../../native/nft/fake.ts';
import { heldBytes } from './collect-garbage.ts';
import { mulberry32 } from './mulberry.ts';
import { SimulatedClock } from './simulated-clock.ts';

/** How long each block lasts: four generations of them pass in a day. */
const LIFE: Millis = hours(6);
const DAY = 24;

/** A disk that takes everything and keeps nothing. */
const records: DecisionRecords = {
  in: async function* () {},
  networks: async function* () {},
  memory: async function* () {},
  get: async () => undefined,
  save: async () => ({ ok: true, value: undefined }),
};

const folder: PlainFolder = {
  replace: async (_, pieces) => {
    for (const _ of pieces);
  },
  append: async () => {},
  remove: async () => {},
};

export interface Hour {
  readonly hour: number;
  readonly blocks: number;
  readonly heapBytes: number;
}

/**
 * A day of the books and a kernel in memory, by a simulated clock: so many blocks at a time, which come one by one and end by
 * themselves. @returns what is held after garbage was collected, each hour
 */
export async function blocksDay(blocks: number, step: Millis = seconds(1)): Promise<readonly Hour[]> {
  const clock = new SimulatedClock();
  const kernel = new FakeKernel(clock, ['192.0.2.10']);
  kernel.tellsCounts = false;
  const { ledger, responder, firewall } = parts(kernel, clock, blocks);
  await firewall.enable();
  responder.start();
  const measured: Hour[] = [];
  const steps = hours(1) / step;
  for (let hour = 1, made = 0; hour <= DAY; hour++) {
    for (let i = 0; i < steps; i++) {
      const due = Math.floor(((hour - 1 + (i + 1) / steps) * blocks * hours(1)) / LIFE);
      for (; made < due; made++) {
        const expiresAt = plus(clock.now(), LIFE);
        const by = { origin: 'api', actor: 'ops', peer: 'local' } as const;
        await responder.orders.block({ ip: addressOf(made), reason: 'x', expiresAt, ...by });
      }
      clock.advance(step);
      await turn();
    }
    measured.push({ hour, blocks: ledger.size, heapBytes: heldBytes() });
  }
  responder.stop();
  await firewall.close();
  return measured;
}

function parts(kernel: FakeKernel, clock: SimulatedClock, blocks: number) {
  const ledger = new Ledger(records);
  const allowed = new AllowBook();
  const planner = new BlockPlanner(PLANNER_PRESETS);
  const chance = mulberry32(1);
  const firewall = createFirewall({
    nft: kernel.open(),
    clock,
    log: () => {},
    desired: desiredBlocks(ledger, allowed, () => responder),
    settings: { table: 'bartizan', maxBlocks: 2 * blocks, content: { infra: [], denied: [] } },
    folder,
  });
  const responder: Responder = new Responder({
    ledger,
    planner,
    allowed,
    firewall,
    clock,
    random: { bytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(chance() * 256)) },
    log: () => {},
    mode: () => 'enforce',
    expiry: () => hours(24),
    publish: () => {},
  });
  return { ledger, responder, firewall };
}

/** Never the same twice within a life. */
const addressOf = (i: number): Ip => `${20 + ((i >> 24) & 63)}.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}` as Ip;

/** How much more is held at the end than when the first generation was full; 1: the same. */
export function growth(day: readonly Hour[]): number {
  const full = day.filter(({ hour }) => hour > LIFE / hours(1));
  const first = Math.max(...full.slice(0, 3).map(({ heapBytes }) => heapBytes));
  return Math.max(...full.slice(-3).map(({ heapBytes }) => heapBytes)) / first;
}

export const perBlock = (day: readonly Hour[]): number => {
  const [last] = day.slice(-1);
  return last === undefined ? 0 : Math.round(last.heapBytes / Math.max(millis(1), last.blocks));
};
