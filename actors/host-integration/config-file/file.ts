import { sha256Hex } from '../../../core/base/ids.ts';
import { type Failure, fail, messageOf, type Ok, ok, type Result } from '../../../core/base/result.ts';
import { Turns } from '../../../core/base/turns.ts';
import type { Change } from '../../../core/config/change.ts';
import { type EditFailure, editConfig } from '../../../core/config/edit.ts';
import { inEffect } from '../../../core/config/in-effect.ts';
import { decodeConfig, type LoadedConfig, parseConfig } from '../../../core/config/read.ts';
import type { Surroundings } from '../../../core/config/setting.ts';
import type { Config } from '../../../core/config/settings.ts';
import { errnoOf, makeDurable, realPath, replaceDurably } from './effects.ts';
import type { ConfigContent, ConfigFile, ConfigFileFailure, ConfigOnDisk, PutFailure } from './port.ts';
import { type ReadFailure, readConfigFile, readSafely } from './read.ts';

export class FileOnDiskConfig implements ConfigFile {
  readonly path: string;
  readonly started: Config;
  readonly #around: Surroundings;
  readonly #turns = new Turns();
  #loaded: LoadedConfig;
  #inEffect: Config;
  #heldBecause: string | undefined;

  constructor(path: string, loaded: LoadedConfig, around: Surroundings) {
    this.path = path;
    this.started = loaded.config;
    this.#loaded = loaded;
    this.#inEffect = loaded.config;
    this.#around = around;
  }

  get loaded(): LoadedConfig {
    return this.#loaded;
  }

  get inEffect(): Config {
    return this.#inEffect;
  }

  plan(changes: readonly Change[]): Ok<LoadedConfig> | EditFailure {
    return editConfig(this.#loaded, changes, this.#around);
  }

  change(changes: readonly Change[]): Promise<Ok<LoadedConfig> | ConfigFileFailure> {
    return this.#turns.run(() => this.#change(changes));
  }

  async #change(changes: readonly Change[]): Promise<Ok<LoadedConfig> | ConfigFileFailure> {
    if (this.#heldBecause !== undefined) return fail('held', this.#heldBecause);
    const edited = this.plan(changes);
    if (!edited.ok || edited.value.text === this.#loaded.text) return edited;
    const now = await readSafely(this.path);
    if (!now.ok) return fail('failed', now.public, now.cause);
    const put = await this.#put({ ...now.value, bytes: bytesOf(edited.value) }, [this.#loaded.hash]);
    if (!put.ok) return put;
    this.adopt(edited.value);
    return edited;
  }

  async look(): Promise<Result<ConfigOnDisk, 'failed'>> {
    const now = await readSafely(this.path);
    if (!now.ok) return fail('failed', now.public, now.cause);
    const { bytes, mode, uid, gid } = now.value;
    return ok({ path: await realPath(this.path), bytes, hash: sha256Hex(bytes), mode, uid, gid });
  }

  read(): Promise<Ok<LoadedConfig> | ReadFailure> {
    return readConfigFile(this.path, this.#around);
  }

  judge(bytes: Uint8Array): Ok<LoadedConfig> | ReadFailure {
    const text = decodeConfig(bytes, this.path);
    return text.ok ? parseConfig(text.value, this.path, this.#around) : text;
  }

  adopt(loaded: LoadedConfig): void {
    this.#loaded = loaded;
    this.#inEffect = inEffect(this.started, loaded.config);
  }

  put(content: ConfigContent, over: readonly string[]): Promise<Result<void, PutFailure['code']>> {
    return this.#turns.run(() => this.#put(content, over));
  }

  async #put(content: ConfigContent, over: readonly string[]): Promise<Result<void, PutFailure['code']>> {
    const now = await readSafely(this.path);
    if (!now.ok && now.code !== 'missing') return fail('failed', now.public, now.cause);
    const hash = now.ok ? sha256Hex(now.value.bytes) : undefined;
    const isThere = hash === sha256Hex(content.bytes);
    if (!isThere && hash !== undefined && !over.includes(hash)) return this.#editedByAnother();
    try {
      if (isThere) {
        // Put there by a process that may have died before it was certain to outlive a power cut.
        await makeDurable(this.path);
        return ok(undefined);
      }
      const written = await replaceDurably(this.path, content, () => this.#stillHas(hash));
      return written ? ok(undefined) : this.#editedByAnother();
    } catch (thrown) {
      return writeFailure(this.path, thrown);
    }
  }

  async keepCopy(suffix: string): Promise<Result<string, 'failed'>> {
    const now = await this.look();
    if (!now.ok) return now;
    const path = `${now.value.path}.${suffix}`;
    try {
      await replaceDurably(path, now.value, async () => true);
      return ok(path);
    } catch (thrown) {
      return writeFailure(path, thrown);
    }
  }

  get held(): string | undefined {
    return this.#heldBecause;
  }

  hold(why: string | undefined): void {
    this.#heldBecause = why;
  }

  /** @param hash `undefined`: that it is still missing */
  async #stillHas(hash: string | undefined): Promise<boolean> {
    const file = await readSafely(this.path);
    return file.ok ? sha256Hex(file.value.bytes) === hash : file.code === 'missing' && hash === undefined;
  }

  #editedByAnother(): Failure<'edited'> {
    return fail(
      'edited',
      `${this.path} was edited since it was read; take the edit over with \`bartizan config-reload\`, then try again`,
    );
  }
}

const bytesOf = ({ text }: LoadedConfig): Uint8Array => new TextEncoder().encode(text);

/** What the system said, as a failure. @throws what is no error of the system */
export function writeFailure(path: string, thrown: unknown): Failure<'failed'> {
  const errno = errnoOf(thrown);
  if (errno === undefined) throw thrown;
  return fail('failed', `${path}: cannot be written (${errno})`, messageOf(thrown));
}
