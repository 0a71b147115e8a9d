export type { Applied, Holds, Prepared, Probe, Snapshot, SnapshotFile, Subject, Trial } from './port.ts';
