import type { NftChange } from './port.ts';

/** What one transaction did to one table. */
export interface FakeDeed {
  readonly table: string;
  readonly tables?: boolean;
  readonly rules?: boolean;
  readonly sets?: Iterable<string>;
  readonly gone?: readonly { readonly set: string; readonly key: string }[];
}

interface Watch {
  readonly table: string;
  readonly owner: object;
  readonly seen: (change: NftChange) => void;
}

const MOST_GONE = 1000;
/** Ports of one process are told apart all the same, as the real ones are. */
const OTHERS = { pid: 1, program: 'another-port' } as const;

/** Who watches a fake kernel. Told inside the call that changes something. */
export class FakeWatches {
  readonly #watches = new Set<Watch>();
  /** Ports that load, and whether others changed something meanwhile. */
  readonly #muted = new Map<object, boolean>();

  /** @returns ends the watch */
  add(watch: Watch): () => void {
    this.#watches.add(watch);
    return () => void this.#watches.delete(watch);
  }

  /** Ends all watches of a port. */
  leave(owner: object): void {
    for (const watch of this.#watches) if (watch.owner === owner) this.#watches.delete(watch);
  }

  /** A port that loads hears nothing until `unmute`. */
  mute(owner: object): void {
    this.#muted.set(owner, false);
  }

  /** Tells the port's watches that something was lost, if others changed anything meanwhile. */
  unmute(owner: object): void {
    const missed = this.#muted.get(owner);
    this.#muted.delete(owner);
    if (missed) this.#lose([...this.#watches].filter((watch) => watch.owner === owner));
  }

  /** Tells everybody but who did it. */
  tell(author: object, deed: FakeDeed): void {
    const { table, tables = false, rules = false, gone = [] } = deed;
    const sets = [...new Set(deed.sets)].sort();
    if (!tables && !rules && sets.length === 0) return;
    for (const owner of this.#muted.keys()) if (owner !== author) this.#muted.set(owner, true);
    const common = { kind: 'changed', by: OTHERS } as const;
    const here = { tables, rules, sets, gone: gone.slice(0, MOST_GONE), isAll: gone.length <= MOST_GONE };
    const elsewhere = { tables: false, rules: false, sets: [], gone: [], isAll: true };
    for (const { table: watched, owner, seen } of [...this.#watches]) {
      if (owner === author || this.#muted.has(owner)) continue;
      if (watched === table) seen({ ...common, ...here, elsewhere: false });
      else if (rules) seen({ ...common, ...elsewhere, elsewhere: true });
    }
  }

  /** As if more had happened than could be told, or who tells were another. */
  lose(kind: 'lost' | 'again'): void {
    this.#lose([...this.#watches], kind);
  }

  #lose(watches: readonly Watch[], kind: 'lost' | 'again' = 'lost'): void {
    for (const { seen } of watches) seen({ kind });
  }
}
