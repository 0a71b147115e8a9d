import type { Failure, Ok, Result } from '../../../core/base/result.ts';
import type { Change } from '../../../core/config/change.ts';
import type { EditFailure } from '../../../core/config/edit.ts';
import type { LoadedConfig } from '../../../core/config/read.ts';
import type { Config } from '../../../core/config/settings.ts';
import type { ReadFailure } from './read.ts';

/** `edited`: another hand changed the file since it was read. `failed`: the disk refused; the old file stands. */
export type PutFailure = Failure<'edited' | 'failed'>;
/** `held`: what the file says is on trial, and nothing else is written meanwhile. */
export type ConfigFileFailure = EditFailure | PutFailure | Failure<'held'>;

/** The file as it is on disk at this moment, whoever wrote it. */
export interface ConfigOnDisk {
  /** Absolute, without symlinks. */
  readonly path: string;
  readonly bytes: Uint8Array;
  /** SHA-256 of the bytes, hex. */
  readonly hash: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** What a file is made of that stands in the place of the config. */
export interface ConfigContent {
  readonly bytes: Uint8Array;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** The config file of a running Bartizan. */
export interface ConfigFile {
  readonly path: string;
  /** As last read or written. */
  readonly loaded: LoadedConfig;
  /** What this process was started with. */
  readonly started: Config;
  /** What every part goes by: `started`, and of the live settings what is in `loaded`. */
  readonly inEffect: Config;
  /**
   * Writes changes into the file and returns what it now says, durably. One at a time, in the order of the calls. Refuses
   * to write over another hand's edit; comments, mode and owner stay.
   */
  change(changes: readonly Change[]): Promise<Ok<LoadedConfig> | ConfigFileFailure>;
  /** What `change` would make of the file as it was loaded; writes nothing. */
  plan(changes: readonly Change[]): Ok<LoadedConfig> | EditFailure;
  look(): Promise<Result<ConfigOnDisk, 'failed'>>;
  /** Reads and judges the file as it is on disk, without going by it. */
  read(): Promise<Ok<LoadedConfig> | ReadFailure>;
  /** The same of text that stood or will stand in the file. */
  judge(bytes: Uint8Array): Ok<LoadedConfig> | ReadFailure;
  /** Goes by a config that stands in the file. */
  adopt(loaded: LoadedConfig): void;
  /**
   * Puts content in the file's place, durably, where the file has one of the hashes `over`, or is not there. It has the
   * content already: that is well.
   */
  put(content: ConfigContent, over: readonly string[]): Promise<Result<void, PutFailure['code']>>;
  /** Keeps a copy beside the file, durably: `PATH.SUFFIX`. @returns its path */
  keepCopy(suffix: string): Promise<Result<string, 'failed'>>;
  /** Until it is called again without one, `change` is refused for this reason. */
  hold(why: string | undefined): void;
  /** Why nothing may be written, while that is so. */
  readonly held: string | undefined;
}
