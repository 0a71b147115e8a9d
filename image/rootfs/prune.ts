import { chmodSync, globSync, lstatSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Pin } from './lock.ts';

/** Takes out what the patterns name. @returns the patterns that named nothing: they may be out of date */
export function prune(root: string, patterns: readonly string[]): readonly string[] {
  return patterns.filter((pattern) => {
    const found = globSync(pattern, { cwd: root });
    for (const path of found) rmSync(join(root, path), { recursive: true, force: true });
    return found.length === 0;
  });
}

/** dpkg's list of a package's files; some are named with the architecture. */
function filesOf(root: string, pin: Pin): readonly string[] {
  const info = join(root, 'var/lib/dpkg/info');
  const name = [`${pin.name}.list`, `${pin.name}:${pin.architecture}.list`].find((one) =>
    readdirSync(info).includes(one),
  );
  return name === undefined
    ? []
    : readFileSync(join(info, name), 'utf8')
        .split('\n')
        .filter((path) => path !== '');
}

/** Takes out the files of packages that were only needed while the root was made, where no other package has them. */
export function removePackages(root: string, pins: readonly Pin[]): void {
  const stay = new Set(pins.filter((pin) => pin.role === 'keep').flatMap((pin) => filesOf(root, pin)));
  const go = pins.filter((pin) => pin.role === 'build').flatMap((pin) => filesOf(root, pin));
  for (const path of go.toSorted().toReversed()) {
    if (stay.has(path)) continue;
    const file = join(root, path);
    const stat = lstatSync(file, { throwIfNoEntry: false });
    if (stat === undefined) continue;
    if (!stat.isDirectory()) rmSync(file);
    else if (readdirSync(file).length === 0) rmdirSync(file);
  }
}

/** Every file and folder below `root`, as paths relative to it, folders before what they hold. */
export function* walk(root: string, folder = ''): Generator<string> {
  for (const entry of readdirSync(join(root, folder), { withFileTypes: true }).toSorted((a, b) =>
    a.name < b.name ? -1 : 1,
  )) {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    yield path;
    if (entry.isDirectory()) yield* walk(root, path);
  }
}

/** Nobody on the appliance gains rights by running a file. */
export function dropSetuid(root: string): void {
  for (const path of walk(root)) {
    const stat = lstatSync(join(root, path));
    if (stat.isFile() && (stat.mode & 0o6000) !== 0) chmodSync(join(root, path), stat.mode & 0o1777);
  }
}
