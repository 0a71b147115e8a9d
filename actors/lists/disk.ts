import { createHash } from 'node:crypto';
import { type FileHandle, mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf } from '../../core/base/result.ts';
import { fromPackedFile, packedFile } from './packed-file.ts';
import type { GenerationStore, NamedList } from './port.ts';

const SUFFIX = '.list';

/** A list of another source is another file, though it has the same name. */
const fileOf = ({ name, id }: NamedList): string =>
  `${name}-${createHash('sha256').update(id).digest('hex').slice(0, 12)}${SUFFIX}`;

/** Generations as files of a folder, one a list: written aside, synced, renamed, and the folder synced. */
export function generationFolder(path: string): GenerationStore {
  return {
    async load(list) {
      try {
        const generation = fromPackedFile(await readFile(join(path, fileOf(list))));
        return generation?.id === list.id ? { generation } : { damaged: 'its checksum is wrong' };
      } catch (thrown) {
        return (thrown as NodeJS.ErrnoException).code === 'ENOENT' ? {} : { damaged: messageOf(thrown) };
      }
    },
    async save(list, generation) {
      if ((await mkdir(path, { recursive: true, mode: 0o700 })) !== undefined) await syncFolder(dirname(path));
      const aside = join(path, `${list.name}.new`);
      await withFile(aside, 'w', async (file) => {
        for (const piece of packedFile(generation)) await file.writeFile(piece);
        await file.sync();
      });
      await rename(aside, join(path, fileOf(list)));
      await syncFolder(path);
    },
    async prune(lists) {
      const kept = new Set(lists.map(fileOf));
      for (const file of await filesIn(path)) if (!kept.has(file)) await unlink(join(path, file));
    },
  };
}

async function filesIn(path: string): Promise<readonly string[]> {
  try {
    return await readdir(path);
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw thrown;
  }
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
