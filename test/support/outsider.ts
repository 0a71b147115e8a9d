import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Runs what follows as a user with no rights at all; for root only. */
export const AS_NOBODY: readonly [string, ...string[]] = [
  'setpriv',
  '--reuid=65534',
  '--regid=65534',
  '--clear-groups',
];

const runs = (command: readonly string[]): boolean => {
  const [program = '', ...args] = command;
  return spawnSync(program, [...args, process.execPath, '--check', fileURLToPath(import.meta.url)]).status === 0;
};

/** Why no test can run the product as another user: it needs root, and a checkout that others may enter. */
export const noOutsider: string | false =
  process.getuid?.() !== 0
    ? 'needs root to become another user'
    : !runs(AS_NOBODY) && 'another user may not enter this checkout';

/** Why no user namespace can be made here: some kernels forbid it, and so does every chroot. */
export const noUserNamespace: string | false =
  !runs(['unshare', '--user', '--map-root-user']) && 'user namespaces are not to be had here';
