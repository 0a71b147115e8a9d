import { readdir, readFile, stat, unlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { connect } from 'node:net';
import { join, relative, sep } from 'node:path';
import type { Validate, Validators } from '../../core/api/validation.ts';
import type { Asset } from './assets.ts';

const MAX_ASSETS = 500;
const MAX_ASSET_BYTES = 16 * 1024 * 1024;

/**
 * The console's files, read whole; none when the folder is missing. Only plain files count.
 * @throws when there are more than 500 or they exceed 16 MiB: then this is not the console's folder
 */
export async function readAssets(folder: string): Promise<readonly Asset[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(ignoreMissing([]));
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const sizes = await Promise.all(files.map(async (file) => (await stat(file)).size));
  if (files.length > MAX_ASSETS || sizes.reduce((sum, size) => sum + size, 0) > MAX_ASSET_BYTES) {
    throw new Error(`${folder} holds more than a console: over ${MAX_ASSETS} files or ${MAX_ASSET_BYTES} bytes`);
  }
  return Promise.all(
    files.map(async (file) => ({
      path: relative(folder, file).split(sep).join('/'),
      bytes: await readFile(file),
    })),
  );
}

/**
 * Makes way for a socket file: one that a killed process left behind is removed.
 * @returns `false` when somebody answers there, or something else than a socket has the name
 */
export async function clearSocketPath(path: string): Promise<boolean> {
  const found = await stat(path).catch(ignoreMissing(undefined));
  if (found === undefined) return true;
  if (!found.isSocket() || (await answers(path))) return false;
  await unlink(path).catch(ignoreMissing(undefined));
  return true;
}

/** The functions that the build made of the request schemas. @throws when it made none */
export function loadValidators(): Validators {
  const compiled = createRequire(import.meta.url)('../../generated/validators.cjs') as Readonly<
    Record<string, Validate>
  >;
  return (name) => (Object.hasOwn(compiled, name) ? compiled[name] : undefined);
}

const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = connect(path);
    probe.once('connect', () => {
      probe.destroy();
      resolve(true);
    });
    probe.once('error', () => resolve(false));
  });

const ignoreMissing =
  <V>(instead: V) =>
  (error: NodeJS.ErrnoException): V => {
    if (error.code === 'ENOENT') return instead;
    throw error;
  };
