import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, rmdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** Of the pieces that fill it: the last leave no byte. */
const FILLERS = [1 << 20, 1 << 12, 1];

/** A file system of its own for a state directory, that can be filled and be made read-only. */
export class SmallDisk {
  readonly state: string;
  readonly #place: string;

  private constructor(place: string) {
    this.#place = place;
    this.state = join(place, 'state');
  }

  static async mount(mib: number): Promise<SmallDisk> {
    const place = await mkdtemp(join(tmpdir(), 'bartizan-disk-'));
    await run('mount', ['-t', 'tmpfs', '-o', `size=${mib}M,mode=0700`, 'tmpfs', place]);
    const disk = new SmallDisk(place);
    await mkdir(disk.state);
    return disk;
  }

  async fill(): Promise<void> {
    for (const size of FILLERS) {
      for (let n = 0; ; n++) {
        const path = join(this.#place, `filler-${size}-${n}`);
        if ((await writeFile(path, Buffer.alloc(size, 1)).catch(() => 'full')) === 'full') break;
      }
    }
  }

  async free(): Promise<void> {
    for (const name of await readdir(this.#place)) {
      if (name.startsWith('filler-')) await rm(join(this.#place, name));
    }
  }

  /** Fails while a file is open to be written. */
  async remount(how: 'ro' | 'rw'): Promise<void> {
    await run('mount', ['-o', `remount,${how}`, this.#place]);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await run('umount', [this.#place]);
    await rmdir(this.#place);
  }
}
