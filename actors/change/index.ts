import { ownIds, systemBootClock, systemDisk } from './effects.ts';
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
export { isBack, putBack } from './put-back.ts';
export { type ChangeDeps, ChangeService } from './service.ts';

/** On this machine's disk and boot-time clock, below `<state_dir>/change`. @throws where there is no /proc */
export const changeService = (deps: Omit<ChangeDeps, 'disk' | 'own' | 'bootClock'>): ChangeService =>
  new ChangeService({ ...deps, disk: systemDisk, own: ownIds(), bootClock: systemBootClock() });
