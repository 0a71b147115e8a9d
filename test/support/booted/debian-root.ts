import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ROOT } from '../root.ts';

const run = promisify(execFile);

export type Release = 'bookworm' | 'trixie';

/** What the package needs and a minimal Debian lacks, so that it is installed from its file alone. */
const INCLUDED = ['iproute2', 'libstdc++6', 'libsystemd0', 'nftables', 'systemd'];
const OPTIONS = [
  '--quiet',
  '--variant=minbase',
  `--include=${INCLUDED.join(',')}`,
  '--dpkgopt=path-exclude=/usr/share/man/*',
  '--dpkgopt=path-exclude=/usr/share/locale/*',
  '--aptopt=Acquire::Languages "none"',
];
const LIMIT = 8 * 60_000;

/**
 * The root of a minimal Debian with systemd, in which nothing was ever booted. Made once, from the mirror of this
 * machine's own apt, in about half a minute; kept in `build/` for others to read.
 * @returns why it cannot be made, where it cannot
 */
export async function debianRoot(release: Release): Promise<{ readonly root: string } | { readonly why: string }> {
  if (process.getuid?.() !== 0) return { why: 'needs root to make the root of a Debian' };
  const mirror = await mirrorOfApt();
  if (mirror === undefined) return { why: "no apt source of this machine offers the machine's own release" };
  const key = createHash('sha256')
    .update([release, mirror, ...OPTIONS].join('\n'))
    .digest('hex')
    .slice(0, 12);
  const root = join(ROOT, 'build/debian', `${release}-${key}`);
  if (existsSync(root)) return { root };
  mkdirSync(join(ROOT, 'build/debian'), { recursive: true });
  const made = `${root}.${process.pid}`;
  try {
    await run('mmdebstrap', [...OPTIONS, release, made, mirror], { timeout: LIMIT });
    renameSync(made, root);
    return { root };
  } catch (thrown) {
    const { code, stderr = '' } = thrown as { readonly code?: number | string; readonly stderr?: string };
    const why = code === 'ENOENT' ? 'mmdebstrap is not installed' : stderr.trim().split('\n').at(-1);
    return { why: `a root of ${release} cannot be made: ${why}` };
  } finally {
    rmSync(made, { recursive: true, force: true });
  }
}

/** The archive from which this machine's own release comes; Debian's others are in it, too. */
async function mirrorOfApt(): Promise<string | undefined> {
  try {
    const { stdout: release } = await run('sh', ['-c', '. /etc/os-release && echo "$VERSION_CODENAME"']);
    const format = ['--format', '$(REPO_URI) $(RELEASE)', 'Created-By: Packages'];
    const { stdout } = await run('apt-get', ['indextargets', ...format]);
    const line = stdout.split('\n').find((one) => one.endsWith(` ${release.trim()}`));
    return line?.split(' ')[0];
  } catch {
    return undefined;
  }
}
