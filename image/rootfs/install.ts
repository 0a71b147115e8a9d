import { copyFileSync, linkSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Architecture } from '../architecture.ts';
import { run } from '../programs.ts';
import { SUITE } from './archive.ts';
import { fileOf, type Pin } from './lock.ts';

/** A .deb's own words as a stanza of a package index. */
const stanzaOf = async (cache: string, pin: Pin): Promise<string> =>
  `${(await run('dpkg-deb', ['--field', join(cache, fileOf(pin))])).trimEnd()}\nFilename: ./${fileOf(pin)}\nSize: ${pin.size}\nSHA256: ${pin.sha256}\n`;

/** Of the same file system hard links, else copies. */
function place(file: string, target: string): void {
  try {
    linkSync(file, target);
  } catch {
    copyFileSync(file, target);
  }
}

/** An apt repository of exactly the pinned packages that are to be installed; their bytes were checked before. */
async function makeRepository(folder: string, cache: string, pins: readonly Pin[]): Promise<void> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const stanzas: string[] = [];
  for (const pin of pins) {
    place(join(cache, fileOf(pin)), join(folder, fileOf(pin)));
    stanzas.push(await stanzaOf(cache, pin));
  }
  writeFileSync(join(folder, 'Packages'), stanzas.join('\n'));
}

/**
 * Installs the pinned packages into a new root, by mmdebstrap and without any network. The system's accounts are
 * made from `accounts` (sysusers.d) before any package is configured, so that their numbers are the same in every image:
 * /var outlives an image and bears them.
 */
export async function installPackages(
  root: string,
  repository: string,
  cache: string,
  pins: readonly Pin[],
  architecture: Architecture,
  accounts: string,
): Promise<void> {
  const installed = pins.filter((pin) => pin.role !== 'unpack');
  await makeRepository(repository, cache, installed);
  rmSync(root, { recursive: true, force: true });
  const hook = [
    'set -eu',
    'cp "$1/usr/share/base-passwd/passwd.master" "$1/etc/passwd"',
    'cp "$1/usr/share/base-passwd/group.master" "$1/etc/group"',
    `systemd-sysusers --root="$1" ${accounts}`,
  ].join('; ');
  await run('mmdebstrap', [
    '--quiet',
    '--mode=root',
    '--format=directory',
    '--variant=custom',
    `--architectures=${architecture.debian}`,
    '--aptopt=APT::Install-Recommends "false"',
    '--dpkgopt=force-unsafe-io',
    '--dpkgopt=path-exclude=/usr/share/man/*',
    '--dpkgopt=path-exclude=/usr/share/info/*',
    '--dpkgopt=path-exclude=/usr/share/locale/*',
    `--extract-hook=${hook}`,
    `--include=${installed.map((pin) => pin.name).join(',')}`,
    SUITE,
    root,
    `deb [trusted=yes] copy://${repository} ./`,
  ]);
  if (!statSync(join(root, 'etc/passwd'), { throwIfNoEntry: false })) throw new Error('mmdebstrap left no accounts');
}
