import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './root.ts';

const FOLDER = 'test/fixtures/fuzz/crashers';

/** What a fuzz target once failed on, and the seed of the chance it had beside it. */
export interface Crasher {
  readonly bytes: Uint8Array;
  readonly seed: number;
}

/** Those that are kept, in the order of their names. */
export function crashersOf(target: string): readonly Crasher[] {
  const folder = join(ROOT, FOLDER, target);
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .sort()
    .map((name) => ({ bytes: new Uint8Array(readFileSync(join(folder, name))), seed: Number(name.split('-')[1]) }));
}

/** Keeps what a target fails on in the tree, to be committed with what mends it. @returns the file's path in the tree */
export function keepCrasher(target: string, bytes: Uint8Array, seed: number): string {
  const name = `${createHash('sha256').update(bytes).digest('hex').slice(0, 16)}-${seed}`;
  mkdirSync(join(ROOT, FOLDER, target), { recursive: true });
  writeFileSync(join(ROOT, FOLDER, target, name), bytes);
  return join(FOLDER, target, name);
}
