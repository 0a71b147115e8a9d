import { ownIds, systemBootClock, systemDisk } from './effects.ts';
import { TrialFolder } from './folder.ts';
import type { Snapshot } from './port.ts';
import { type ChangeDeps, ChangeService } from './service.ts';

export type { BootClock } from './boot-clock.ts';
export { type ChangeDisk, writeWhole } from './disk.ts';
export { systemBootClock, systemDisk } from './effects.ts';
export type {
  Applied,
  Holds,
  Prepared,
  Probe,
  Snapshot,
  SnapshotFile,
  Subject,
  Trial,
} from './port.ts';
export { type ApiTarget, type ProbeDeps, Probes, systemTools } from './probes/index.ts';
export { isBack, putBack } from './put-back.ts';
export { type ChangeDeps, ChangeService } from './service.ts';

/**
 * What was confirmed before the change that is on trial, if one is: what a start has to begin with, since the files hold the
 * change already. Nothing where that cannot be read, which the change service finds out and says.
 */
export async function pendingSnapshot(stateDirectory: string): Promise<Snapshot | undefined> {
  const found = await new TrialFolder(systemDisk, stateDirectory, ownIds()).read().catch(() => undefined);
  return found?.ok === true ? found.value?.snapshot : undefined;
}

/** On this machine's disk and boot-time clock, below `<state_dir>/change`. @throws where there is no /proc */
export const changeService = (deps: Omit<ChangeDeps, 'disk' | 'own' | 'bootClock'>): ChangeService =>
  new ChangeService({ ...deps, disk: systemDisk, own: ownIds(), bootClock: systemBootClock() });
