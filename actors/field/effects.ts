import { access, chmod, mkdir, open, readFile, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { bootWordsOf, releaseOf } from '../../core/image/release.ts';
import type { Machine, PagePort } from './port.ts';

/** The folder that the service manager made for what a run leaves for others to read; undefined where nobody did. */
export const runtimeDirectory = (): string | undefined => process.env['RUNTIME_DIRECTORY']?.split(':')[0];

/** What was booted. */
export async function readMachine(): Promise<Machine> {
  const [osRelease, commandLine] = await Promise.all(
    ['/etc/os-release', '/proc/cmdline'].map((path) => readFile(path, 'utf8').catch(() => '')),
  );
  const release = releaseOf(osRelease ?? '');
  const slot = release === undefined ? undefined : bootWordsOf(commandLine ?? '')?.slot;
  return { isLab: release?.isLab ?? false, ...(slot === undefined ? {} : { slot }) };
}

export const pageFiles: PagePort = {
  async put(path, text, mode) {
    await mkdir(dirname(path), { recursive: true });
    const aside = `${path}.new`;
    await writeFile(aside, text, { mode });
    // The umask may have taken the group's right away.
    await chmod(aside, mode);
    await rename(aside, path);
  },
  async touch(path) {
    const now = new Date(Date.now());
    await utimes(path, now, now);
  },
  remove: (path) => rm(path, { force: true }),
};

export const isThere = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Absent is fine. @throws errno errors */
export const remove = (path: string): Promise<void> => rm(path, { force: true });

/** A file for its owner only, whole and on disk when this resolves. @throws errno errors */
export async function putDurably(path: string, text: string): Promise<void> {
  const aside = `${path}.new`;
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await rm(aside, { force: true });
  {
    await using file = await open(aside, 'wx', 0o600);
    await file.writeFile(text);
    await file.sync();
  }
  await rename(aside, path);
  await using folder = await open(dirname(path), 'r');
  await folder.sync();
}

export async function absentAsUndefined<V>(reading: Promise<V>): Promise<V | undefined> {
  try {
    return await reading;
  } catch (thrown) {
    if (thrown instanceof Error && 'code' in thrown && thrown.code === 'ENOENT') return undefined;
    throw thrown;
  }
}

/** Whatever this process makes from now on is for its own user alone. */
export const keepPrivate = (): void => {
  process.umask(0o077);
};

/** Standard input, `most` bytes of it at most. */
export async function readInput(most: number): Promise<Result<Uint8Array, 'unreadable'>> {
  const chunks: Buffer[] = [];
  let size = 0;
  try {
    for await (const chunk of process.stdin as AsyncIterable<Buffer>) {
      chunks.push(chunk);
      size += chunk.length;
      if (size >= most) break;
    }
    return ok(Buffer.concat(chunks).subarray(0, most));
  } catch (thrown) {
    return fail('unreadable', `standard input cannot be read: ${messageOf(thrown)}`, thrown);
  }
}
