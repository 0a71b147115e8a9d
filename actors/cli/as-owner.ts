import { statSync } from 'node:fs';

/**
 * Where root asks about a directory of somebody else's, this process becomes him, for good: what writes there as root would
 * follow a link that he has put in a file's place. Does nothing for who is not root, or of what belongs to root.
 * @throws Error of the file system when there is no such directory
 */
export function becomeOwnerOf(directory: string): void {
  const { uid, gid } = statSync(directory);
  const { setuid, setgid, setgroups } = process;
  if (process.geteuid?.() !== 0 || uid === 0 || !setuid || !setgid || !setgroups) return;
  setgroups([]);
  setgid(gid);
  setuid(uid);
}
