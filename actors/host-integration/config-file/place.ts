import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Failure, fail, messageOf, type Ok, ok, type Result } from '../../../core/base/result.ts';
import type { ConfigFailure } from '../../../core/config/problem.ts';
import { decodeConfig, type LoadedConfig, parseConfig } from '../../../core/config/read.ts';
import type { Surroundings } from '../../../core/config/setting.ts';
import { errnoOf, readOnDisk, replaceDurably } from './effects.ts';
import { writeFailure } from './file.ts';
import { type ReadFailure, readConfigFile } from './read.ts';
import { surroundings } from './sources.ts';

/** The config of a state directory nobody serves at this moment. */
export class IdleConfig {
  readonly path: string;
  readonly #around: Surroundings;

  /** @param stateDir absolute */
  constructor(stateDir: string, parsers: readonly string[]) {
    this.path = join(stateDir, 'bartizan.yaml');
    this.#around = surroundings({ stateDir, parsers });
  }

  /** As `config-check` judges a file. @param name what problems call it */
  judge(bytes: Uint8Array, name: string): Ok<LoadedConfig> | ConfigFailure {
    const text = decodeConfig(bytes, name);
    return text.ok ? parseConfig(text.value, name, this.#around) : text;
  }

  /** What stands there now. */
  read(): Promise<Ok<LoadedConfig> | ReadFailure> {
    return readConfigFile(this.path, this.#around);
  }

  /** Puts a config there, durably, ours alone to read; a reader sees the old one or the new one, never a part. */
  async put(bytes: Uint8Array): Promise<Result<void, 'failed'>> {
    return this.#write(this.path, bytes);
  }

  /** Keeps what stands there beside it, durably; nothing there is well. */
  async keepCopy(suffix: string): Promise<Result<void, 'failed'>> {
    try {
      const { bytes } = await readOnDisk(this.path);
      return await this.#write(`${this.path}.${suffix}`, bytes);
    } catch (thrown) {
      return errnoOf(thrown) === 'ENOENT' ? ok(undefined) : writeFailure(this.path, thrown);
    }
  }

  async #write(path: string, bytes: Uint8Array): Promise<Result<void, 'failed'>> {
    try {
      await mkdir(this.#around.stateDir, { recursive: true, mode: 0o700 });
      const uid = process.geteuid?.() ?? 0;
      const gid = process.getegid?.() ?? 0;
      await replaceDurably(path, { bytes, mode: 0o600, uid, gid }, async () => true);
      return ok(undefined);
    } catch (thrown) {
      return writeFailure(path, thrown);
    }
  }
}

/** A file that somebody handed over: a regular one, at most a byte more than a config may have; its owner is nobody's business. */
export async function readHandedOver(path: string): Promise<Ok<Uint8Array> | Failure<'unreadable'>> {
  try {
    const { bytes, regular } = await readOnDisk(path);
    return regular ? ok(bytes) : fail('unreadable', `${path}: is not a regular file`);
  } catch (thrown) {
    const errno = errnoOf(thrown);
    if (errno === undefined) throw thrown;
    return fail('unreadable', `${path}: cannot be read (${errno})`, messageOf(thrown));
  }
}
