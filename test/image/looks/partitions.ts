import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { BOOT_FOLDER, type PartitionName, partition } from '../../../image/layout.ts';
import { type Disk, type Extent, MIB } from '../machine/disk.ts';
import { readGrubenv, writeGrubenv } from './grubenv.ts';

const run = promisify(execFile);
const GRUBENV = `::${BOOT_FOLDER}/grubenv`;
/** What a file system reads at once; verity's block is no larger. */
const BLOCK = 4096;

/** Where a partition lies: by the layout, not by the table, which a test may have damaged. */
export function extentOf(name: PartitionName): Extent {
  const { startMiB, sizeMiB } = partition(name);
  return { offset: startMiB * MIB, length: sizeMiB * MIB };
}

/** Sets some of GRUB's variables on a disk that no guest runs on. */
export const setGrubenv = (disk: Disk, change: Readonly<Record<string, string>>): Promise<void> =>
  withEsp(disk, async (esp) => {
    const before = readFileSync(esp);
    const { stdout } = await run('mtype', ['-i', esp, GRUBENV]);
    const changed = `${esp}.grubenv`;
    writeFileSync(changed, writeGrubenv({ ...readGrubenv(stdout), ...change }));
    await run('mcopy', ['-o', '-i', esp, changed, GRUBENV]);
    const after = readFileSync(esp);
    const { offset } = extentOf('esp');
    for (let at = 0; at < after.length; at += MIB) {
      const part = after.subarray(at, at + MIB);
      if (!part.equals(before.subarray(at, at + MIB))) await disk.put(offset + at, part);
    }
  });

async function withEsp<T>(disk: Disk, work: (esp: string) => Promise<T>): Promise<T> {
  const scratch = mkdtempSync(join(tmpdir(), 'bz-esp-'));
  try {
    const esp = join(scratch, 'esp');
    await disk.read(extentOf('esp'), esp);
    return await work(esp);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/**
 * Where a partition is to be damaged: one block in `every`, as a flash that wears out loses them.
 * @param length bytes from the partition's start that hold something
 * @param chance numbers in [0, 1)
 */
export function worn(
  name: PartitionName,
  chance: () => number,
  { length = extentOf(name).length, every = 64 }: { readonly length?: number; readonly every?: number } = {},
): readonly (Extent & { readonly value: number })[] {
  const { offset } = extentOf(name);
  const blocks = Math.floor(length / BLOCK);
  return Array.from({ length: Math.floor(blocks / every) }, (_, run) => ({
    offset: offset + (run * every + Math.floor(chance() * every)) * BLOCK,
    length: BLOCK,
    value: Math.floor(chance() * 256),
  }));
}
