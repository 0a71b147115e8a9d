import { createHash } from 'node:crypto';
import { rmSync, statSync, truncateSync } from 'node:fs';
import type { Verity } from '../boot/kernel-slot.ts';
import { run } from '../programs.ts';

const BLOCK = 4096;

/** The tree's salt: no secret, fixed by the version so that two builds agree. */
export const saltOf = (version: string): string =>
  createHash('sha256').update(`bartizan root ${version}`).digest('hex');

export interface SquashOptions {
  readonly version: string;
  /** Seconds since 1970 that every file bears. */
  readonly epoch: number;
  /** zstd's, 1 to 22. */
  readonly level: number;
  /** Files of the folder that are left out, as paths below it. */
  readonly without?: readonly string[];
}

/** Makes the root slot's bytes of a folder: a squashfs, then its hash tree. The same folder gives the same bytes. */
export async function squash(
  root: string,
  image: string,
  { version, epoch, level, without = [] }: SquashOptions,
): Promise<Verity> {
  rmSync(image, { force: true });
  const time = ['-all-time', String(epoch), '-mkfs-time', String(epoch)];
  const zstd = ['-comp', 'zstd', '-Xcompression-level', String(level), '-b', '128K'];
  const leftOut = without.length === 0 ? [] : ['-e', ...without];
  await run('mksquashfs', [
    root,
    image,
    ...zstd,
    ...time,
    '-no-xattrs',
    '-noappend',
    '-no-progress',
    '-quiet',
    ...leftOut,
  ]);
  const blocks = Math.ceil(statSync(image).size / BLOCK);
  const hashOffset = blocks * BLOCK;
  truncateSync(image, hashOffset);
  const salt = saltOf(version);
  const said = await run('veritysetup', [
    'format',
    `--data-blocks=${blocks}`,
    `--hash-offset=${hashOffset}`,
    `--salt=${salt}`,
    '--uuid=00000000-0000-0000-0000-000000000000',
    image,
    image,
  ]);
  const rootHash = /^Root hash:\s*([0-9a-f]{64})$/m.exec(said)?.[1];
  if (rootHash === undefined) throw new Error(`veritysetup said no root hash:\n${said}`);
  return { rootHash, salt, blocks, hashOffset };
}
