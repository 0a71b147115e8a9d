import { execFile } from 'node:child_process';
import { mkdtempSync, rmdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** `$1` is the root, `$2` an empty folder, `$3` a file that is brought in as /run/brought, `$4` the script. */
const SCRIPT = `
set -e
mount --make-rprivate /
mount -t tmpfs tmpfs "$2"
mkdir "$2/upper" "$2/work" "$2/root"
mount -t overlay overlay -o "lowerdir=$1,upperdir=$2/upper,workdir=$2/work" "$2/root"
mount -t proc proc "$2/root/proc"
mount -t tmpfs tmpfs "$2/root/run"
cp "$3" "$2/root/run/brought"
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin DEBIAN_FRONTEND=noninteractive chroot "$2/root" sh -euc "$4"
`;

/**
 * Runs a shell script in a root in which no service manager runs, as in an installer's; the root stays as it is.
 * @returns what it has said; rejects when it fails
 */
export async function inChroot(root: string, brought: string, script: string): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), 'bartizan-chroot-'));
  try {
    const spaces = ['--mount', '--pid', '--fork', '--kill-child'];
    const args = [...spaces, 'sh', '-c', SCRIPT, 'sh', root, folder, brought, script];
    return (await run('unshare', args, { timeout: 180_000 })).stdout;
  } finally {
    rmdirSync(folder);
  }
}
