import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { run } from '../programs.ts';

/** The name under which the kernel and other modules know a module. */
export const moduleName = (path: string): string =>
  basename(path)
    .replace(/\.ko(?:\.xz)?$/, '')
    .replaceAll('-', '_');

/** What a module says of itself: the modules that must be there first, and those it would like to have. */
export function needsOf(module: Buffer): readonly string[] {
  const said = module.toString('latin1');
  return [...said.matchAll(/\0(?:depends|softdep)=([^\0]*)/g)].flatMap(([, list = '']) =>
    list
      .split(/[\s,]+/)
      .filter((word) => word !== '' && !/^(?:pre|post):$/.test(word) && !word.includes(':'))
      .map((name) => name.replaceAll('-', '_')),
  );
}

/** Which modules a declaration asks for by itself; paths as `drivers/net/veth.ko.xz`. */
export function declared(paths: readonly string[], declaration: string): readonly string[] {
  const wanted = declaration.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const out = wanted.flatMap((line) => (line.startsWith('!') ? [line.slice(1)] : []));
  const under = (path: string, place: string): boolean =>
    path.startsWith(`${place}/`) || path.startsWith(`${place}.ko`);
  return paths.filter(
    (path) =>
      wanted.some((place) => !place.startsWith('!') && under(path, place)) && !out.some((place) => under(path, place)),
  );
}

export interface Kernel {
  /** As `uname -r` says it. */
  readonly release: string;
  readonly vmlinuz: string;
}

/**
 * Unpacks the kernel's package, keeps the declared modules and what they depend on, uncompressed (the root is compressed
 * as a whole, and loading is quicker), and puts them into the root.
 */
export async function placeKernel(deb: string, declaration: string, work: string, root: string): Promise<Kernel> {
  rmSync(work, { recursive: true, force: true });
  mkdirSync(work, { recursive: true });
  await run('dpkg-deb', ['--extract', deb, work]);
  const [release = ''] = readdirSync(join(work, 'usr/lib/modules'));
  const from = join(work, 'usr/lib/modules', release, 'kernel');
  const paths = globSync('**/*.ko*', { cwd: from }).toSorted();
  const byName = new Map(paths.map((path) => [moduleName(path), path]));
  const to = join(root, 'usr/lib/modules', release);
  rmSync(dirname(to), { recursive: true, force: true });
  mkdirSync(to, { recursive: true });
  for (const file of ['modules.builtin', 'modules.builtin.modinfo', 'modules.order'])
    renameSync(join(dirname(from), file), join(to, file));

  const taken = new Set<string>();
  let next = declared(paths, declaration);
  while (next.length > 0) {
    next.forEach((path) => void taken.add(path));
    const packed = next.filter((path) => path.endsWith('.xz'));
    if (packed.length > 0) await run('xz', ['--decompress', '--threads=1', '--', ...packed], { cwd: from });
    const needed = next.flatMap((path) => {
      const plain = path.replace(/\.xz$/, '');
      const target = join(to, 'kernel', plain);
      mkdirSync(dirname(target), { recursive: true });
      const needs = needsOf(readFileSync(join(from, plain)));
      renameSync(join(from, plain), target);
      return needs;
    });
    next = [...new Set(needed)].flatMap((name) => {
      const path = byName.get(name);
      return path === undefined || taken.has(path) ? [] : [path];
    });
  }
  await run('depmod', ['--basedir', root, release]);
  const vmlinuz = join(work, `boot/vmlinuz-${release}`);
  if (!existsSync(vmlinuz)) throw new Error(`${deb} has no kernel of release ${release}`);
  return { release, vmlinuz };
}
