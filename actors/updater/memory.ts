import type { Log } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';
import { NO_MEMORY, type UpdateMemory } from '../../core/image/update.ts';
import type { UpdaterFiles } from './port.ts';

const SCHEMA = 1;

/**
 * What is remembered of updates: one plain file, which either version can read. One that cannot be read is set aside in
 * words and begun anew: it must keep nobody from updating.
 */
export class UpdateBook {
  readonly #files: UpdaterFiles;
  readonly #path: string;
  readonly #log: Log;
  #memory: UpdateMemory = NO_MEMORY;

  constructor(files: UpdaterFiles, path: string, log: Log) {
    this.#files = files;
    this.#path = path;
    this.#log = log;
  }

  get memory(): UpdateMemory {
    return this.#memory;
  }

  async load(): Promise<void> {
    const text = await this.#files.read(this.#path);
    if (text === undefined) return;
    const read = memoryIn(text);
    if (read === undefined) this.#log('error', 'what is known of earlier updates cannot be read', { file: this.#path });
    else this.#memory = read;
  }

  /** Durable when it resolves; where it cannot be written it holds until the next start, and that is logged. */
  async keep(memory: UpdateMemory): Promise<void> {
    this.#memory = memory;
    try {
      await this.#files.write(this.#path, `${JSON.stringify({ schema: SCHEMA, ...memory })}\n`);
    } catch (cause) {
      this.#log('error', 'what is known of updates cannot be kept', { file: this.#path, error: messageOf(cause) });
    }
  }
}

function memoryIn(text: string): UpdateMemory | undefined {
  try {
    const read = JSON.parse(text) as UpdateMemory & { readonly schema?: unknown };
    if (read.schema !== SCHEMA || !Array.isArray(read.failed)) return undefined;
    const { schema: _, ...memory } = read;
    return memory;
  } catch {
    return undefined;
  }
}
