/** A folder of tests and how its files are run. */
export interface Stage {
  readonly name: 'unit' | 'contract' | 'system' | 'fuzz';
  /** Whether the files share one process or have one each. */
  readonly process: 'shared' | 'each';
  /** Milliseconds after which a process is killed with all it started. A single test may take 80 % of it. */
  readonly limit: number;
}

const MINUTE = 60_000;

/**
 * In the order of running. Unit tests share a process, since starting one costs more than they do. The others run one
 * file after the other: they share the machine's kernel and some are timed.
 */
export const STAGES: readonly Stage[] = [
  { name: 'unit', process: 'shared', limit: MINUTE },
  { name: 'contract', process: 'each', limit: 2 * MINUTE },
  { name: 'system', process: 'each', limit: 10 * MINUTE },
  { name: 'fuzz', process: 'each', limit: 3 * MINUTE },
];

/** The product runs under these flags, and so do its tests. */
export const NODE_FLAGS: readonly string[] = ['--disallow-code-generation-from-strings', '--enable-source-maps'];
