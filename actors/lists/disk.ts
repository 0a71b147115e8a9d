import { type FileHandle, mkdir, open, readdir, readFile, rename, unlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { messageOf } from '../../core/base/result.ts';
import { fromPackedFile, packedFile } from './packed-file.ts';
import type { GenerationStore } from './port.ts';

const SUFFIX = '.list';

/** Generations as files of a folder, one a list: written aside, synced, renamed, and the folder synced. */
export function generationFolder(path: string): GenerationStore {
  return {
    async load(name) {
      try {
        const generation = fromPackedFile(await readFile(join(path, name + SUFFIX)));
        return generation === undefined ? { damaged: 'its checksum is wrong' } : { generation };
      } catch (thrown) {
        return (thrown as NodeJS.ErrnoException).code === 'ENOENT' ? {} : { damaged: messageOf(thrown) };
      }
    },
    async save(name, generation) {
      if ((await mkdir(path, { recursive: true, mode: 0o700 })) !== undefined) await syncFolder(dirname(path));
      const aside = join(path, `${name}.new`);
      await withFile(aside, 'w', async (file) => {
        for (const piece of packedFile(generation)) await file.writeFile(piece);
        await file.sync();
      });
      await rename(aside, join(path, name + SUFFIX));
      await syncFolder(path);
    },
    async prune(names) {
      for (const file of await filesIn(path)) {
        if (!names.has(file.replace(/\.(?:list|new)$/, '')) || file.endsWith('.new')) await unlink(join(path, file));
      }
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
