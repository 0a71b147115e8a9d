import { existsSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { BOOT_FOLDER, COMPATIBLE, DISK_GUID, PARTITIONS } from '../layout.ts';
import { run } from '../programs.ts';
import { type CpioEntry, cpioArchive } from './cpio.ts';
import { MKE2FS_CONFIG, mke2fsArguments } from './file-systems.ts';
import { librariesOf } from './libraries.ts';
import { modulesInOrder, RECOVERY_MODULES, SLOT_MODULES } from './modules.ts';
import { guidOnDisk } from './partition-table.ts';
import { raucSystemConfig } from './rauc-config.ts';

export interface InitramfsPlan {
  /** The unpacked Debian root, with its kernel's modules and their `modules.dep`. */
  readonly root: string;
  readonly kind: 'slot' | 'recovery';
  /** Of the image; shown by the recovery. */
  readonly version: string;
  /** PEM of the CA whose bundles the recovery installs; the root's own (`/etc/rauc/ca.pem`) when left out. */
  readonly certificate?: string;
  /** Seconds since 1970 that every file bears, and before which the clock is wrong. */
  readonly epoch: number;
  /** Where the archive goes. */
  readonly out: string;
  /** Folder of the scripts; only tests have another. */
  readonly scripts?: string;
}

const PROGRAMS: Readonly<Record<InitramfsPlan['kind'], readonly string[]>> = {
  slot: ['dmsetup', 'e2fsck', 'mke2fs', 'resize2fs', 'sfdisk'],
  recovery: ['dmsetup', 'e2fsck', 'mke2fs', 'resize2fs', 'sfdisk', 'rauc'],
};

/** What the scripts know of the disk. The values have no quotes in them. */
export function layoutScript(epoch: number, version: string): string {
  const values = {
    DISK_GUID: guidOnDisk(DISK_GUID),
    PARTITIONS: PARTITIONS.map(({ name, number }) => `${name}:${number}`).join(' '),
    MKE2FS_DATA: mke2fsArguments('data').join(' '),
    BOOT_FOLDER,
    COMPATIBLE,
    EPOCH: String(epoch),
    VERSION: version,
  };
  return Object.entries(values)
    .map(([name, value]) => `${name}='${value}'\n`)
    .join('');
}

/** Every folder above a path, outermost first. */
const foldersAbove = (path: string): readonly string[] => {
  const parts = path.split('/').slice(0, -1);
  return parts.map((_, index) => parts.slice(0, index + 1).join('/'));
};

/** Adds the folders that the entries are in. */
export function withFolders(entries: readonly CpioEntry[]): readonly CpioEntry[] {
  const folders = new Set(entries.flatMap(({ path }) => foldersAbove(path)));
  const declared = new Set(entries.map(({ path }) => path));
  const missing = [...folders].filter((path) => !declared.has(path));
  return [...missing.map((path): CpioEntry => ({ kind: 'folder', path })), ...entries];
}

const file = (path: string, content: Uint8Array | string, isExecutable = false): CpioEntry => ({
  kind: 'file',
  path,
  isExecutable,
  content: Buffer.from(content),
});

function programPath(root: string, name: string): string {
  const found = ['usr/sbin', 'usr/bin'].map((folder) => join(root, folder, name)).find(existsSync);
  if (found === undefined) throw new Error(`${name} is not in the root: a package is missing`);
  return realpathSync(found);
}

/** The modules uncompressed, because the archive is compressed as a whole; and the order in which they are loaded. */
async function moduleEntries(root: string, kind: InitramfsPlan['kind']): Promise<readonly CpioEntry[]> {
  const releases = readdirSync(join(root, 'usr/lib/modules'));
  const [release] = releases;
  if (release === undefined || releases.length > 1) throw new Error(`one kernel is expected, not ${releases.length}`);
  const folder = join(root, 'usr/lib/modules', release);
  const wanted = kind === 'slot' ? SLOT_MODULES : RECOVERY_MODULES;
  const paths = modulesInOrder(readFileSync(join(folder, 'modules.dep'), 'utf8'), wanted);
  const name = (path: string): string => basename(path).replace(/\.xz$/, '');
  const entries: CpioEntry[] = [file('etc/bartizan/modules', paths.map((path) => `${name(path)}\n`).join(''))];
  for (const path of paths) {
    const content = path.endsWith('.xz') ? await unpacked(join(folder, path)) : readFileSync(join(folder, path));
    entries.push(file(`lib/modules/${name(path)}`, content));
  }
  return entries;
}

/** `run` gives text; a module is none. */
async function unpacked(path: string): Promise<Uint8Array> {
  const out = join(process.env['TMPDIR'] ?? '/tmp', `bartizan-module-${process.pid}-${basename(path)}`);
  await run('sh', ['-c', 'xz --decompress --stdout "$1" >"$2"', 'sh', path, out]);
  const content = readFileSync(out);
  rmSync(out);
  return content;
}

/** Settings of RAUC in the recovery: the appliance's, with what is in reach there. */
const recoveryRauc = (): string =>
  raucSystemConfig()
    .replace(/^data-directory=.*$/m, 'data-directory=/run/rauc-data')
    .replace(/^grubenv=.*$/m, `grubenv=/run/esp${BOOT_FOLDER}/grubenv`)
    .replace(/^\[handlers\]\n.*\n\n/m, '');

function recoveryEntries(plan: InitramfsPlan): readonly CpioEntry[] {
  const certificate = plan.certificate ?? readFileSync(join(plan.root, 'etc/rauc/ca.pem'), 'utf8');
  return [file('etc/rauc/ca.pem', certificate), file('etc/rauc/system.conf', recoveryRauc())];
}

/** Where the programs have it written that their loader is, and where the loader looks. */
const libraryPath = (name: string): string =>
  name.startsWith('ld-linux') ? `lib64/${name}` : `lib/x86_64-linux-gnu/${name}`;

const BARE_FOLDERS: readonly string[] = ['dev', 'proc', 'sys', 'run', 'tmp', 'sysroot'];

/**
 * The initramfs of a slot, or of the recovery: busybox, the few programs it needs of the root with their libraries, the
 * modules, and the scripts beside this file. The same root gives the same bytes.
 * @returns `plan.out`
 * @throws when the root lacks a program or library
 */
export async function makeInitramfs(plan: InitramfsPlan): Promise<string> {
  const { root, kind, epoch, out } = plan;
  const scripts = plan.scripts ?? import.meta.dirname;
  const programs = PROGRAMS[kind].map((name) => ({ name, path: programPath(root, name) }));
  const libraries = await librariesOf(
    root,
    programs.map(({ path }) => path),
  );
  const script = (name: string): string => readFileSync(join(scripts, name), 'utf8');
  const entries = withFolders([
    ...BARE_FOLDERS.map((path): CpioEntry => ({ kind: 'folder', path })),
    file('init', script(kind === 'slot' ? 'init' : 'recovery'), true),
    file('lib/bartizan/common', script('common')),
    file('sbin/grub-editenv', script('grub-editenv'), true),
    file('etc/bartizan/layout', layoutScript(epoch, plan.version)),
    file('etc/mke2fs.conf', MKE2FS_CONFIG),
    { kind: 'link', path: 'etc/mtab', to: '/proc/mounts' },
    file('bin/busybox', readFileSync(programPath(root, 'busybox')), true),
    ...programs.map(({ name, path }) => file(`sbin/${name}`, readFileSync(path), true)),
    ...[...libraries].map(([name, path]) => file(libraryPath(name), readFileSync(path), true)),
    ...(await moduleEntries(root, kind)),
    ...(kind === 'recovery' ? recoveryEntries(plan) : []),
  ]);
  writeFileSync(`${out}.cpio`, cpioArchive(entries, epoch));
  // One thread: with more, the bytes would hang on their number.
  await run('zstd', ['--quiet', '--force', '-12', '--single-thread', `${out}.cpio`, '-o', out]);
  rmSync(`${out}.cpio`);
  return out;
}
