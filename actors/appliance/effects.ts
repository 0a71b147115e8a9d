import { readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProcessFacts } from '../../core/api/metrics/facts.ts';
import { PROGRAM_HASH } from '../../core/base/program-hash.ts';
import { millis } from '../../core/base/time.ts';

/**
 * SHA-256 of the program, hex, as the build took it: tells two installations apart. To take it at each start, of all the
 * files, cost more processor time than opening the store does.
 */
export const programHash = (folder: string): string => readFileSync(join(folder, PROGRAM_HASH), 'utf8').trim();

/**
 * Resolves with the name of the first signal that asks this process to stop. Further ones change nothing: a Ctrl-C under npm
 * arrives twice, and a stop that is cut short leaves work undone. Every part has a time limit for its stop.
 */
export function stopSignal(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, resolve);
  return promise;
}

/** Milliseconds since this process began. */
export const processAge = (): number => process.uptime() * 1000;

/** Whatever this process makes from now on, sockets too, is for its own user alone. */
export const keepPrivate = (): void => {
  process.umask(0o077);
};

const STARTED = millis(Math.round(Date.now() - processAge()));

/** What the kernel accounts to this process. */
export async function processFacts(): Promise<ProcessFacts> {
  const { user, system } = process.cpuUsage();
  const openFiles = await readdir('/proc/self/fd').then(
    (names) => names.length,
    () => undefined,
  );
  return {
    cpuSeconds: (user + system) / 1e6,
    residentBytes: process.memoryUsage.rss(),
    startedAt: STARTED,
    ...(openFiles === undefined ? {} : { openFiles }),
  };
}
