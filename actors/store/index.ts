import { join } from 'node:path';
import type { Clock, Log } from '../../core/base/ports.ts';
import { messageOf, ok, type Result } from '../../core/base/result.ts';
import { COLLECTIONS } from '../../core/keys/records.ts';
import type { Service } from '../supervisor/index.ts';
import { DurableStore, type OpenCode, type StoreDamage } from './durable-store.ts';
import { LevelDisk } from './level-disk.ts';
import type { StorePort } from './port.ts';
import { createRecords, type Records } from './records.ts';

export type { OpenCode, StoreDamage } from './durable-store.ts';
export { MemoryStore } from './memory.ts';
export type { Range, StoreCode, StoreHealth, StoreOp, StorePort } from './port.ts';
export { createRecords, type Records } from './records.ts';
export type { Writes } from './staged.ts';

export interface StoreOptions {
  /** The store is `<stateDirectory>/store`, its damaged copies lie beside it. */
  readonly stateDirectory: string;
  /** A directory on a tmpfs, for reading a store whose disk takes no writes; `/dev/shm` unless told. */
  readonly runtimeDirectory?: string;
  readonly clock: Clock;
  readonly log: Log;
  /** Called once for each damage or loss; at once, so even before `openStore` resolves. */
  readonly onDamage: (damage: StoreDamage) => void;
}

export interface Store {
  /** Raw records, for those with codecs of their own. Stays the same object when the service restarts. */
  readonly port: StorePort;
  readonly records: Records;
  /** Already started by `openStore`; its first `start` resolves at once. A restart repairs what could not be read. */
  readonly service: Service;
}

/**
 * Opens the store, or says why the program cannot run with this state directory: `locked` by another process, `denied`
 * by permissions, `newer` than this program. A damaged store is repaired or replaced, a lost disk stood in for by memory.
 */
export async function openStore({
  stateDirectory,
  runtimeDirectory = '/dev/shm',
  clock,
  log,
  onDamage,
}: StoreOptions): Promise<Result<Store, OpenCode>> {
  let crash: (cause: unknown) => void = () => {};
  const disk = new LevelDisk({ directory: join(stateDirectory, 'store'), runtimeDirectory, clock });
  const port: DurableStore = new DurableStore({
    disk,
    clock,
    log,
    onDamage: (damage) => {
      if (damage.kind === 'repaired' && isOpen) void rebuild(records, log);
      onDamage(damage);
    },
    onUnreadable: (cause) => crash(cause),
  });
  const records = createRecords(port);
  let isOpen = false;
  const open = async () => {
    const opened = await port.open();
    if (opened.ok && opened.value === 'repaired') await rebuild(records, log);
    return opened;
  };
  const first = await open();
  if (!first.ok) return first;
  isOpen = true;
  const service: Service = {
    id: 'store',
    start: async (report) => {
      crash = report;
      const opened = isOpen ? first : await open();
      if (!opened.ok) throw new Error(opened.public, { cause: opened.cause });
      isOpen = true;
    },
    stop: async () => {
      isOpen = false;
      await port.close();
    },
  };
  return ok({ port, records, service });
}

async function rebuild(records: Records, log: Log): Promise<void> {
  try {
    const changed = await records.reindex(COLLECTIONS);
    if (changed.ok) log('info', 'index entries were checked after the repair', { changed: changed.value });
    else log('error', 'index entries could not be rebuilt after the repair', { cause: changed.public });
  } catch (thrown) {
    log('error', 'index entries could not be rebuilt after the repair', { cause: messageOf(thrown) });
  }
}
