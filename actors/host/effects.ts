import { constants, readFileSync } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { systemDisk, writeWhole } from '../change/index.ts';
import type { HostFile, RequestFiles } from './port.ts';

/** Where requests lie, which is the daemon's own, and where answers do, which is root's. */
export interface RequestPlaces {
  readonly requests: string;
  readonly answers: string;
}

export const REQUEST_PLACES: RequestPlaces = {
  requests: '/run/bartizan/requests',
  answers: '/run/bartizan-host/answers',
};

/** An answer is two lines. */
const LARGEST_ANSWER = 4096;

export const requestFiles = ({ requests, answers }: RequestPlaces): RequestFiles => ({
  async put(verb) {
    await mkdir(requests, { recursive: true, mode: 0o700 });
    const aside = `${requests}/.${verb}`;
    await rm(aside, { force: true, recursive: true });
    await using file = await open(aside, 'wx', 0o600);
    const { ino, mtimeNs } = await file.stat({ bigint: true });
    await rename(aside, `${requests}/${verb}`);
    const [seconds, nanoseconds] = [mtimeNs / 1_000_000_000n, mtimeNs % 1_000_000_000n];
    return `${ino} ${seconds}.${String(nanoseconds).padStart(9, '0')}`;
  },
  takeBack: (verb) => rm(`${requests}/${verb}`, { force: true, recursive: true }),
  answer: (verb) => readSmall(`${answers}/${verb}`, LARGEST_ANSWER),
});

/** A text of that many bytes at most; what is longer is cut. Undefined where there is none. */
export async function readSmall(path: string, most: number): Promise<string | undefined> {
  const file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK).catch((thrown: unknown) => {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined;
    throw thrown;
  });
  if (file === undefined) return undefined;
  await using handle = file;
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(most), 0, most, 0);
  return buffer.toString('utf8', 0, bytesRead);
}

/** Below the state directory, for its owner alone; root takes it with his rights. */
export function hostFile(stateDirectory: string, applied = APPLIED): HostFile {
  const folder = `${stateDirectory}/host`;
  const path = `${folder}/rendered`;
  const attributes = { mode: 0o600, uid: process.geteuid?.() ?? 0, gid: process.getegid?.() ?? 0 };
  return {
    path,
    attributes,
    read: () => systemDisk.read(path),
    async write(bytes) {
      await systemDisk.makeDirectory(folder);
      await systemDisk.sync(stateDirectory);
      await writeWhole(systemDisk, path, bytes, attributes);
    },
    applied: async () => (await readSmall(applied, SHA256_LENGTH))?.trim(),
  };
}

const APPLIED = '/run/bartizan-host/applied';
const SHA256_LENGTH = 64;

/** Whether this machine is an appliance by systemd's word for it. */
export function isAppliance(osRelease = '/etc/os-release'): boolean {
  try {
    return /^IMAGE_ID="?bartizan"?$/m.test(readFileSync(osRelease, 'utf8'));
  } catch {
    return false;
  }
}
