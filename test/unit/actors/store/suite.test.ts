import { DurableStore } from '../../../../actors/store/durable-store.ts';
import { MemoryStore } from '../../../../actors/store/index.ts';
import { storeSuite } from '../../../contract/store-suite.ts';
import { FakeDisk } from '../../../support/fake-disk.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const quiet = () => {};

storeSuite('in memory', async () => {
  const store = new MemoryStore();
  return { store, close: async () => store.close() };
});

storeSuite('over a fake disk', async () => {
  const disk = new FakeDisk();
  const options = { disk, clock: new SimulatedClock(), log: quiet, onDamage: quiet, onUnreadable: quiet };
  const store = new DurableStore(options);
  await store.open();
  disk.records.clear();
  return { store, close: () => store.close() };
});
