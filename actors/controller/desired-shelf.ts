import { hash } from 'node:crypto';
import type { Log } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';
import { contents, type DesiredContent, type DesiredRecord, desires } from '../../core/controller/records.ts';
import type { Hex } from '../../core/link/hex.ts';
import type { Records, Writes } from '../store/index.ts';

export interface DesiredShelfDeps {
  readonly log: Log;
  readonly records: Records;
}

type Key = readonly [serial: string, generation: number];

/** Orders of one appliance that are kept for the record. */
const MOST_KEPT = 50;
/** Records that are removed in one batch. */
const AT_ONCE = 1000;

/** Keeps what was desired, and no more of it than is worth keeping. */
export class DesiredShelf {
  readonly #deps: DesiredShelfDeps;
  /** Contents that orders were issued with since a sweep began. */
  #usedMeanwhile: Set<Hex> | undefined;

  constructor(deps: DesiredShelfDeps) {
    this.#deps = deps;
  }

  /** @returns the name of the content */
  async keep(writes: Writes, content: DesiredContent): Promise<Hex> {
    const name = hash('sha256', JSON.stringify(content)) as Hex;
    this.#usedMeanwhile?.add(name);
    await writes.put(contents, [name], content);
    return name;
  }

  /** Adds an order. The oldest goes where generations follow each other; what jumps have left goes with a sweep. */
  async put(writes: Writes, [serial, generation]: Key, record: DesiredRecord): Promise<void> {
    await writes.put(desires, [serial, generation], record);
    if (generation > MOST_KEPT) await writes.delete(desires, [serial, generation - MOST_KEPT]);
  }

  /** Removes orders beyond the last of each appliance, and contents that no order names. Never rejects. */
  async sweep(): Promise<void> {
    const { records, log } = this.#deps;
    const meanwhile = new Set<Hex>();
    try {
      // In a turn of its own: what was being written before is there when the orders are looked through.
      await records.write(() => {
        this.#usedMeanwhile = meanwhile;
      });
      const { old, used } = await this.#look();
      for (let i = 0; i < old.length; i += AT_ONCE) {
        await records.write(async (writes) => {
          for (const key of old.slice(i, i + AT_ONCE)) await writes.delete(desires, key);
        });
      }
      const unused: Hex[] = [];
      for await (const [[name]] of records.list(contents, [])) if (!used.has(name)) unused.push(name as Hex);
      await records.write(async (writes) => {
        for (const name of unused) if (!meanwhile.has(name)) await writes.delete(contents, [name]);
      });
    } catch (cause) {
      log('error', 'what was desired long ago could not be removed', { cause: messageOf(cause) });
    } finally {
      this.#usedMeanwhile = undefined;
    }
  }

  async #look(): Promise<{ readonly old: readonly Key[]; readonly used: ReadonlySet<string> }> {
    const old: Key[] = [];
    const used = new Set<string>();
    let [of, own]: [string, { readonly generation: number; readonly content: Hex }[]] = ['', []];
    const finish = (): void => {
      for (const { content } of own) used.add(content);
    };
    for await (const [[serial, generation], { content }] of this.#deps.records.list(desires, [])) {
      if (serial !== of) {
        finish();
        [of, own] = [serial, []];
      }
      own.push({ generation, content });
      const oldest = own.length > MOST_KEPT ? own.shift() : undefined;
      if (oldest !== undefined) old.push([serial, oldest.generation]);
    }
    finish();
    return { old, used };
  }
}
