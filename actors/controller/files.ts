import { constants } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Absent is undefined. @throws errno errors else */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw cause;
  }
}

/** Absent is empty. */
export async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).sort();
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return [];
    throw cause;
  }
}

/** Removes files whose names sort before that one, and what is left of writing them. */
export async function removeBefore(folder: string, name: string): Promise<void> {
  for (const one of await namesIn(folder)) {
    if (one.replace(/^\./, '') < name) await rm(join(folder, one), { force: true });
  }
}

/** After a crash at any moment the old contents or the new stand there whole; once this resolves the new do. */
export async function writeWhole(path: string, content: string | Uint8Array, mode: number): Promise<void> {
  const folder = dirname(path);
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const beside = join(folder, `.${basename(path)}.new`);
  await rm(beside, { force: true });
  {
    await using file = await open(beside, constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY, mode);
    await file.chmod(mode);
    await file.writeFile(content);
    await file.sync();
  }
  await rename(beside, path);
  await using directory = await open(folder, 'r');
  await directory.sync();
}
