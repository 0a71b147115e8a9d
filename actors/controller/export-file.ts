import { type FileHandle, mkdir, open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ExportRecord } from '../../core/controller/records.ts';
import { namesIn } from './files.ts';

/** Then the next file begins. */
const LARGEST = 256 * 1024 * 1024;
const NAME = /^streams-(\d{8})\.jsonl$/;

/** Every stream as lines of JSON in files of a folder, appended only, in step with the positions that are written down. */
export class ExportFile {
  readonly #folder: string;
  #file: FileHandle;
  #number: number;
  #bytes: number;

  private constructor(folder: string, file: FileHandle, number: number, bytes: number) {
    this.#folder = folder;
    this.#file = file;
    this.#number = number;
    this.#bytes = bytes;
  }

  /** Cuts off what was written behind the last positions: it is taken again. */
  static async open(folder: string, record: ExportRecord | undefined): Promise<ExportFile> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const number = Number(NAME.exec(record?.file ?? '')?.[1] ?? 1);
    for (const name of await namesIn(folder)) {
      if (Number(NAME.exec(name)?.[1] ?? 0) > number) await rm(join(folder, name));
    }
    const file = await open(join(folder, nameOf(number)), 'a', 0o600);
    const { size } = await file.stat();
    const bytes = Math.min(size, record?.bytes ?? size);
    if (bytes < size) await file.truncate(bytes);
    return new ExportFile(folder, file, number, bytes);
  }

  /** Resolves when the lines are on disk; all of them, or none. @returns what is to be written down with the positions */
  async append(text: string): Promise<ExportRecord> {
    if (this.#bytes >= LARGEST) {
      const next = await open(join(this.#folder, nameOf(this.#number + 1)), 'a', 0o600);
      await this.#file.close();
      [this.#file, this.#number, this.#bytes] = [next, this.#number + 1, 0];
    }
    const bytes = Buffer.from(text);
    try {
      await this.#file.appendFile(bytes);
      await this.#file.datasync();
    } catch (cause) {
      await this.#file.truncate(this.#bytes).catch(() => undefined);
      throw cause;
    }
    this.#bytes += bytes.length;
    return { file: nameOf(this.#number), bytes: this.#bytes };
  }

  close(): Promise<void> {
    return this.#file.close();
  }
}

const nameOf = (number: number): string => `streams-${String(number).padStart(8, '0')}.jsonl`;
