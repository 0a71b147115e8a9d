import type { Log } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';
import { SLOT_NAMES } from '../../core/image/slots.ts';
import {
  type FailedVersion,
  type LastUpdate,
  NO_MEMORY,
  type PendingUpdate,
  UPDATE_RESULTS,
  type UpdateMemory,
} from '../../core/image/update.ts';
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
    const { schema, failed, pending, last } = JSON.parse(text) as Record<string, unknown>;
    if (schema !== SCHEMA || !Array.isArray(failed)) return undefined;
    return {
      failed: failed.filter(isFailed),
      ...(isPending(pending) ? { pending } : {}),
      ...(isLast(last) ? { last } : {}),
    };
  } catch {
    return undefined;
  }
}

/** What is in the file may be of another version, or of a disk that lies: each part is what it should be, or is not there. */
const has = (value: unknown, types: Readonly<Record<string, string>>): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.entries(types).every(([name, type]) => typeof (value as Record<string, unknown>)[name] === type);

const isFailed = (value: unknown): value is FailedVersion =>
  has(value, { version: 'string', at: 'number', why: 'string' });

const isLast = (value: unknown): value is LastUpdate =>
  isFailed(value) && UPDATE_RESULTS.some((known) => known === (value as unknown as LastUpdate).result);

function isPending(value: unknown): value is PendingUpdate {
  if (!has(value, { source: 'string', phase: 'string', bootId: 'string', at: 'number', actor: 'string' })) return false;
  const { to, from, before, phase } = value as PendingUpdate;
  return (
    [to, from].every((one) => has(one, { slot: 'string', version: 'string' }) && SLOT_NAMES.includes(one.slot)) &&
    has(before, {}) &&
    (phase === 'installing' || phase === 'installed')
  );
}
