import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { BootClock } from '../../../actors/change/index.ts';
import { type Millis, millis } from '../../../core/base/time.ts';
import type { NftElement, NftOp, NftPort, NftResult, RuleCounter } from '../../../native/nft/index.ts';

type Sets = Record<string, { readonly key: string; readonly until: number | 'never' }[]>;

const done: NftResult<void> = { ok: true, value: undefined };
const unasked = (): never => {
  throw new Error('this kernel is not asked that');
};

/** Sets of addresses in a file that is replaced whole with each transaction: a kernel for processes that are killed. */
export class FileKernel implements NftPort {
  readonly #path: string;
  readonly #clock: BootClock;
  readonly #before: () => void;

  /** @param before called before each transaction */
  constructor(path: string, clock: BootClock, before: () => void) {
    this.#path = path;
    this.#clock = clock;
    this.#before = before;
  }

  async commit(_: string, ops: readonly NftOp[]): Promise<NftResult<void>> {
    this.#before();
    const sets = this.#read();
    for (const op of ops) {
      const others = (sets[op.set] ?? []).filter(({ key }) => op.kind !== 'flush' && key !== op.key);
      const until = op.kind === 'add' && op.timeout !== 'never' ? this.#clock.now() + op.timeout : 'never';
      sets[op.set] = op.kind === 'add' ? [...others, { key: op.key, until }] : others;
    }
    writeFileSync(`${this.#path}.new`, JSON.stringify(sets));
    renameSync(`${this.#path}.new`, this.#path);
    return done;
  }

  async list(_: string, set: string): Promise<NftResult<readonly NftElement[]>> {
    const left = (until: number | 'never'): Millis | 'never' =>
      until === 'never' ? until : millis(until - this.#clock.now());
    return { ok: true, value: this.#standing(set).map(({ key, until }) => ({ key, timeout: left(until) })) };
  }

  readonly load = unasked;
  readonly find = unasked;
  readonly count = unasked;
  readonly fingerprint = unasked;
  readonly baseChains = unasked;
  readonly watch = unasked;

  /** Addresses by set. */
  lists(): Readonly<Record<string, readonly string[]>> {
    const names = ['denied', 'trial'];
    return Object.fromEntries(
      names.map((set) => [
        set,
        this.#standing(set)
          .map(({ key }) => key)
          .sort(),
      ]),
    );
  }

  async ensure(): Promise<NftResult<void>> {
    return done;
  }

  async drop(): Promise<NftResult<void>> {
    return done;
  }

  async counters(): Promise<NftResult<readonly RuleCounter[]>> {
    return { ok: true, value: [] };
  }

  async localAddresses(): Promise<NftResult<readonly string[]>> {
    return { ok: true, value: [] };
  }

  async close(): Promise<void> {}

  #standing(set: string): Sets[string] {
    return (this.#read()[set] ?? []).filter(({ until }) => until === 'never' || until > this.#clock.now());
  }

  #read(): Sets {
    return JSON.parse(readFileSync(this.#path, 'utf8')) as Sets;
  }
}
