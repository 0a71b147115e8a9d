import { constants, readFileSync } from 'node:fs';
import { lstat, mkdir, open, readdir, rename, rm, rmdir, stat } from 'node:fs/promises';
import { type Millis, millis } from '../../core/base/time.ts';
import type { BootClock } from './boot-clock.ts';
import type { ChangeDisk } from './disk.ts';

const LARGEST_FILE = 16 << 20;

/**
 * CLOCK_BOOTTIME as the kernel shows it in /proc/uptime, to 10 ms: runs on in suspend and minds nobody who sets the wall
 * clock. @throws where /proc is not mounted: nothing can be put on trial there
 */
export function systemBootClock(): BootClock {
  const bootId = readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim();
  const now = (): Millis => {
    const [, seconds] = /^(\d+\.\d+) /.exec(readFileSync('/proc/uptime', 'latin1')) ?? [];
    if (seconds === undefined) throw new Error('/proc/uptime cannot be read');
    return millis(Math.round(Number(seconds) * 1000));
  };
  now();
  return { bootId, now };
}

export const systemDisk: ChangeDisk = {
  async makeDirectory(path) {
    await mkdir(path, { mode: 0o700 }).catch(except('EEXIST'));
  },
  async write(path, bytes, { mode, uid, gid }) {
    // For its owner alone until it is whole: what is written may be a secret.
    await using file = await open(path, 'w', 0o600);
    await file.writeFile(bytes);
    const made = await file.stat();
    if (made.uid !== uid || made.gid !== gid) await file.chown(uid, gid);
    await file.chmod(mode);
  },
  async sync(path) {
    await using file = await open(path, constants.O_RDONLY);
    await file.sync();
  },
  rename,
  async remove(path) {
    // Node's rm refuses a directory, its rmdir a file: unlink(2) and rmdir(2) would each say so as well.
    const found = await lstat(path).catch(except('ENOENT'));
    if (found?.isDirectory() === true) await rmdir(path);
    else await rm(path, { force: true });
  },
  async read(path) {
    const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch(except('ENOENT'));
    if (file === undefined) return undefined;
    await using handle = file;
    const { size } = await handle.stat();
    if (size > LARGEST_FILE) throw new Error(`${path} is larger than ${LARGEST_FILE} bytes`);
    return await handle.readFile();
  },
  async attributes(path) {
    const found = await stat(path).catch(except('ENOENT'));
    return found === undefined ? undefined : { mode: found.mode & 0o7777, uid: found.uid, gid: found.gid };
  },
  names: async (path) => (await readdir(path).catch(except('ENOENT', 'ENOTDIR')))?.sort(),
};

/** Turns a rejection with one of these codes into undefined. */
const except =
  (...codes: readonly string[]) =>
  (thrown: unknown): undefined => {
    if (thrown instanceof Error && 'code' in thrown && codes.includes(String(thrown.code))) return undefined;
    throw thrown;
  };

/** Owner and group that this process makes files with. */
export const ownIds = (): { readonly uid: number; readonly gid: number } => ({
  uid: process.geteuid?.() ?? 0,
  gid: process.getegid?.() ?? 0,
});
