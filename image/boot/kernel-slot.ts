import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { partition } from '../layout.ts';
import { run } from '../programs.ts';
import { MKE2FS_CONFIG, mke2fsArguments } from './file-systems.ts';
import { slotConfig } from './grub-config.ts';

/** Of a root image: squashfs of `blocks` blocks of 4096 bytes, then verity's header, then its tree. */
export interface Verity {
  /** Hexadecimal. */
  readonly rootHash: string;
  /** Hexadecimal. */
  readonly salt: string;
  readonly blocks: number;
  /** Bytes at which verity's header begins: where the blocks end. */
  readonly hashOffset: number;
}

export interface KernelSlotPlan {
  readonly vmlinuz: string;
  readonly initrd: string;
  readonly verity: Verity;
  readonly version: string;
  /** Seconds since 1970 that the file system and its files bear. */
  readonly epoch: number;
  readonly out: string;
}

const MIB = 1024 * 1024;
const BLOCK_BYTES = 4096;

/** What makes e2fsprogs leave the time out, in all its versions. */
export const fixedTime = (epoch: number): Readonly<Record<string, string>> => ({
  E2FSPROGS_FAKE_TIME: String(epoch),
  SOURCE_DATE_EPOCH: String(epoch),
});

/** An ext file system of a partition of the layout in a file of its size, empty but for `lost+found`. */
export async function makeFileSystem(
  name: Parameters<typeof mke2fsArguments>[0],
  out: string,
  epoch: number,
): Promise<void> {
  writeFileSync(out, '');
  truncateSync(out, partition(name).sizeMiB * MIB);
  const config = `${out}.conf`;
  writeFileSync(config, MKE2FS_CONFIG);
  await run('mke2fs', [...mke2fsArguments(name), out], { env: { ...fixedTime(epoch), MKE2FS_CONFIG: config } });
  rmSync(config);
}

const sha256 = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');

/**
 * The image of a kernel slot: an ext2 with `vmlinuz`, `initrd.img`, `slot.cfg` (the kernel arguments that belong to this
 * root) and `sha256sums` of the first two, which GRUB checks. It fits either slot. The same files give the same bytes.
 * @returns `plan.out`
 * @throws when the files do not fit, or the tree of hashes is not where the initramfs takes it from
 */
export async function makeKernelSlot(plan: KernelSlotPlan): Promise<string> {
  const { vmlinuz, initrd, verity, version, epoch, out } = plan;
  if (verity.hashOffset !== verity.blocks * BLOCK_BYTES) throw new Error('the verity tree is not behind the blocks');
  const work = mkdtempSync(join(tmpdir(), 'bartizan-slot-'));
  try {
    writeFileSync(join(work, 'slot.cfg'), slotConfig(verity, version));
    writeFileSync(join(work, 'sha256sums'), `${sha256(vmlinuz)}  vmlinuz\n${sha256(initrd)}  initrd.img\n`);
    await makeFileSystem('kern-A', out, epoch);
    const files = {
      vmlinuz,
      'initrd.img': initrd,
      'slot.cfg': join(work, 'slot.cfg'),
      sha256sums: join(work, 'sha256sums'),
    };
    await writeIntoExt(out, files, epoch);
    return out;
  } finally {
    rmSync(work, { recursive: true });
  }
}

/** One after the other by debugfs: mke2fs -d would take them in the order of the folder they lie in. */
async function writeIntoExt(image: string, files: Readonly<Record<string, string>>, epoch: number): Promise<void> {
  const time = `@${epoch}`;
  const commands = Object.entries(files).flatMap(([name, source]) => [
    `write ${source} ${name}`,
    ...['uid 0', 'gid 0', 'mode 0100644', 'generation 0'].map((field) => `sif ${name} ${field}`),
    ...['atime', 'mtime', 'ctime', 'crtime'].map((field) => `sif ${name} ${field} ${time}`),
  ]);
  const script = `${image}.debugfs`;
  writeFileSync(script, `${commands.join('\n')}\n`);
  const said = await run('debugfs', ['-w', '-f', script, image], { env: fixedTime(epoch) });
  rmSync(script);
  // debugfs ends with 0 whatever happened.
  const listed = await run('debugfs', ['-R', 'ls -p /', image]);
  for (const [name, source] of Object.entries(files)) {
    const size = readFileSync(source).length;
    if (!listed.includes(`/${name}/${size}/`)) throw new Error(`${name} does not fit into the kernel slot:\n${said}`);
  }
}
