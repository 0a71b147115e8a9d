import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

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

/** Resolves with the name of the first signal that asks this process to stop. A second one is left to its default. */
export function stopSignal(): Promise<NodeJS.Signals> {
  const { promise, resolve } = Promise.withResolvers<NodeJS.Signals>();
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, resolve);
  return promise;
}

/** Milliseconds since this process began. */
export const processAge = (): number => process.uptime() * 1000;

/** Whatever this process makes from now on, sockets too, is for its own user alone. */
export const keepPrivate = (): void => {
  process.umask(0o077);
};
