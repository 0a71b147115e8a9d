import { existsSync, globSync, mkdirSync, readdirSync, readFileSync, renameSync, symlinkSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { moduleName } from '../boot/modules.ts';
import { run } from '../programs.ts';

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
  /** Has `usr/lib/modules/RELEASE`. */
  readonly tree: string;
}

/** Takes a batch of modules out of the package, uncompressed. @returns the names of what they need */
async function take(paths: readonly string[], from: string, to: string): Promise<readonly string[]> {
  const packed = paths.filter((path) => path.endsWith('.xz'));
  if (packed.length > 0) await run('xz', ['--decompress', '--', ...packed], { cwd: from });
  return paths.flatMap((path) => {
    const plain = path.replace(/\.xz$/, '');
    mkdirSync(dirname(join(to, plain)), { recursive: true });
    renameSync(join(from, plain), join(to, plain));
    return needsOf(readFileSync(join(to, plain)));
  });
}

/**
 * Chooses from a kernel's unpacked package the declared modules and what they depend on; uncompressed, because the root
 * is compressed as a whole and loading is quicker.
 */
export async function chooseModules(unpacked: string, declaration: string, tree: string): Promise<Kernel> {
  const [release = ''] = readdirSync(join(unpacked, 'usr/lib/modules'));
  const from = join(unpacked, 'usr/lib/modules', release, 'kernel');
  const to = join(tree, 'usr/lib/modules', release);
  mkdirSync(to, { recursive: true });
  // depmod looks there.
  symlinkSync('usr/lib', join(tree, 'lib'));
  for (const file of ['modules.builtin', 'modules.builtin.modinfo', 'modules.order'])
    renameSync(join(dirname(from), file), join(to, file));

  const paths = globSync('**/*.ko*', { cwd: from }).toSorted();
  const byName = new Map(paths.map((path) => [moduleName(path), path]));
  let next = declared(paths, declaration);
  while (next.length > 0) {
    for (const path of next) byName.delete(moduleName(path));
    const needs = new Set(await take(next, from, join(to, 'kernel')));
    next = [...needs].flatMap((name) => byName.get(name) ?? []);
  }
  await run('depmod', ['--basedir', tree, release]);
  const vmlinuz = join(unpacked, `boot/vmlinuz-${release}`);
  if (!existsSync(vmlinuz)) throw new Error(`the kernel's package has no kernel of release ${release}`);
  return { release, vmlinuz, tree };
}
