import { existsSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../programs.ts';

const FOLDERS: readonly string[] = [
  'usr/lib/x86_64-linux-gnu',
  'usr/lib/x86_64-linux-gnu/systemd',
  'usr/lib',
  'usr/lib64',
];
const LOADER = 'ld-linux-x86-64.so.2';

const needed = async (file: string): Promise<readonly string[]> =>
  [...(await run('readelf', ['--dynamic', '--wide', file])).matchAll(/\(NEEDED\)\s+Shared library: \[([^\]]+)\]/g)].map(
    ([, name = '']) => name,
  );

/**
 * The shared libraries that executables of a Debian root need, those that libraries need among them.
 * @param root the unpacked root, `/usr` merged
 * @param programs absolute paths of the executables on this machine
 * @returns file on this machine by the name it is asked for, the dynamic loader included
 * @throws when a library is not in the root: the root lacks a package
 */
export async function librariesOf(root: string, programs: readonly string[]): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const open = [...programs];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    for (const name of [...(await needed(file)), LOADER]) {
      if (found.has(name)) continue;
      const path = FOLDERS.map((folder) => join(root, folder, name)).find(existsSync);
      if (path === undefined) throw new Error(`${file} needs ${name}, which is not in the root`);
      found.set(name, realpathSync(path));
      open.push(path);
    }
  }
  return found;
}
