import { constants } from 'node:fs';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fail, ok, type Result } from '../../core/base/result.ts';

/** Where the kernel tells about disks; tests have trees of their own. */
export interface KernelTrees {
  readonly sys: string;
  readonly proc: string;
}

export const KERNEL_TREES: KernelTrees = { sys: '/sys', proc: '/proc' };

/** What an image may be written to. */
export interface Target {
  readonly path: string;
  /** A file is as long as what is written to it. */
  readonly kind: 'device' | 'file' | 'new-file';
  /** In bytes; of a file Infinity. */
  readonly capacity: number;
  /** As people know it: maker, model and size of a disk. */
  readonly label: string;
  /** How it is opened. */
  readonly flags: number;
  /** Which disk it was when it was looked at: the kernel's numbers and its count of media. Of files empty. */
  readonly medium: string;
}

/**
 * Looks at what is to be overwritten.
 * @returns `refused` for what is in use, is no whole disk, cannot be written, or is neither a disk nor a file
 */
export async function targetOf(given: string, trees: KernelTrees = KERNEL_TREES): Promise<Result<Target, 'refused'>> {
  const path = resolve(given);
  const found = await stat(path).catch(() => undefined);
  if (found === undefined) {
    if (path.startsWith('/dev/')) return fail('refused', `there is no device ${path}`);
    const flags = constants.O_RDWR | constants.O_CREAT | constants.O_EXCL;
    return ok({ path, kind: 'new-file', capacity: Number.POSITIVE_INFINITY, label: 'a new file', flags, medium: '' });
  }
  if (found.isFile()) {
    const flags = constants.O_RDWR;
    return ok({
      path,
      kind: 'file',
      capacity: Number.POSITIVE_INFINITY,
      label: 'a file that is there',
      flags,
      medium: '',
    });
  }
  if (!found.isBlockDevice()) return fail('refused', `${path} is neither a disk nor a file`);
  return diskAt(path, found.rdev, trees);
}

async function diskAt(path: string, rdev: number, trees: KernelTrees): Promise<Result<Target, 'refused'>> {
  const folder = await realpath(join(trees.sys, 'dev/block', numbersOf(rdev))).catch(() => undefined);
  if (folder === undefined) return fail('refused', `the kernel does not know ${path}`);
  if ((await textAt(join(folder, 'partition'))) !== undefined) {
    return fail('refused', `${path} is a partition; name the whole disk, /dev/${basename(join(folder, '..'))}`);
  }
  const use = await useOf(folder, trees);
  if (use !== undefined) return fail('refused', `${path} is in use: ${use}`);
  if ((await textAt(join(folder, 'ro'))) === '1') return fail('refused', `${path} is write-protected`);
  const capacity = Number(await textAt(join(folder, 'size'))) * SECTOR;
  if (!(capacity > 0)) return fail('refused', `${path} holds no medium`);
  const names = await Promise.all(['device/vendor', 'device/model'].map((name) => textAt(join(folder, name))));
  const label = [...names.filter((name) => name !== undefined && name !== ''), sizeText(capacity)].join(' ');
  // Exclusive: the kernel refuses it when somebody mounts the disk meanwhile.
  const medium = await mediumOf(rdev, trees);
  return ok({ path, kind: 'device', capacity, label, flags: constants.O_RDWR | constants.O_EXCL, medium });
}

/** What tells a disk from another one that gets its name later. */
export async function mediumOf(rdev: number, { sys }: KernelTrees = KERNEL_TREES): Promise<string> {
  const folder = join(sys, 'dev/block', numbersOf(rdev));
  const [sequence, size] = await Promise.all(['diskseq', 'size'].map((name) => textAt(join(folder, name))));
  return `${numbersOf(rdev)} ${sequence} ${size}`;
}

/** The kernel counts sizes of disks in these, whatever the disk's own are. */
const SECTOR = 512;

export const sizeText = (bytes: number): string =>
  bytes >= 1e9 ? `${(bytes / 1e9).toFixed(1)} GB` : `${(bytes / 1e6).toFixed(1)} MB`;

const numbersOf = (rdev: number): string =>
  `${Math.floor(rdev / 256) & 0xfff}:${(rdev & 0xff) | (Math.floor(rdev / 4096) & 0xfff00)}`;

/** Who has the disk, one of its partitions, or what is built on them: where it is mounted, swap, or a volume. */
async function useOf(disk: string, { sys, proc }: KernelTrees): Promise<string | undefined> {
  const mounts = mountsIn((await textAt(join(proc, 'self/mountinfo'))) ?? '');
  const swaps = ((await textAt(join(proc, 'swaps'))) ?? '').split('\n').map((line) => line.split(/\s/, 1)[0]);
  const looked = new Set<string>();
  const open = [disk, ...(await partitionsOf(disk))];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    if (looked.has(folder)) continue;
    looked.add(folder);
    const name = basename(folder);
    const number = await textAt(join(folder, 'dev'));
    const mount = mounts.find((one) => one.number === number || one.source === `/dev/${name}`);
    if (mount !== undefined) return `${name} is mounted at ${mount.at}`;
    if (swaps.includes(`/dev/${name}`)) return `${name} is swap`;
    const [holder] = await namesIn(join(folder, 'holders'));
    if (holder === undefined) continue;
    const beyond = await realpath(join(sys, 'class/block', holder)).catch(() => undefined);
    if (beyond === undefined || looked.has(beyond)) return `${name} is part of ${holder}`;
    // What is mounted says more than what it is built of; a volume that nobody mounted is in use as well.
    return (await useOf(beyond, { sys, proc })) ?? `${name} is part of ${holder}`;
  }
  return undefined;
}

async function partitionsOf(disk: string): Promise<readonly string[]> {
  const found: string[] = [];
  for (const name of await namesIn(disk)) {
    if ((await textAt(join(disk, name, 'partition'))) !== undefined) found.push(join(disk, name));
  }
  return found;
}

/** Lines of /proc/self/mountinfo: numbers of the device, where it is mounted, and the source behind the dash. */
const mountsIn = (text: string): readonly { readonly number: string; readonly at: string; readonly source: string }[] =>
  text.split('\n').flatMap((line) => {
    const [, , number, , at] = line.split(' ');
    const source = line.split(' - ')[1]?.split(' ')[1] ?? '';
    return number === undefined || at === undefined ? [] : [{ number, at, source }];
  });

const namesIn = (folder: string): Promise<readonly string[]> => readdir(folder).catch(() => []);

const textAt = (path: string): Promise<string | undefined> =>
  readFile(path, 'utf8').then(
    (text) => text.trim(),
    () => undefined,
  );
