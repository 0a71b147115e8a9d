import { join, resolve } from 'node:path';

export interface ConfigChoice {
  /** `--config`. */
  readonly config?: string;
  /** `--state`. */
  readonly state?: string;
  readonly cwd: string;
}

export interface ConfigLocation {
  /** Absolute. */
  readonly path: string;
  /** Absolute; what `state_dir` is unless the config says otherwise. */
  readonly stateDir: string;
  /** A file that nobody named may be written by a first start. */
  readonly mayCreate: boolean;
}

/** The config that a start or a check means: the one named, else `bartizan.yaml` in the state directory, else in `./var`. */
export function locateConfig({ config, state, cwd }: ConfigChoice): ConfigLocation {
  const stateDir = resolve(cwd, state ?? 'var');
  return config === undefined
    ? { path: join(stateDir, 'bartizan.yaml'), stateDir, mayCreate: true }
    : { path: resolve(cwd, config), stateDir, mayCreate: false };
}
