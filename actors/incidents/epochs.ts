import { bytesToHex } from '@noble/hashes/utils.js';
import type { Log, Random } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';
import type { Epoch, Epochs } from '../../core/incident/epoch.ts';
import { findingEpochs } from '../../core/keys/records.ts';
import type { Records } from '../store/index.ts';

const NAME_BYTES = 4;
/** Remembered; who comes back with an older one gets everything again. A restart a day for most of a year. */
const MOST = 256;
const RECORD = ['all'] as const;

export interface EpochsDeps {
  readonly records: Records;
  readonly random: Random;
  readonly log: Log;
  /** The store was found damaged: a repair may have brought back a record as it was before the last start. */
  readonly isRepaired: boolean;
}

/**
 * The numberings of findings. A new one begins with every start, because nobody can tell afterwards what a power cut or a
 * lost disk has taken of the last findings, and whenever the store numbers anew under a running program. One that could
 * not be stored costs nothing but a replay: after the next start nobody knows its ids.
 */
export class FindingEpochs {
  readonly #deps: EpochsDeps;
  #list: Epochs;

  constructor(deps: EpochsDeps) {
    this.#deps = deps;
    this.#list = [this.#made(0)];
  }

  /** Another array as soon as another epoch begins. */
  get list(): Epochs {
    return this.#list;
  }

  /** Takes up the earlier ones, where their record can be relied upon, and begins the one of this run. */
  async load(after: number): Promise<void> {
    const { records, isRepaired } = this.#deps;
    const stored: unknown = isRepaired ? [] : await records.get(findingEpochs, RECORD);
    const earlier = Array.isArray(stored) ? stored.filter(isEpoch) : [];
    this.#list = [...earlier.slice(1 - MOST), this.#made(after)];
    await this.#save();
  }

  /** Begins another one, at once. Resolves when it is stored, or cannot be. */
  begin(after: number): Promise<void> {
    this.#list = [...this.#list.slice(1 - MOST), this.#made(after)];
    return this.#save();
  }

  #made(after: number): Epoch {
    return { name: bytesToHex(this.#deps.random.bytes(NAME_BYTES)), after };
  }

  /** On disk if that can be had; without one it is kept as the findings are, and lost with them. */
  async #save(): Promise<void> {
    const { records, log } = this.#deps;
    const list = this.#list;
    const put = (sync: boolean) => records.write((writes) => writes.put(findingEpochs, RECORD, list), { sync });
    try {
      const kept = await put(true);
      const saved = kept.ok ? kept : await put(false);
      if (!saved.ok) log('warn', 'numbering of findings could not be stored', { cause: saved.public });
    } catch (thrown) {
      log('warn', 'numbering of findings could not be stored', { cause: messageOf(thrown) });
    }
  }
}

function isEpoch(value: unknown): value is Epoch {
  if (typeof value !== 'object' || value === null) return false;
  const { name, after } = value as Partial<Epoch>;
  return typeof name === 'string' && typeof after === 'number';
}
