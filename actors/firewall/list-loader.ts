import { type Cidr, fromBytes, makeCidr } from '../../core/base/ip.ts';
import type { Clock, Log } from '../../core/base/ports.ts';
import { PRIVATE_NETWORKS } from '../../core/base/private-networks.ts';
import { seconds } from '../../core/base/time.ts';
import { Turns } from '../../core/base/turns.ts';
import { type ListColumns, without } from '../../core/respond/lists/columns.ts';
import type { NftResult } from '../../native/nft/index.ts';
import { type ListSet, type ListUse, listSets } from './list-rules.ts';
import type { Rules } from './rules.ts';

const RETRY = seconds(30);
/** Networks of an interval set that are looked up to see whether it was emptied. */
const SAMPLES = 64;
const DONE: NftResult<void> = { ok: true, value: undefined };

/** The last good generations; kept by who fetches them. Other columns are another object. */
export interface DesiredLists {
  columnsOf(id: string): ListColumns | undefined;
}

/** What the kernel has of a list. */
export interface ListFacts {
  /** Whether rules go by what is desired, and the kernel holds all of it. */
  readonly inKernel: boolean;
  /** Addresses and networks that are never dropped, left out or cut. */
  readonly protected: number;
}

export interface ListLoaderDeps {
  readonly rules: Rules;
  readonly desired: DesiredLists;
  readonly clock: Clock;
  readonly log: Log;
  readonly isEnforcing: () => boolean;
  /** What no block may touch, as of now. */
  readonly protectedNetworks: () => Promise<readonly Cidr[]>;
}

interface Version {
  /** What it was made of. */
  readonly columns: ListColumns;
  readonly sets: readonly ListSet[];
  readonly protected: number;
  /** Whether the kernel has taken all of it, as far as is known. */
  isLoaded: boolean;
}

/**
 * Puts generations of lists in force. A generation's sets are declared beside those in force, filled chunk by chunk while
 * single blocks go ahead, and then the rules are switched to them in one transaction, with which the old ones go: each
 * packet is judged by one whole generation. Only where nothing of a list is in force yet do rules go by sets that still
 * fill. What fails is tried again; what was in force stays until then.
 */
export class ListLoader {
  readonly #deps: ListLoaderDeps;
  readonly #turns = new Turns();
  /** What rules go by, by id. */
  readonly #inForce = new Map<string, Version>();
  #staged: Version | undefined;
  #trouble: string | undefined;
  #cancelRetry: (() => void) | undefined;
  #isClosed = false;

  constructor(deps: ListLoaderDeps) {
    this.#deps = deps;
  }

  readonly setsOf = (id: string): readonly ListSet[] => this.#inForce.get(id)?.sets ?? [];

  /** What is being filled and no rule goes by. */
  get staged(): readonly ListSet[] {
    return this.#staged?.sets ?? [];
  }

  /** Why a list is not as desired. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** The sets that the kernel should hold, whole. */
  expected(): readonly ListSet[] {
    return [...this.#inForce.values()].flatMap(({ sets, isLoaded }) => (isLoaded ? sets : []));
  }

  facts(id: string): ListFacts {
    const version = this.#inForce.get(id);
    const isWanted = version !== undefined && version.columns === this.#deps.desired.columnsOf(id);
    return { inKernel: isWanted && version.isLoaded && this.#deps.isEnforcing(), protected: version?.protected ?? 0 };
  }

  /** Before the first rules are made: rules go by what is desired at once, so that what the kernel still has goes on. */
  async adopt(): Promise<void> {
    await this.#turns.run(async () => {
      for (const use of this.#uses()) {
        if (!this.#inForce.has(use.id)) await this.#become(use);
      }
      this.#forgetUnused();
    });
  }

  /** The kernel may have lost anything. */
  doubt(): void {
    for (const version of this.#inForce.values()) version.isLoaded = false;
  }

  /** Brings the kernel in line with what is desired; resolves when it is, or says why it is not. */
  async run(): Promise<NftResult<void>> {
    this.#cancelRetry?.();
    const done = await this.#turns.run(() => this.#run());
    this.#trouble = done.ok ? undefined : done.public;
    if (done.ok || this.#isClosed) return done;
    this.#deps.log('error', 'a list is not in force', { error: done.public });
    this.#cancelRetry = this.#deps.clock.after(RETRY, () => void this.run());
    return done;
  }

  close(): void {
    this.#isClosed = true;
    this.#cancelRetry?.();
  }

  async #run(): Promise<NftResult<void>> {
    let failed: NftResult<void> = DONE;
    for (const use of this.#uses()) {
      if (this.#isClosed) break;
      const done = await this.#renew(use);
      if (!done.ok) failed = done;
    }
    this.#forgetUnused();
    return failed;
  }

  /** One list: nothing where it is as desired. */
  async #renew(use: ListUse): Promise<NftResult<void>> {
    const before = this.#inForce.get(use.id);
    if (before === undefined) {
      if (!(await this.#become(use))) return DONE;
    } else if (before.columns !== this.#deps.desired.columnsOf(use.id)) {
      return this.#switch(use, before);
    }
    const version = this.#inForce.get(use.id);
    if (version === undefined || version.isLoaded || !this.#deps.isEnforcing()) return DONE;
    const declared = await this.#deps.rules.relist(this.#deps.isEnforcing);
    return declared.ok ? this.#fill(version) : declared;
  }

  async #switch(use: ListUse, before: Version): Promise<NftResult<void>> {
    const { rules, isEnforcing } = this.#deps;
    const next = await this.#versionOf(use);
    if (next === undefined) return DONE;
    if (!isEnforcing() || sameSets(before.sets, next.sets)) {
      this.#inForce.set(use.id, { ...next, isLoaded: before.isLoaded && isEnforcing() });
      return rules.relist(isEnforcing);
    }
    this.#staged = next;
    try {
      const declared = await rules.relist(isEnforcing);
      const filled = declared.ok ? await this.#fill(next) : declared;
      // Nothing is filled any more where enforcement ended meanwhile.
      if (!filled.ok) return isEnforcing() ? filled : DONE;
      this.#inForce.set(use.id, next);
    } finally {
      this.#staged = undefined;
    }
    const switched = await rules.relist(isEnforcing);
    if (!switched.ok) next.isLoaded = false;
    return switched;
  }

  async #fill(version: Version): Promise<NftResult<void>> {
    const { nft, table } = this.#deps.rules.place;
    for (const set of version.sets) {
      if (await this.#holds(set)) continue;
      const loaded = await nft.load(table, set.name, set.keys);
      if (!loaded.ok) return loaded;
    }
    version.isLoaded = true;
    return DONE;
  }

  /** Whether a set that stands holds what it should, as far as can be told without reading it. */
  async #holds({ name, keys, interval }: ListSet): Promise<boolean> {
    const { nft, table } = this.#deps.rules.place;
    if (!interval) {
      const count = await nft.count(table, name);
      if (!count.ok || count.value === 0) return false;
      if (count.value !== 'unknown' && count.value !== countOf(keys)) return false;
    }
    const found = await nft.find(table, name, samplesOf(keys));
    return found.ok && found.value.every((element) => element !== undefined);
  }

  async #become(use: ListUse): Promise<boolean> {
    const version = await this.#versionOf(use);
    if (version !== undefined) this.#inForce.set(use.id, version);
    return version !== undefined;
  }

  async #versionOf({ id, name, kind }: ListUse): Promise<Version | undefined> {
    const columns = this.#deps.desired.columnsOf(id);
    if (columns === undefined) return undefined;
    if (kind === 'allow') return { columns, sets: listSets(name, columns), protected: 0, isLoaded: false };
    const cut = without(columns, [...(await this.#deps.protectedNetworks()), ...PRIVATE_NETWORKS]);
    if (cut.dropped > 0) {
      this.#deps.log('warn', 'a list names addresses that are never dropped', { list: name, left_out: cut.dropped });
    }
    return { columns, sets: listSets(name, cut.columns), protected: cut.dropped, isLoaded: false };
  }

  /** Of the confirmed content and of a candidate. */
  #uses(): readonly ListUse[] {
    const { confirmed, trial } = this.#deps.rules.judges;
    const all = [...(confirmed.lists ?? []), ...(trial?.candidate.lists ?? [])];
    return all.filter(({ id }, i) => all.findIndex((each) => each.id === id) === i);
  }

  #forgetUnused(): void {
    const used = new Set(this.#uses().map(({ id }) => id));
    for (const id of [...this.#inForce.keys()]) if (!used.has(id)) this.#inForce.delete(id);
  }
}

const sameSets = (a: readonly ListSet[], b: readonly ListSet[]): boolean =>
  a.map(({ name }) => name).join() === b.map(({ name }) => name).join();

const widthOf = ({ family }: ListSet['keys']): number => (family === 4 ? 4 : 16);
const countOf = (keys: ListSet['keys']): number => keys.bytes.length / widthOf(keys);

/** Keys from all over a set, as text. */
function samplesOf(keys: ListSet['keys']): readonly string[] {
  const [count, width] = [countOf(keys), widthOf(keys)];
  const step = Math.max(1, Math.floor(count / SAMPLES));
  const texts: string[] = [];
  for (let i = count - 1; i >= 0; i -= step) {
    const bytes = keys.bytes.slice(i * width, (i + 1) * width);
    const prefix = keys.prefixes?.[i];
    texts.push(prefix === undefined ? fromBytes(bytes).text : makeCidr(keys.family, bytes, prefix).text);
  }
  return texts;
}
