import { type Failure, type Ok, ok } from '../../../core/base/result.ts';
import { defaultConfigText } from '../../../core/config/default-text.ts';
import type { Surroundings } from '../../../core/config/setting.ts';
import { createDurably } from './effects.ts';
import { FileOnDiskConfig, writeFailure } from './file.ts';
import { type ConfigChoice, type ConfigLocation, locateConfig } from './locate.ts';
import type { ConfigFile } from './port.ts';
import { type ReadFailure, readConfigFile } from './read.ts';
import { configNotes, hasJournal, hostLogs, surroundings } from './sources.ts';

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
  const around = surroundings({ stateDir: location.stateDir, parsers: choice.parsers });
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
