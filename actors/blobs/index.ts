import { join } from 'node:path';
import { folderDisk } from './effects.ts';
import { BlobStore, type BlobStoreDeps } from './store.ts';

export { BlobStore } from './store.ts';

/** Files below `<state_dir>/blobs`; to be started before it takes any. */
export const blobStore = ({
  stateDirectory,
  ...deps
}: Omit<BlobStoreDeps, 'disk'> & { readonly stateDirectory: string }): BlobStore =>
  new BlobStore({ ...deps, disk: folderDisk(join(stateDirectory, 'blobs')) });
