import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { systemClock } from '../../actors/clock/index.ts';
import { openStore, type Store, type StoreDamage, type StorePort } from '../../actors/store/index.ts';
import { collect } from './collect.ts';

/** A state directory that goes away after the test file. */
export async function temporary(parent: string = tmpdir()): Promise<string> {
  const directory = await mkdtemp(join(parent, 'bartizan-test-'));
  after(() => rm(directory, { recursive: true, force: true }));
  return directory;
}

export interface OpenedStore {
  readonly store: Store;
  readonly damages: StoreDamage[];
  /** Removes every record. */
  wipe(): Promise<void>;
}

/** Opens the store in a state directory; throws when it is refused. */
export async function openIn(stateDirectory: string): Promise<OpenedStore> {
  const damages: StoreDamage[] = [];
  const opened = await openStore({
    stateDirectory,
    clock: systemClock,
    log: () => {},
    onDamage: (damage) => damages.push(damage),
  });
  if (!opened.ok) throw Object.assign(new Error(opened.public), { code: opened.code });
  const { port } = opened.value;
  const wipe = async () => {
    const keys = (await collect(port.entries({}))).map(([del]) => ({ del }));
    await port.commit(keys);
  };
  return { store: opened.value, damages, wipe };
}

/** Every record but the store's own. */
export const contents = async (port: StorePort): Promise<(readonly [string, unknown])[]> =>
  (await collect(port.entries({}))).filter(([key]) => !key.startsWith('meta!'));

/** The damaged copies kept beside the store. */
export const copiesIn = async (stateDirectory: string): Promise<string[]> =>
  (await readdir(stateDirectory)).filter((name) => name.startsWith('store.damaged-')).sort();
