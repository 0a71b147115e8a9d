import {
  chmodSync,
  cpSync,
  globSync,
  lstatSync,
  mkdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import type { Architecture } from '../architecture.ts';
import { raucSystemConfig } from '../boot/rauc-config.ts';
import { declarationOf } from '../declaration.ts';
import { run } from '../programs.ts';

export interface Identity {
  readonly version: string;
  readonly architecture: Architecture;
  /** Signed by the lab's authority, whose keys are known to everybody. */
  readonly lab: boolean;
}

/** os-release(5): by IMAGE_ID the program knows that it is an appliance. */
export const osRelease = (debian: string, { version, lab }: Identity): string =>
  [
    'NAME="Bartizan"',
    `PRETTY_NAME="Bartizan ${version}"`,
    'ID=bartizan',
    'ID_LIKE=debian',
    'DEFAULT_HOSTNAME=bartizan',
    `VERSION_ID="${version}"`,
    `VERSION_CODENAME=${/^VERSION_CODENAME=(\S+)$/m.exec(debian)?.[1] ?? 'unknown'}`,
    `DEBIAN_VERSION_ID=${/^VERSION_ID="?([^"\n]+)"?$/m.exec(debian)?.[1] ?? 'unknown'}`,
    'IMAGE_ID=bartizan',
    `IMAGE_VERSION=${version}`,
    ...(lab ? ['VARIANT="Lab"', 'VARIANT_ID=lab'] : []),
    '',
  ].join('\n');

const MOUNT_POINTS = ['data', 'efi', 'ident', 'var', 'tmp', 'run', 'proc', 'sys', 'dev'] as const;

function link(root: string, path: string, target: string): void {
  rmSync(join(root, path), { force: true });
  mkdirSync(dirname(join(root, path)), { recursive: true });
  symlinkSync(target, join(root, path));
}

function write(root: string, path: string, text: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  rmSync(join(root, path), { force: true });
  writeFileSync(join(root, path), text, { mode: 0o644 });
}

/** Entries of passwd or group with a number of the system's, which `accounts` must have fixed. */
export function looseAccounts(passwd: string, accounts: string): readonly string[] {
  const fixed = new Map(declarationOf(accounts).map((line) => line.split(/\s+/).slice(1, 3) as [string, string]));
  return passwd.split('\n').flatMap((line) => {
    const [name = '', , id = ''] = line.split(':');
    const number = Number(id);
    if (name === '' || number <= 100 || number >= 60_000 || fixed.get(name) === id) return [];
    return [`${name} (${id})`];
  });
}

/** Makes an installed root the appliance's: its own /etc, its units, no state. Packages' leftovers are pruned later. */
export async function configure(root: string, sources: string, identity: Identity, authority: string): Promise<void> {
  const accounts = readFileSync(join(sources, 'accounts.conf'), 'utf8');
  const loose = ['passwd', 'group'].flatMap((name) =>
    looseAccounts(readFileSync(join(root, 'etc', name), 'utf8'), accounts),
  );
  if (loose.length > 0) throw new Error(`rootfs/accounts.conf fixes no number for ${loose.join(', ')}`);

  const debian = readFileSync(join(root, 'usr/lib/os-release'), 'utf8');
  cpSync(join(sources, 'files'), root, { recursive: true });
  for (const path of globSync('**/*', { cwd: join(sources, 'files') }))
    chmodSync(join(root, path), statSync(join(root, path)).isDirectory() ? 0o755 : 0o644);
  write(root, 'usr/lib/os-release', osRelease(debian, identity));
  link(root, 'etc/os-release', '../usr/lib/os-release');
  link(root, 'etc/resolv.conf', '../run/systemd/resolve/stub-resolv.conf');
  // Made by systemd/host, as the settings say; without a zone it is UTC.
  link(root, 'etc/localtime', '../run/bartizan-host/localtime');
  link(root, 'etc/hostname', '../run/bartizan-host/hostname');
  link(root, 'etc/mtab', '../proc/self/mounts');
  write(root, 'etc/machine-id', '');
  write(root, 'etc/rauc/system.conf', raucSystemConfig());
  // Debian's own empties the file before it writes it.
  cpSync(join(sources, '../boot/grub-editenv'), join(root, 'usr/bin/grub-editenv'));
  chmodSync(join(root, 'usr/bin/grub-editenv'), 0o755);
  write(root, 'etc/rauc/ca.pem', readFileSync(authority, 'utf8'));
  for (const folder of MOUNT_POINTS) mkdirSync(join(root, folder), { recursive: true });
  // systemd never sets the clock to before the time of this file, which is that of the image.
  write(root, 'usr/lib/clock-epoch', '');
  const shadow = readFileSync(join(root, 'etc/shadow'), 'utf8');
  writeFileSync(join(root, 'etc/shadow'), withoutDates(shadow), { mode: 0o600 });
  await enableUnits(root, sources);
}

/** shadow(5) without the day on which each account was made, which would be the day of the build. */
export const withoutDates = (shadow: string): string => shadow.replace(/^([^:]*:[^:]*:)\d+:/gm, '$1:');

async function enableUnits(root: string, sources: string): Promise<void> {
  for (const path of globSync('etc/systemd/system/*.{wants,requires,upholds}', { cwd: root }))
    rmSync(join(root, path), { recursive: true });
  for (const path of globSync('etc/systemd/system/*', { cwd: root }))
    if (lstatSync(join(root, path)).isSymbolicLink()) rmSync(join(root, path));
  for (const [unit = ''] of declarationOf(readFileSync(join(sources, 'masked'), 'utf8')).map((line) =>
    line.split(/\s+/),
  ))
    link(root, `etc/systemd/system/${unit}`, '/dev/null');
  await run('systemctl', [`--root=${root}`, 'preset-all', '--preset-mode=enable-only']);
  link(root, 'etc/systemd/system/default.target', '/usr/lib/systemd/system/multi-user.target');
}
