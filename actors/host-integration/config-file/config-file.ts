import { sha256Hex } from '../../../core/base/ids.ts';
import { type Failure, fail, messageOf, type Ok, ok } from '../../../core/base/result.ts';
import type { Change } from '../../../core/config/change.ts';
import { defaultConfigText } from '../../../core/config/default-text.ts';
import { type EditFailure, editConfig } from '../../../core/config/edit.ts';
import type { LoadedConfig } from '../../../core/config/read.ts';
import type { Surroundings } from '../../../core/config/setting.ts';
import { createDurably, errnoOf, machineName, replaceDurably } from './effects.ts';
import { type ConfigChoice, type ConfigLocation, locateConfig } from './locate.ts';
import { type ReadFailure, readConfigFile, readSafely } from './read.ts';
import { configNotes, hasJournal, hostLogs } from './sources.ts';

/** `edited`: another hand changed the file since it was read. `failed`: the disk refused; the old file stands. */
export type ConfigFileFailure = EditFailure | Failure<'edited' | 'failed'>;

/** The config file of a running Bartizan. */
export interface ConfigFile {
  readonly path: string;
  /** As last read or written. */
  readonly loaded: LoadedConfig;
  /**
   * Writes changes into the file and returns what it now says, durably. One at a time, in the order of the calls. Refuses
   * to write over another hand's edit; comments, mode and owner stay.
   */
  change(changes: readonly Change[]): Promise<Ok<LoadedConfig> | ConfigFileFailure>;
}

export interface OpenConfig {
  readonly file: ConfigFile;
  readonly around: Surroundings;
  /** Absolute: `--state`, else what the config says, else where it was found. */
  readonly stateDir: string;
  /** A first start wrote it. */
  readonly created: boolean;
  /** What the start should tell about sources that are not there. */
  readonly notes: readonly string[];
}

/** Finds the config, writes a commented one where a first start may, reads and judges it. */
export async function openConfig(
  choice: ConfigChoice & { readonly parsers: readonly string[] },
): Promise<Ok<OpenConfig> | ReadFailure | Failure<'failed'>> {
  const location = locateConfig(choice);
  const around = { hostname: machineName(), stateDir: location.stateDir, parsers: choice.parsers };
  let read = await readConfigFile(location.path, around);
  const create = !read.ok && read.code === 'missing' && location.mayCreate;
  if (create) {
    const created = await createDefault(location, around);
    if (!created.ok) return created;
    read = await readConfigFile(location.path, around);
  }
  if (!read.ok) return read;
  const { config } = read.value;
  return ok({
    file: new FileOnDiskConfig(location.path, read.value, around),
    around,
    stateDir: choice.state === undefined ? config.state_dir : location.stateDir,
    created: create,
    notes: await configNotes(config, location.path),
  });
}

async function createDefault(
  { path }: ConfigLocation,
  around: Surroundings,
): Promise<Ok<undefined> | Failure<'failed'>> {
  try {
    await createDurably(path, defaultConfigText({ ...around, files: await hostLogs(), journal: await hasJournal() }));
    return ok(undefined);
  } catch (thrown) {
    return writeFailure(path, thrown);
  }
}

class FileOnDiskConfig implements ConfigFile {
  readonly path: string;
  readonly #around: Surroundings;
  #loaded: LoadedConfig;
  #last: Promise<unknown> = Promise.resolve();

  constructor(path: string, loaded: LoadedConfig, around: Surroundings) {
    this.path = path;
    this.#loaded = loaded;
    this.#around = around;
  }

  get loaded(): LoadedConfig {
    return this.#loaded;
  }

  change(changes: readonly Change[]): Promise<Ok<LoadedConfig> | ConfigFileFailure> {
    const done = this.#last.then(() => this.#change(changes));
    // A bug in one change must not keep the next from its turn; the caller of this one still sees it.
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #change(changes: readonly Change[]): Promise<Ok<LoadedConfig> | ConfigFileFailure> {
    const edited = editConfig(this.#loaded, changes, this.#around);
    if (!edited.ok || edited.value.text === this.#loaded.text) return edited;
    const now = await readSafely(this.path);
    if (!now.ok) return fail('failed', now.public, now.cause);
    if (sha256Hex(now.value.bytes) !== this.#loaded.hash) return this.#editedByAnother();
    try {
      const written = await replaceDurably(this.path, edited.value.text, now.value, () => this.#isUnchanged());
      if (!written) return this.#editedByAnother();
    } catch (thrown) {
      return writeFailure(this.path, thrown);
    }
    this.#loaded = edited.value;
    return edited;
  }

  async #isUnchanged(): Promise<boolean> {
    const file = await readSafely(this.path);
    return file.ok && sha256Hex(file.value.bytes) === this.#loaded.hash;
  }

  #editedByAnother(): Failure<'edited'> {
    return fail(
      'edited',
      `${this.path} was edited since it was read; restart Bartizan to take the edit over, then try again`,
    );
  }
}

function writeFailure(path: string, thrown: unknown): Failure<'failed'> {
  const errno = errnoOf(thrown);
  if (errno === undefined) throw thrown;
  return fail('failed', `${path}: cannot be written (${errno})`, messageOf(thrown));
}
