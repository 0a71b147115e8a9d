import { type SpawnOptions, spawn } from 'node:child_process';
import { ROOT } from '../root.ts';

/**
 * Runs a command in the checkout as the leader of its own process group. What is left of the group when it ends, when
 * the time is up, or when the gate itself is told to stop, is killed.
 * @param limit milliseconds
 * @returns whether it ended by itself and well
 */
export function succeeds(command: string, args: readonly string[], limit: number): Promise<boolean> {
  const options: SpawnOptions = { cwd: ROOT, stdio: ['ignore', 'inherit', 'inherit'], detached: true };
  const child = spawn(command, args, options);
  const kill = (): void => killGroup(child.pid);
  const stop = (signal: NodeJS.Signals): void => {
    kill();
    process.kill(process.pid, signal);
  };
  const timer = setTimeout(() => {
    console.error(`gate: killed after ${limit / 1000} s: ${command} ${args.join(' ')}`);
    kill();
  }, limit);
  for (const signal of STOPPING) process.once(signal, stop);
  return new Promise((resolve) => {
    const end = (good: boolean): void => {
      clearTimeout(timer);
      for (const signal of STOPPING) process.off(signal, stop);
      kill();
      resolve(good);
    };
    child.once('error', (error) => {
      console.error(`gate: ${command} does not start: ${error.message}`);
      end(false);
    });
    child.once('exit', (code) => end(code === 0));
  });
}

const STOPPING: readonly NodeJS.Signals[] = ['SIGINT', 'SIGTERM', 'SIGHUP'];

function killGroup(leader: number | undefined): void {
  if (leader === undefined) return;
  try {
    process.kill(-leader, 'SIGKILL');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
