import type { FileServer } from '../network/file-server.ts';

/** What all guests of a run share. Files are the host's. */
export interface Site {
  /** For logs, pictures and disks. */
  readonly folder: string;
  /** The raw disk image under test; never written to. */
  readonly image: string;
  readonly version: string;
  readonly server: FileServer;
  /** Numbers in [0, 1), from the seed that the run prints. */
  readonly chance: () => number;
  /** Power cuts during installations. */
  readonly powerCuts: number;
}
