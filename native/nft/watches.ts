import type { NftChange, NftResult } from './port.ts';
import { decodeNotice, encodeUnwatch, encodeWatch } from './wire-bulk.ts';

type Seen = (change: NftChange) => void;
type Ask = (request: Uint8Array, doing: string) => Promise<NftResult<void>>;

/** Who watches which table through one port. The engine watches a table once, however many ask. */
export class Watches {
  readonly #ask: Ask;
  readonly #seen = new Map<string, Set<Seen>>();

  constructor(ask: Ask) {
    this.#ask = ask;
  }

  /** Told from the moment the engine has begun to watch. */
  async add(table: string, seen: Seen): Promise<NftResult<() => void>> {
    const asked = await this.#ask(encodeWatch(table), `watch table ${table}`);
    if (!asked.ok) return asked;
    const all = this.#seen.get(table) ?? new Set();
    this.#seen.set(table, all);
    // Of its own, so that one function may watch twice.
    const own: Seen = (change) => seen(change);
    all.add(own);
    return { ok: true, value: () => this.#leave(table, all, own) };
  }

  tell(notice: Uint8Array): void {
    const { table, change } = decodeNotice(notice);
    for (const seen of [...(this.#seen.get(table) ?? [])]) seen(change);
  }

  /** Another engine has taken the place of the one that was asked: what happened between the two is not known. */
  again(): void {
    for (const [table, all] of this.#seen) {
      for (const seen of [...all]) {
        void this.#ask(encodeWatch(table), `watch table ${table}`);
        seen({ kind: 'again' });
      }
    }
  }

  /** Nobody is told anything any more. */
  end(): void {
    this.#seen.clear();
  }

  #leave(table: string, all: Set<Seen>, own: Seen): void {
    // The engine counts who asked, so that a watch that is just being asked for does not lose it.
    if (all.delete(own) && this.#seen.get(table) === all)
      void this.#ask(encodeUnwatch(table), `watch ${table} no more`);
  }
}
