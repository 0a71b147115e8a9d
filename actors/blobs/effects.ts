import { type FileHandle, mkdir, open, readdir, rename, rm, stat, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { ReplySource } from '../../core/api/http.ts';
import type { BlobDisk, Content, StagedFile } from './disk.ts';

const FOLDER_MODE = 0o700;
const FILE_MODE = 0o600;
const INCOMING = 'incoming';
const PIECE = 64 * 1024;
const CONTENT = /^[0-9a-f]{64}$/;
const PREFIX = /^[0-9a-f]{2}$/;

/** Content lies at `<folder>/<first two digits>/<sha256>`, what is still arriving at `<folder>/incoming/<number>`. */
export function folderDisk(folder: string): BlobDisk {
  const incoming = join(folder, INCOMING);
  const prefixOf = (sha256: string) => join(folder, sha256.slice(0, 2));
  const pathOf = (sha256: string) => join(prefixOf(sha256), sha256);
  let staged = 0;
  return {
    async open() {
      await rm(incoming, { recursive: true, force: true });
      await mkdir(incoming, { recursive: true, mode: FOLDER_MODE });
      await syncFolder(join(folder, '..'));
      return contentOf(folder);
    },
    async stage() {
      const path = join(incoming, String(++staged));
      return stagedFile(path, await open(path, 'wx', FILE_MODE), prefixOf);
    },
    async read(sha256, from, length) {
      const handle = await open(pathOf(sha256), 'r').catch(ignoreMissing);
      if (handle === undefined) return undefined;
      if ((await handle.stat()).size >= from + length) return stretchOf(handle, from, length);
      await handle.close();
      return undefined;
    },
    async remove(sha256) {
      await unlink(pathOf(sha256)).catch(ignoreMissing);
    },
  };
}

function stagedFile(path: string, handle: FileHandle, prefixOf: (sha256: string) => string): StagedFile {
  let isKept = false;
  return {
    async write(piece) {
      for (let at = 0; at < piece.length; ) at += (await handle.write(piece, at)).bytesWritten;
    },
    async keep(sha256) {
      await handle.sync();
      const prefix = prefixOf(sha256);
      const isNew = (await mkdir(prefix, { recursive: true, mode: FOLDER_MODE })) !== undefined;
      await rename(path, join(prefix, sha256));
      isKept = true;
      await syncFolder(prefix);
      if (isNew) await syncFolder(join(prefix, '..'));
    },
    async discard() {
      await handle.close().catch(() => {});
      if (!isKept) await unlink(path).catch(() => {});
    },
  };
}

/** Content of the folders that are ours; anything else in there is left alone. */
async function contentOf(folder: string): Promise<readonly Content[]> {
  const found: Content[] = [];
  for (const prefix of (await readdir(folder)).filter((name) => PREFIX.test(name))) {
    for (const sha256 of (await readdir(join(folder, prefix))).filter((name) => CONTENT.test(name))) {
      found.push({ sha256, size: (await stat(join(folder, prefix, sha256))).size });
    }
  }
  return found;
}

function stretchOf(handle: FileHandle, from: number, length: number): ReplySource {
  let at = 0;
  return {
    size: length,
    async next() {
      const wanted = Math.min(PIECE, length - at);
      if (wanted === 0) return undefined;
      const { bytesRead, buffer } = await handle.read(new Uint8Array(wanted), 0, wanted, from + at);
      at += bytesRead;
      return bytesRead === 0 ? undefined : buffer.subarray(0, bytesRead);
    },
    close() {
      handle.close().catch(() => {});
    },
  };
}

async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r');
  await handle.sync().finally(() => handle.close());
}

const ignoreMissing = (error: NodeJS.ErrnoException): undefined => {
  if (error.code !== 'ENOENT') throw error;
};
