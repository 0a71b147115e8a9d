import { execFile } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const tool = (program: string, ...args: readonly string[]) => run(program, args, { timeout: 120_000 });

/** A guest's disk: a qcow2 file over an image that stays as it is. To be looked at only while no guest runs on it. */
export class Disk {
  readonly file: string;

  private constructor(file: string) {
    this.file = file;
  }

  /** @param bytes of the disk; more than the image has, as a real one would */
  static async over(image: string, file: string, bytes?: number): Promise<Disk> {
    const size = bytes === undefined ? [] : [String(bytes)];
    await tool('qemu-img', 'create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', image, file, ...size);
    return new Disk(file);
  }

  /** Another over the state that this one has now, which must not be written to any more. */
  async branch(file: string): Promise<Disk> {
    await tool('qemu-img', 'create', '-q', '-f', 'qcow2', '-F', 'qcow2', '-b', this.file, file);
    return new Disk(file);
  }

  /** Writes a part of the disk to a file. Offset and length in whole MiB. */
  async read(part: Extent, to: string): Promise<void> {
    const [skip, count] = [part.offset / MIB, part.length / MIB];
    if (!Number.isInteger(skip) || !Number.isInteger(count)) throw new RangeError('a part lies on whole MiB');
    // dd of qemu-img counts `count` from the start of the disk, not from what is skipped.
    const range = ['bs=1M', `skip=${skip}`, `count=${skip + count}`];
    await tool('qemu-img', 'dd', '-f', 'qcow2', '-O', 'raw', ...range, `if=${this.file}`, `of=${to}`);
  }

  /** Writes a file's bytes to the disk. */
  async write(offset: number, from: string, length: number): Promise<void> {
    await tool('qemu-io', '-f', 'qcow2', '-c', `write -q -s ${from} ${offset} ${length}`, '-c', 'flush', this.file);
  }

  async put(offset: number, bytes: Uint8Array): Promise<void> {
    const file = join(`${this.file}.put`);
    writeFileSync(file, bytes);
    try {
      await this.write(offset, file, bytes.length);
    } finally {
      rmSync(file, { force: true });
    }
  }

  /** Writes bytes of one value over each place. */
  async fill(places: readonly (Extent & { readonly value: number })[]): Promise<void> {
    const commands = places.map(({ offset, length, value }) => `write -q -P ${value} ${offset} ${length}`);
    for (let at = 0; at < commands.length; at += COMMANDS) {
      const some = commands.slice(at, at + COMMANDS).flatMap((command) => ['-c', command]);
      await tool('qemu-io', '-f', 'qcow2', ...some, '-c', 'flush', this.file);
    }
  }

  /** Nothing in the file contradicts itself; clusters that nobody refers to are what a power cut leaves, and harmless. */
  async isSound(): Promise<boolean> {
    const { code = 0 } = await tool('qemu-img', 'check', '-q', '-f', 'qcow2', this.file).then(
      () => ({ code: 0 }),
      (failed: { code?: number }) => failed,
    );
    return code === 0 || code === 3;
  }
}

export const MIB = 1024 * 1024;
/** As many as a command line takes. */
const COMMANDS = 1000;

/** In bytes from the start of the disk. */
export interface Extent {
  readonly offset: number;
  readonly length: number;
}
