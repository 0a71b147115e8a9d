import type { Log } from '../../core/base/ports.ts';
import type { Serial } from '../../core/field/serial.ts';
import { bootWordsOf, releaseOf } from '../../core/image/release.ts';
import { systemBootClock } from '../change/index.ts';
import { DiskReport, type DiskReportParts } from './disk-report.ts';
import { ownPid, runProgram, runtimeFolder, systemFiles, textNow } from './effects.ts';
import { HealthReports, type HealthReportsParts } from './health-reports.ts';
import { UpdateBook } from './memory.ts';
import { RaucSlots } from './rauc.ts';
import { type ApplianceHere, Updater, type UpdaterParts } from './updater.ts';

export { DiskReport } from './disk-report.ts';
export { HealthReports, type HealthReportsParts } from './health-reports.ts';
export type { Ran, Run, RunOptions, Slots, UpdaterFiles } from './port.ts';
export { RaucSlots } from './rauc.ts';
export { type ApplianceHere, Updater, type UpdaterParts } from './updater.ts';

/** What this machine is as an appliance; undefined where it is none. */
export function applianceHere(serial: Serial | undefined): ApplianceHere | undefined {
  const release = releaseOf(textNow('/etc/os-release'));
  if (release === undefined) return undefined;
  return { release, serial, bootId: systemBootClock().bootId, boot: bootWordsOf(textNow('/proc/cmdline')) };
}

export type ImageParts = Omit<UpdaterParts, 'files' | 'book' | 'slots' | 'health' | 'here'> &
  Pick<HealthReportsParts, 'components' | 'needs'> & {
    readonly tellOfDisk: DiskReportParts['tell'];
    readonly log: Log;
    readonly stateDirectory: string;
    readonly here: ApplianceHere | undefined;
  };

/** On this machine: RAUC's programs, the health file below the runtime folder, what is remembered in the state directory. */
export function imageOf({ stateDirectory, components, needs, tellOfDisk, ...parts }: ImageParts) {
  const files = systemFiles;
  const folder = runtimeFolder();
  const health = new HealthReports({
    ...parts,
    files,
    components,
    needs,
    pid: ownPid(),
    bootClock: systemBootClock(),
    path: folder === undefined ? undefined : `${folder}/health`,
  });
  const book = new UpdateBook(files, `${stateDirectory}/updates.json`, parts.log);
  const disk = new DiskReport({
    ...parts,
    files,
    bootId: systemBootClock().bootId,
    toldPath: folder === undefined ? undefined : `${folder}/disk-told`,
    tell: tellOfDisk,
  });
  return { health, disk, updater: new Updater({ ...parts, files, book, health, slots: new RaucSlots(runProgram) }) };
}
