import { type FileHandle, mkdir, open, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** A folder of plain files that others read at a boot. Calls come one at a time; they throw what the system says. */
export interface PlainFolder {
  /** The file as of now, or as it was: written aside, synced, renamed, and the folder synced. */
  replace(name: string, pieces: Iterable<string>): Promise<void>;
  /** Behind what the file holds, synced. A power cut may leave the last line torn. */
  append(name: string, text: string): Promise<void>;
  /** A file that is not there is success. */
  remove(name: string): Promise<void>;
}

export function plainFolder(path: string): PlainFolder {
  const make = async (): Promise<void> => {
    if ((await mkdir(path, { recursive: true, mode: 0o700 })) !== undefined) await syncFolder(dirname(path));
  };
  return {
    async replace(name, pieces) {
      await make();
      const aside = join(path, `${name}.new`);
      await withFile(aside, 'w', async (file) => {
        for (const piece of pieces) await file.writeFile(piece);
        await file.sync();
      });
      await rename(aside, join(path, name));
      await syncFolder(path);
    },
    async append(name, text) {
      await withFile(join(path, name), 'a', async (file) => {
        await file.writeFile(text);
        await file.datasync();
      });
    },
    async remove(name) {
      try {
        await unlink(join(path, name));
        await syncFolder(path);
      } catch (thrown) {
        if ((thrown as NodeJS.ErrnoException).code !== 'ENOENT') throw thrown;
      }
    },
  };
}

async function withFile(path: string, flags: string, use: (file: FileHandle) => Promise<void>): Promise<void> {
  const file = await open(path, flags, 0o600);
  try {
    await use(file);
  } finally {
    await file.close();
  }
}

const syncFolder = (path: string): Promise<void> => withFile(path, 'r', (folder) => folder.sync());
