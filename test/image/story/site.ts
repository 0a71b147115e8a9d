import type { FileServer } from '../network/file-server.ts';

/** Bundles to install, made once for a run. Files are the host's. */
export interface Bundles {
  /** A good, newer version. */
  readonly update: string;
  readonly updateVersion: string;
  /** Good by its signature, but what is in it does not work. */
  readonly unhealthy: string;
  readonly unhealthyVersion: string;
  /** The good one, signed by an authority of the test's own. */
  readonly foreign: string;
  /** The good one with bytes changed that its signature does not cover directly: of the root file system's. */
  readonly damaged: string;
  /** The good one, cut off. */
  readonly short: string;
}

/** What all guests of a run share. Files are the host's. */
export interface Site {
  /** For logs, pictures and disks. */
  readonly folder: string;
  /** The raw disk image under test; never written to. */
  readonly image: string;
  readonly version: string;
  readonly bundles: Bundles;
  readonly server: FileServer;
  /** Numbers in [0, 1), from the seed that the run prints. */
  readonly chance: () => number;
  /** Power cuts during installations. */
  readonly powerCuts: number;
}
