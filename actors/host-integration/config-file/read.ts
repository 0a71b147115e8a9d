import { type Failure, fail, messageOf, type Ok } from '../../../core/base/result.ts';
import type { ConfigFailure } from '../../../core/config/problem.ts';
import { decodeConfig, type LoadedConfig, parseConfig } from '../../../core/config/read.ts';
import type { Surroundings } from '../../../core/config/setting.ts';
import { errnoOf, type FileOnDisk, readOnDisk } from './effects.ts';

/**
 * `missing`: no such file. `unreadable`: not ours to read, a directory, a broken disk. `unsafe`: somebody who is neither
 * root nor the user we run as could write it. `invalid`: read, and wrong.
 */
export type ReadFailure = ConfigFailure | Failure<'missing' | 'unreadable' | 'unsafe'>;

/** Reads and judges a config file. */
export async function readConfigFile(path: string, around: Surroundings): Promise<Ok<LoadedConfig> | ReadFailure> {
  const file = await readSafely(path);
  if (!file.ok) return file;
  const text = decodeConfig(file.value.bytes, path);
  return text.ok ? parseConfig(text.value, path, around) : text;
}

/** The file as it is, if it can be trusted. */
export async function readSafely(path: string): Promise<Ok<FileOnDisk> | Failure<'missing' | 'unreadable' | 'unsafe'>> {
  try {
    const file = await readOnDisk(path);
    if (!file.regular) return fail('unreadable', `${path}: is not a regular file`);
    const unsafe = unsafeBecause(file);
    return unsafe === undefined ? { ok: true, value: file } : fail('unsafe', `${path}: ${unsafe}`);
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno === undefined) throw thrown;
    if (errno === 'ENOENT') return fail('missing', `${path}: there is no such file`);
    return fail('unreadable', `${path}: cannot be read (${errno})`, messageOf(thrown));
  }
}

function unsafeBecause({ mode, uid }: FileOnDisk): string | undefined {
  if ((mode & 0o022) !== 0) return 'others than its owner may write it; chmod go-w it';
  const us = process.geteuid?.() ?? 0;
  return uid === 0 || uid === us ? undefined : `belongs to user ${uid}; chown it to root`;
}
