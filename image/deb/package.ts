import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  chmodSync,
  lutimesSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
} from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { CHECKOUT, productVersion, sourceDateEpoch } from '../tree/checkout.ts';
import { isLicence, type LockedPackage } from '../tree/closure.ts';
import { filesUnder, type InstalledTree, installTree, put, write } from '../tree/tree.ts';
import { controlFile, debianVersion, filledIn, unitWords } from './control.ts';
import { copyrightFile } from './copyright.ts';
import { dependenciesOf, needsOf } from './needs.ts';

const run = promisify(execFile);

/**
 * What no library says, since it is started or opened by its name: the service manager with its accounts and presets,
 * `nft` and `ip` of what runs before the daemon and of the canaries, the library that reads the journal.
 */
const STARTED_BY_NAME: readonly string[] = ['iproute2', 'libsystemd0', 'nftables', 'systemd (>= 252)'];
const ARCHITECTURES: Readonly<Record<string, string>> = { x64: 'amd64', arm64: 'arm64' };
const SCRIPTS: readonly string[] = ['preinst', 'postinst', 'prerm', 'postrm'];
const DOC = 'usr/share/doc/bartizan';

export interface PackageOptions {
  /** Where the package is put. */
  readonly folder: string;
  /** Another version than the product's, and files laid over its own, by their path from the root: for tests. */
  readonly version?: string;
  readonly over?: Readonly<Record<string, string>>;
  /** Of xz, 0 to 9, or nothing compressed: tests are in a hurry. Default 6. */
  readonly effort?: number | 'none';
}

/**
 * Makes `bartizan_<version>_<architecture>.deb` of what is built: the same bytes from the same `dist/`, packages and
 * `SOURCE_DATE_EPOCH`. Needs dpkg-deb, strip and objdump.
 * @returns its path
 */
export async function makePackage(options: PackageOptions): Promise<string> {
  const { folder, version = productVersion(), over = {}, effort = 6 } = options;
  const architecture = ARCHITECTURES[process.arch];
  if (architecture === undefined) throw new Error(`there is no package for ${process.arch}`);
  mkdirSync(folder, { recursive: true });
  const root = mkdtempSync(join(folder, 'deb-'));
  chmodSync(root, 0o755);
  try {
    const tree = await installTree(root, 'host');
    installDocs(root);
    for (const [path, text] of Object.entries(over)) write(join(root, path), text);
    const control = await controlFiles(root, tree, { version, architecture });
    for (const [name, text] of Object.entries(control))
      write(join(root, 'DEBIAN', name), text, SCRIPTS.includes(name) ? 0o755 : 0o644);
    const epoch = sourceDateEpoch();
    stamp(root, epoch);
    const name = `bartizan_${debianVersion(version)}_${architecture}.deb`;
    const made = join(root, '..', `.${name}`);
    const compression = effort === 'none' ? ['-Znone'] : ['-Zxz', `-z${effort}`];
    await run('dpkg-deb', ['--root-owner-group', ...compression, '--build', root, made], {
      env: { ...process.env, SOURCE_DATE_EPOCH: String(epoch) },
    });
    renameSync(made, join(folder, name));
    return join(folder, name);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}

async function controlFiles(
  root: string,
  { units, binaries, packages }: InstalledTree,
  { version, architecture }: { readonly version: string; readonly architecture: string },
): Promise<Readonly<Record<string, string>>> {
  write(join(root, DOC, 'copyright'), copyrightFile(packages.map((one) => ({ ...one, texts: licenceTexts(one) }))));
  const files = filesUnder(root);
  const description = 'Edge security appliance: watches, judges, blocks in the kernel';
  const depends = [...(await libraryPackages(root, binaries)), ...STARTED_BY_NAME].sort();
  const unitText = (name: string) => readFileSync(join(root, 'usr/lib/systemd/system', name), 'utf8');
  const words = {
    version: debianVersion(version),
    ...unitWords(units.map((name) => ({ name, text: unitText(name) }))),
  };
  return {
    control: controlFile({ version, description, architecture, depends, installedKiB: kibibytesUnder(root) }),
    conffiles: lines(files.filter((file) => file.startsWith('etc/')).map((file) => `/${file}`)),
    md5sums: lines(files.filter((file) => !file.startsWith('etc/')).map((file) => `${md5(join(root, file))}  ${file}`)),
    ...Object.fromEntries(SCRIPTS.map((name) => [name, filledIn(readSource(name), words)])),
  };
}

const lines = (all: readonly string[]): string => all.map((line) => `${line}\n`).join('');
const md5 = (file: string): string => createHash('md5').update(readFileSync(file)).digest('hex');
const readSource = (name: string): string => readFileSync(join(CHECKOUT, 'image/deb', name), 'utf8');

/**
 * From the files themselves. The engine as its maker built it does not count where a copy for an older glibc comes along:
 * which of the two can be loaded shows at the start.
 */
async function libraryPackages(root: string, binaries: readonly string[]): Promise<readonly string[]> {
  const hasCopy = binaries.some((file) => /native\/glibc\/uws_/.test(file));
  const counted = binaries.filter((file) => !(hasCopy && file.includes('uwebsockets.js/uws_')));
  const shown = await Promise.all(counted.map((file) => run('objdump', ['-p', join(root, file)])));
  return dependenciesOf(shown.map(({ stdout }) => needsOf(stdout)));
}

function installDocs(root: string): void {
  put(join(CHECKOUT, 'README.md'), join(root, DOC, 'README.md'), 0o644);
  for (const file of filesUnder(join(CHECKOUT, 'docs')))
    put(join(CHECKOUT, 'docs', file), join(root, DOC, 'docs', file), 0o644);
  write(join(root, DOC, 'changelog.gz'), gzipSync(readFileSync(join(CHECKOUT, 'CHANGELOG.md')), { level: 9 }));
}

/** Of the package as it is installed; what it brings of others, as for addons, says so itself. */
function licenceTexts({ path }: LockedPackage): readonly string[] {
  const folder = join(CHECKOUT, path);
  return filesUnder(folder)
    .filter((file) => !file.startsWith('node_modules/') && isLicence(file))
    .map((file) => readFileSync(join(folder, file), 'utf8'));
}

/** As dpkg counts: files by started KiB, anything else as one. */
function kibibytesUnder(root: string): number {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .map((entry) => (entry.isFile() ? Math.ceil(statSync(join(entry.parentPath, entry.name)).size / 1024) : 1))
    .reduce((sum, one) => sum + one, 0);
}

/** Everything below bears one time, the innermost first, as a folder gets a new one by what is done in it. */
function stamp(folder: string, seconds: number): void {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) stamp(path, seconds);
    else lutimesSync(path, seconds, seconds);
  }
  lutimesSync(folder, seconds, seconds);
}
