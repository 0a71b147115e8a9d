import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { MIB } from '../machine/disk.ts';

const run = promisify(execFile);
const tool = (program: string, ...args: readonly string[]) =>
  run(program, args, { timeout: 120_000, env: { ...process.env, MTOOLS_SKIP_CHECK: '1' } });

/** The stick a technician has: a FAT volume over the whole of it, without a partition table. */
export class Volume {
  readonly file: string;

  private constructor(file: string) {
    this.file = file;
  }

  /** @param label at most 11 characters; @param size MiB */
  static async make(file: string, label: string, size = 16): Promise<Volume> {
    rmSync(file, { force: true });
    writeFileSync(file, '');
    truncateSync(file, size * MIB);
    await tool('mkfs.vfat', ...(size > 512 ? ['-F', '32'] : []), '-n', label, file);
    return new Volume(file);
  }

  /** Copies a file of the host to the volume's root. */
  async add(from: string, name: string): Promise<void> {
    await tool('mcopy', '-o', '-i', this.file, from, `::/${name}`);
  }

  async write(name: string, content: string): Promise<void> {
    const scratch = mkdtempSync(join(tmpdir(), 'bz-volume-'));
    try {
      const from = join(scratch, 'content');
      writeFileSync(from, content);
      await this.add(from, name);
    } finally {
      rmSync(scratch, { recursive: true, force: true });
    }
  }

  /** A file's text, or undefined when there is none. */
  async read(name: string): Promise<string | undefined> {
    return tool('mtype', '-i', this.file, `::/${name}`).then(
      ({ stdout }) => stdout,
      () => undefined,
    );
  }

  /** Names in its root, long ones where they have one. */
  async names(): Promise<readonly string[]> {
    const { stdout } = await tool('mdir', '-b', '-i', this.file, '::/');
    return stdout
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => line.replace(/^::\//, ''));
  }
}

/** A stick with these files of the host. */
export async function stickWith(file: string, from: Readonly<Record<string, string>>, size: number): Promise<Volume> {
  const volume = await Volume.make(file, 'BUNDLES', size);
  for (const [name, path] of Object.entries(from)) await volume.add(path, name);
  return volume;
}
