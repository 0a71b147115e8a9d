import { createFirewall } from '../../actors/firewall/index.ts';
import {
  AllowBook,
  decisionRecords,
  desiredBlocks,
  Ledger,
  networkBlockOf,
  Responder,
} from '../../actors/responder/index.ts';
import { createRecords, type StorePort } from '../../actors/store/index.ts';
import { hours } from '../../core/base/time.ts';
import type { Mode } from '../../core/respond/mode.ts';
import { BlockPlanner, PLANNER_PRESETS, type PlannerSettings } from '../../core/respond/planner.ts';
import type { NftPort } from '../../native/nft/index.ts';
import { MemoryFolder } from './memory-folder.ts';
import { seeded } from './random.ts';
import type { SimulatedClock } from './simulated-clock.ts';

/** What is done to the kernel and to the disk goes through `act`, which may see to it that nothing happens any more. */
export type Act = <T>(effect: () => Promise<T>) => Promise<T>;

/** A table called `bartizan` and the books of decisions, put together as in the daemon. */
export function blocking(
  { nft, store, clock }: { readonly nft: NftPort; readonly store: StorePort; readonly clock: SimulatedClock },
  settings: Partial<PlannerSettings> = {},
  act: Act = (effect) => effect(),
) {
  const state = { mode: 'enforce' as Mode };
  const random = seeded(1);
  const records = createRecords({
    commit: (ops, options) => act(() => store.commit(ops, options)),
    get: (key) => store.get(key),
    getBytes: (key) => store.getBytes(key),
    entries: (range) => store.entries(range),
    pages: (range) => store.pages(range),
    openings: store.openings,
    health: () => store.health(),
  });
  const ledger = new Ledger(decisionRecords(records));
  const allowed = new AllowBook();
  const planner = new BlockPlanner({ ...PLANNER_PRESETS, ...settings });
  const firewall = createFirewall({
    nft: {
      ensure: (table) => act(() => nft.ensure(table)),
      drop: (table) => act(() => nft.drop(table)),
      commit: (table, ops) => act(() => nft.commit(table, ops)),
      load: (table, set, keys) => act(() => nft.load(table, set, keys)),
      find: (table, set, keys) => nft.find(table, set, keys),
      count: (table, set) => nft.count(table, set),
      fingerprint: (table) => nft.fingerprint(table),
      baseChains: () => nft.baseChains(),
      watch: (table, seen) => nft.watch(table, seen),
      list: (table, set) => nft.list(table, set),
      counters: (table) => nft.counters(table),
      localAddresses: () => nft.localAddresses(),
      close: () => nft.close(),
    },
    clock,
    log: () => {},
    desired: desiredBlocks(ledger, allowed, () => responder),
    settings: { table: 'bartizan', maxBlocks: 10_000, content: { infra: [], denied: [] } },
    folder: new MemoryFolder(),
  });
  const responder: Responder = new Responder({
    ledger,
    planner,
    allowed,
    firewall,
    clock,
    random: { bytes: (count) => Uint8Array.from({ length: count }, () => Math.floor(random() * 256)) },
    log: () => {},
    mode: () => state.mode,
    expiry: () => hours(24),
    publish: () => {},
  });
  /** As at a start of the daemon. */
  const start = async () => {
    await ledger.load();
    await responder.load();
    await firewall.enable();
    responder.start();
  };
  return {
    state,
    ledger,
    planner,
    allowed,
    firewall,
    responder,
    records,
    networkOf: networkBlockOf(ledger, allowed),
    start,
  };
}
