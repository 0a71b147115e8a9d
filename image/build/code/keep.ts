/** Build step, after the bundle: keeps what the engine compiles of its scripts when they are loaded (`NAME.cjs.code`). */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { daemonFlags } from '../daemon-flags.ts';

const DIST = fileURLToPath(new URL('../../../', import.meta.url));
/** Any, but the same each time. */
const SEEDS = ['--random-seed=1', '--hash-seed=1'];
const LONGEST_MS = 120_000;

/** @param dist whose scripts they are */
export function keepCode(dist: string): void {
  const keeper = fileURLToPath(new URL('./keeper.js', import.meta.url));
  // What a script does while it is loaded may depend on them: the environment, the folder, what the output is.
  execFileSync(process.execPath, [...daemonFlags(join(DIST, '..')), ...SEEDS, keeper, dist], {
    env: {},
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LONGEST_MS,
  });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) keepCode(DIST);
