/** A folder of tests and how its files are run. */
export interface Stage {
  readonly name: 'unit' | 'contract' | 'system' | 'fuzz';
  /** Whether the files share one process, have one each, or one each and run two at a time. */
  readonly process: 'shared' | 'each' | 'pairs';
  /** Milliseconds after which a process is killed with all it started. A single test may take 80 % of it. */
  readonly limit: number;
}

const MINUTE = 60_000;
/** Of a long run by hand (`npm run kill`, `npm run fuzz`); none otherwise. */
const KILLS = Number(process.env['BARTIZAN_KILL_ROUNDS'] ?? 0);
const FUZZ_SECONDS = Number(process.env['BARTIZAN_FUZZ_SECONDS'] ?? 10);
/** There are fewer. */
const FUZZ_TARGETS = 80;

/**
 * In the order of running. Unit tests share a process, since starting one costs more than they do. Fuzz targets
 * do little but compute. The others run one file after the other: they share the machine's kernel and some are timed.
 */
export const STAGES: readonly Stage[] = [
  { name: 'unit', process: 'shared', limit: 3 * MINUTE },
  { name: 'contract', process: 'each', limit: 2 * MINUTE },
  { name: 'system', process: 'each', limit: Math.max(10 * MINUTE, KILLS * 10_000) },
  { name: 'fuzz', process: 'pairs', limit: 3 * MINUTE + (FUZZ_TARGETS / 2) * FUZZ_SECONDS * 1000 },
];

/** The product runs under these flags, and so do its tests. */
export const NODE_FLAGS: readonly string[] = ['--disallow-code-generation-from-strings', '--enable-source-maps'];
