import type { Cidr } from '../../core/base/ip.ts';
import type { Clock, Log } from '../../core/base/ports.ts';
import { PRIVATE_NETWORKS } from '../../core/base/private-networks.ts';
import { seconds } from '../../core/base/time.ts';
import { Turns } from '../../core/base/turns.ts';
import { type ListColumns, without } from '../../core/respond/lists/columns.ts';
import type { NftOp, NftResult } from '../../native/nft/index.ts';
import { commitGroups } from './batches.ts';
import type { GoneKeys } from './damage.ts';
import { differenceOf } from './list-difference.ts';
import { countOf, isKeyOf, samplesOf } from './list-keys.ts';
import { anew, type ListSet, type ListUse, listSets } from './list-rules.ts';
import type { Rules } from './rules.ts';

const RETRY = seconds(30);
const NO_KEYS: ReadonlySet<string> = new Set();
const DONE: NftResult<void> = { ok: true, value: undefined };

/** The last good generations; kept by who fetches them. Other columns are another object. */
export interface DesiredLists {
  columnsOf(id: string): ListColumns | undefined;
  /** What the sets of a list are named after, where its generations share them; else what they hold. */
  stampOf?(id: string): string | undefined;
  /** Lists that are in force whatever the settings say. */
  readonly fleet?: readonly ListUse[];
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
  /** The rules name lists that nobody uses any more. */
  #isToUnlist = false;
  #trouble: string | undefined;
  #cancelRetry: (() => void) | undefined;
  #isClosed = false;
  #looked = 0;

  constructor(deps: ListLoaderDeps) {
    this.#deps = deps;
  }

  readonly setsOf = (id: string): readonly ListSet[] => this.#inForce.get(id)?.sets ?? [];

  /** What is being filled and no rule goes by. */
  get staged(): readonly ListSet[] {
    return this.#staged?.sets ?? [];
  }

  /** Lists that every content has. */
  get fleet(): readonly ListUse[] {
    return this.#deps.desired.fleet ?? [];
  }

  /** Why a list is not as desired. */
  get trouble(): string | undefined {
    return this.#trouble;
  }

  /** Why less than all is in force where nothing is damaged. */
  get state(): string {
    return this.entries.missing > 0 ? (this.#trouble ?? 'lists are being loaded') : 'the kernel refuses some';
  }

  /** The sets that the kernel should hold, whole. */
  expected(): readonly ListSet[] {
    return [...this.#inForce.values()].flatMap(({ sets, isLoaded }) => (isLoaded ? sets : []));
  }

  /** Addresses and networks that the kernel should hold, and how many of them are not in it yet, as far as is known. */
  get entries(): { readonly desired: number; readonly missing: number } {
    const versions = [...this.#inForce.values()];
    const sum = (of: readonly Version[]): number => of.reduce((count, { sets }) => count + entriesOf(sets), 0);
    return { desired: sum(versions), missing: sum(versions.filter(({ isLoaded }) => !isLoaded)) };
  }

  /** How many entries a set in force is to hold; `undefined` of another set. */
  sizeOf(name: string): number | undefined {
    const set = [...this.#inForce.values()].flatMap(({ sets }) => sets).find((each) => each.name === name);
    return set && countOf(set.keys);
  }

  /** Puts back what went from sets of lists; the rules and the sets stand. Keys that are told one by one as they are. */
  mend(damaged: ReadonlyMap<string, GoneKeys>): Promise<NftResult<void>> {
    return this.#turns.run(async () => {
      for (const [id, version] of this.#inForce) {
        const broken = version.sets.filter(({ name }) => damaged.has(name));
        if (broken.length === 0) continue;
        const mended = await this.#mend(id, version, (set) => damaged.get(set.name));
        if (!mended.ok) return mended;
      }
      return DONE;
    });
  }

  /** Looks at the sets of one list, another each time. @returns one that is not whole */
  async look(): Promise<string | undefined> {
    const versions = [...this.#inForce.values()].filter(({ isLoaded }) => isLoaded);
    const version = versions[this.#looked++ % Math.max(1, versions.length)];
    for (const set of version?.sets ?? []) {
      // One that went meanwhile is nobody's loss.
      if (!(await this.#holds(set)) && this.expected().includes(set)) return set.name;
    }
    return undefined;
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
    if (this.#forgetUnused()) this.#isToUnlist = true;
    if (!this.#isToUnlist) return failed;
    // Whose rules nobody else takes out: no content names a list of the fleet.
    const relisted = await this.#deps.rules.relist(this.#deps.isEnforcing);
    this.#isToUnlist = !relisted.ok;
    return relisted.ok ? failed : relisted;
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
    const isShared = this.#deps.desired.stampOf?.(use.id) !== undefined;
    if (isShared && isEnforcing() && before.isLoaded) return this.#amend(use.id, before, next);
    if (!isEnforcing() || sameSets(before.sets, next.sets)) {
      this.#inForce.set(use.id, { ...next, isLoaded: before.isLoaded && isEnforcing() });
      return rules.relist(isEnforcing);
    }
    return this.#exchange(use.id, next);
  }

  /** Makes the sets in force hold the next generation, in one transaction where they are the same sets. */
  async #amend(id: string, before: Version, next: Version): Promise<NftResult<void>> {
    const ops = differenceOf(before.sets, next.sets);
    if (ops === undefined) {
      const isOther = !next.sets.some(({ name }) => before.sets.some((set) => set.name === name));
      return this.#exchange(id, isOther ? next : { ...next, sets: anew(next.sets) });
    }
    const { nft, table } = this.#deps.rules.place;
    // Expected before it is done: who is told of the change goes by it.
    this.#inForce.set(id, { ...next, isLoaded: true });
    const done = ops.length === 0 ? DONE : await nft.commit(table, ops);
    if (done.ok) return done;
    // As nobody knows what it holds, it is filled beside.
    return this.#exchange(id, { ...next, sets: anew(next.sets) });
  }

  /** Fills these sets beside those in force, and then lets the rules go by them. */
  async #exchange(id: string, next: Version): Promise<NftResult<void>> {
    const { rules, isEnforcing } = this.#deps;
    this.#staged = next;
    try {
      const declared = await rules.relist(isEnforcing);
      const filled = declared.ok ? await this.#fill(next) : declared;
      // Nothing is filled any more where enforcement ended meanwhile.
      if (!filled.ok) return isEnforcing() ? filled : DONE;
      this.#inForce.set(id, next);
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

  async #mend(id: string, version: Version, goneOf: (set: ListSet) => GoneKeys | undefined): Promise<NftResult<void>> {
    const { nft, table } = this.#deps.rules.place;
    const gone = version.sets.map((set) => ({ set, keys: goneOf(set) ?? NO_KEYS }));
    // What else is in the set by now, or no longer, nobody knows.
    if (gone.some(({ keys }) => typeof keys === 'string')) {
      return this.#exchange(id, { ...version, sets: anew(version.sets), isLoaded: false });
    }
    const groups = gone.flatMap(({ set, keys }) =>
      [...keys]
        .filter((key) => isKeyOf(set.keys, key))
        .map((key): NftOp[] => [{ kind: 'add', set: set.name, key, timeout: 'never' }]),
    );
    return commitGroups(nft, table, groups);
  }

  async #become(use: ListUse): Promise<boolean> {
    const version = await this.#versionOf(use);
    if (version !== undefined) this.#inForce.set(use.id, version);
    return version !== undefined;
  }

  async #versionOf({ id, name, kind }: ListUse): Promise<Version | undefined> {
    const columns = this.#deps.desired.columnsOf(id);
    if (columns === undefined) return undefined;
    const stamp = this.#deps.desired.stampOf?.(id);
    if (kind === 'allow') return { columns, sets: listSets(name, columns, stamp), protected: 0, isLoaded: false };
    const cut = without(columns, [...(await this.#deps.protectedNetworks()), ...PRIVATE_NETWORKS]);
    if (cut.dropped > 0) {
      this.#deps.log('warn', 'a list names addresses that are never dropped', { list: name, left_out: cut.dropped });
    }
    return { columns, sets: listSets(name, cut.columns, stamp), protected: cut.dropped, isLoaded: false };
  }

  /** Of the confirmed content and of a candidate. */
  #uses(): readonly ListUse[] {
    const { confirmed, trial } = this.#deps.rules.judges;
    const all = [...(confirmed.lists ?? []), ...(trial?.candidate.lists ?? []), ...this.fleet];
    return all.filter(({ id }, i) => all.findIndex((each) => each.id === id) === i);
  }

  /** @returns whether there was any */
  #forgetUnused(): boolean {
    const used = new Set(this.#uses().map(({ id }) => id));
    const gone = [...this.#inForce.keys()].filter((id) => !used.has(id));
    for (const id of gone) this.#inForce.delete(id);
    return gone.length > 0;
  }
}

const sameSets = (a: readonly ListSet[], b: readonly ListSet[]): boolean =>
  a.map(({ name }) => name).join() === b.map(({ name }) => name).join();

const entriesOf = (sets: readonly ListSet[]): number => sets.reduce((count, { keys }) => count + countOf(keys), 0);
