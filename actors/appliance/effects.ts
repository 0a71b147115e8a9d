import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProcessFacts } from '../../core/api/metrics/facts.ts';
import { millis } from '../../core/base/time.ts';

/**
 * SHA-256 over names and bytes of the program's own files below `folder`, hex: tells two installations apart. Reads them
 * synchronously: they were loaded a moment ago, and 200 small files one by one through the thread pool take ten times as
 * long.
 */
export function programHash(folder: string): string {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && /\.(?:c?js|node)$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((file) => !file.startsWith(join(folder, 'test')))
    .sort();
  const hash = createHash('sha256');
  for (const file of files) hash.update(file.slice(folder.length)).update('\0').update(readFileSync(file));
  return hash.digest('hex');
}

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
