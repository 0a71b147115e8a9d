import type { ChangeDisk } from '../../../actors/change/index.ts';

/** The disk below a folder, which it takes for its root. */
export const rootedDisk = (disk: ChangeDisk, root: string): ChangeDisk => ({
  makeDirectory: (path) => disk.makeDirectory(root + path),
  write: (path, bytes, attributes) => disk.write(root + path, bytes, attributes),
  sync: (path) => disk.sync(root + path),
  rename: (from, to) => disk.rename(root + from, root + to),
  remove: (path) => disk.remove(root + path),
  read: (path) => disk.read(root + path),
  attributes: (path) => disk.attributes(root + path),
  names: (path) => disk.names(root + path),
});

/** Calls `before` before everything that changes the disk. */
export function countedDisk(disk: ChangeDisk, before: () => void): ChangeDisk {
  const counted =
    <A extends unknown[], V>(work: (...args: A) => Promise<V>) =>
    async (...args: A): Promise<V> => {
      before();
      return await work(...args);
    };
  return {
    ...disk,
    makeDirectory: counted(disk.makeDirectory),
    write: counted(disk.write),
    sync: counted(disk.sync),
    rename: counted(disk.rename),
    remove: counted(disk.remove),
  };
}
