/**
 * Lays the built product out as it is installed: by the package on a plain host, and in the appliance's root file system.
 * Takes `dist/` as the build left it; needs `strip` (binutils, which the compiler brings).
 */
import { execFile } from 'node:child_process';
import { chmodSync, copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { promisify } from 'node:util';
import { INSTALLED_AUTHORITY } from '../../core/image/authority-place.ts';
import { OUTSIDE } from '../build/outside.ts';
import { authorityPlace } from './authority.ts';
import { CHECKOUT } from './checkout.ts';
import {
  isLicence,
  isNode,
  isShipped,
  type LockedPackage,
  type Lockfile,
  productionPackages,
  reachedFrom,
} from './closure.ts';
import { PAPERS } from './papers.ts';
import { enabledBy, type Purpose, placeOf, presetFor } from './units.ts';

const run = promisify(execFile);

/** Of the machine that builds; it is the one that is built for. */
const TARGET = { cpu: process.arch, abi: process.versions.modules };

/** What was laid out. */
export interface InstalledTree {
  /** npm packages, Node among them, in the order of their paths. */
  readonly packages: readonly LockedPackage[];
  /** Unit files, in the order of their names. */
  readonly units: readonly string[];
  /** The units that the preset enables. */
  readonly enabled: readonly string[];
  /** Executables and shared objects, from the root: what has needs of its own. */
  readonly binaries: readonly string[];
}

/**
 * Installs program, units, accounts, presets, wrapper and `/etc/bartizan/floor` into a directory that is or becomes a
 * root. Files that are there are replaced, none is removed. Modes do not depend on the umask; times and owners are the
 * caller's to set. On a host the engine's copy for an older glibc comes along; the appliance's glibc needs none.
 * @throws when the product is not built, or a package of the lockfile is not installed
 */
export async function installTree(root: string, purpose: Purpose): Promise<InstalledTree> {
  const lockfile = readLockfile();
  const packages = productionPackages(lockfile, TARGET.cpu);
  const outside = reachedFrom(OUTSIDE, lockfile);
  installDist(root, purpose);
  for (const one of packages) if (!isNode(one)) installPackage(root, one, outside.has(one.path));
  installPapers(root, packages.find(isNode));
  put(join(CHECKOUT, 'image/tree/bartizan'), join(root, 'usr/bin/bartizan'), 0o755);
  put(join(CHECKOUT, 'image/tree/floor'), join(root, 'etc/bartizan/floor'), 0o644);
  const { units, enabled } = installUnits(root, purpose);
  const binaries = binariesIn(root);
  await Promise.all(binaries.map((file) => strip(join(root, file))));
  return { packages, units, enabled, binaries };
}

export const PROGRAM = 'usr/lib/bartizan';

function readLockfile(): Lockfile {
  return JSON.parse(readFileSync(join(CHECKOUT, 'package-lock.json'), 'utf8')) as Lockfile;
}

/** The bundle and what it takes from beside it: addons and hands, generated files, the console's pages. */
function installDist(root: string, purpose: Purpose): void {
  const dist = join(CHECKOUT, 'dist');
  if (!existsSync(join(dist, '.built'))) throw new Error(`${dist} is not built: sh image/build/build`);
  for (const file of filesUnder(dist)) {
    if (!isInstalled(file, purpose)) continue;
    put(join(dist, file), join(root, PROGRAM, 'dist', file), isExecutable(file) ? 0o755 : 0o644);
  }
}

/** Whether a file of `dist/` is installed. The copy of the engine for an older glibc is for hosts. */
export function isInstalled(file: string, purpose: Purpose): boolean {
  const isTaken =
    /^(?:bundle|generated|core\/console\/public)\//.test(file) || file.endsWith('.node') || isExecutable(file);
  return isTaken && !file.endsWith('.map') && !(purpose === 'appliance' && /^native\/glibc\/uws_/.test(file));
}

const isExecutable = (file: string): boolean => /^native\/hands\/[^/]+\/[^/.]+$/.test(file);

/** @param isOutside whether it is loaded by its name; what the bundle holds leaves its licence. */
function installPackage(root: string, { path, name }: LockedPackage, isOutside: boolean): void {
  const from = join(CHECKOUT, path);
  if (!existsSync(from)) throw new Error(`${path} is not installed: npm run provision`);
  for (const file of filesUnder(from)) {
    if (file.startsWith('node_modules/') || !isShipped(name, file, TARGET)) continue;
    if (!isOutside && !isLicence(file)) continue;
    put(join(from, file), join(root, PROGRAM, path, file), 0o644);
  }
}

/** Node itself, and what is said of the program: its version, its licence, what the units call their documentation. */
function installPapers(root: string, node: LockedPackage | undefined): void {
  if (node === undefined) throw new Error(`package-lock.json has no Node for ${TARGET.cpu}`);
  const program = join(root, PROGRAM);
  put(join(CHECKOUT, node.path, 'bin/node'), join(program, 'node'), 0o755);
  put(join(CHECKOUT, node.path, 'LICENSE'), join(program, 'licences/node'), 0o644);
  put(join(CHECKOUT, 'LICENSE'), join(program, 'licences/bartizan'), 0o644);
  put(authorityPlace(process.env).trusted, join(program, INSTALLED_AUTHORITY), 0o644);
  for (const paper of PAPERS) put(join(CHECKOUT, paper), join(program, paper), 0o644);
  const { name, version, description, license, type } = JSON.parse(
    readFileSync(join(CHECKOUT, 'package.json'), 'utf8'),
  ) as Readonly<Record<string, string>>;
  write(join(program, 'package.json'), `${JSON.stringify({ name, version, description, license, type }, null, 2)}\n`);
}

function installUnits(root: string, purpose: Purpose): Pick<InstalledTree, 'units' | 'enabled'> {
  const folder = join(CHECKOUT, 'systemd');
  const units: string[] = [];
  const enabled: string[] = [];
  for (const file of readdirSync(folder).sort()) {
    const place = placeOf(file, purpose);
    if (place === undefined) continue;
    if (!file.endsWith('.preset')) {
      put(join(folder, file), join(root, place.path), place.mode);
      if (place.path.startsWith('/usr/lib/systemd/system/')) units.push(file);
      continue;
    }
    const preset = presetFor(readFileSync(join(folder, file), 'utf8'), purpose);
    write(join(root, place.path), preset);
    enabled.push(...enabledBy(preset));
  }
  return { units, enabled };
}

function binariesIn(root: string): readonly string[] {
  return filesUnder(join(root, PROGRAM))
    .filter((file) => file === 'node' || file.endsWith('.node') || isExecutable(file.replace(/^dist\//, '')))
    .map((file) => join(PROGRAM, file));
}

/** Symbols for a debugger are half of an addon; the build id would tell two builds in two folders apart. */
async function strip(file: string): Promise<void> {
  // The engine is loaded as its maker built it: its bytes are pinned.
  if (/\/uws_linux_[^/]+\.node$/.test(file)) return;
  await run('strip', ['--strip-unneeded', '--remove-section=.note.gnu.build-id', '--remove-section=.comment', file]);
}

/** Plain files, from the folder, in the order of their names. */
export function filesUnder(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)))
    .sort();
}

/** Copies a file to where it belongs; folders on the way are made. */
export function put(from: string, to: string, mode: number): void {
  makeFolder(dirname(to));
  copyFileSync(from, to);
  chmodSync(to, mode);
}

/** Writes a file where it belongs; folders on the way are made. */
export function write(to: string, text: string | Uint8Array, mode = 0o644): void {
  makeFolder(dirname(to));
  writeFileSync(to, text);
  chmodSync(to, mode);
}

/** Whatever the umask: a folder of a root is open to all. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  mkdirSync(path);
  chmodSync(path, 0o755);
}
