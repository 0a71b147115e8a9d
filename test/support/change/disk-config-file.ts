import { directoryOf } from '../../../actors/change/disk.ts';
import { type ChangeDisk, writeWhole } from '../../../actors/change/index.ts';
import type { ConfigContent } from '../../../actors/host-integration/config-file/port.ts';
import { fail, ok, type Result } from '../../../core/base/result.ts';
import { MemoryConfigFile } from '../memory-config-file.ts';

/** A config file on a disk of which each operation may be the last: replaced in the same steps as the real one. */
export class DiskConfigFile extends MemoryConfigFile {
  readonly #on: ChangeDisk;

  static async open(disk: ChangeDisk, path: string): Promise<DiskConfigFile> {
    return new DiskConfigFile(disk, path, Buffer.from((await disk.read(path)) ?? '').toString());
  }

  private constructor(disk: ChangeDisk, path: string, text: string) {
    super(text, path);
    this.#on = disk;
  }

  override async look() {
    this.disk = Buffer.from((await this.#on.read(this.path)) ?? '').toString();
    return super.look();
  }

  override async put(content: ConfigContent, over: readonly string[]): Promise<Result<void, 'edited' | 'failed'>> {
    const now = await this.look();
    const stood = this.disk;
    const put = await super.put(content, over);
    if (!put.ok || !now.ok) return put;
    try {
      if (this.disk !== stood) await writeWhole(this.#on, this.path, content.bytes, content);
      else for (const path of [this.path, directoryOf(this.path)]) await this.#on.sync(path);
      return ok(undefined);
    } catch (thrown) {
      return fail('failed', 'the disk refused', thrown);
    }
  }
}
