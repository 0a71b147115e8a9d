import type { NftResult, TableDeclaration } from '../../native/nft/index.ts';
import { type LetIn, withAllowed } from './allowed.ts';
import { orThrow } from './batches.ts';
import { type FirewallContent, type Judges, OPEN, sameContent } from './content.ts';
import { rulesText, wholeTableText } from './ruleset-text.ts';
import { type TableLists, tableOf } from './table.ts';
import { holdsNetworks, type Judged, judgedBy, light, load, type Place, repair } from './trial.ts';

export interface TurnOptions {
  /** What holds when the kernel refuses; without it what was wanted, which the next sync brings about. */
  readonly fallback?: ((before: Judges) => Judges) | undefined;
  /** Without a trial nothing is changed, and it comes to `missing`: known only when it is this change's turn. */
  readonly needsTrial?: boolean;
  /** Asked when it is this change's turn; where nothing is enforced the kernel is left alone. */
  readonly isEnforcing: () => boolean;
}

const DONE: NftResult<void> = { ok: true, value: undefined };
export const NOT_ON_TRIAL: NftResult<void> = {
  ok: false,
  code: 'missing',
  errno: 0,
  public: 'no firewall rules are on trial',
};

/** By which contents the kernel is to judge. Changes and syncs of them come one at a time. */
export class Rules {
  readonly place: Place;
  #judges: Judges;
  #table: TableDeclaration;
  readonly #lists: () => TableLists | undefined;
  #last: Promise<unknown> = Promise.resolve();
  /** Of the rules as they were when they were last put in. */
  #fingerprint: string | undefined;

  /** @param lists what is in force of them, asked whenever the table is made */
  constructor(place: Place, confirmed: FirewallContent, lists: () => TableLists | undefined = () => undefined) {
    this.place = place;
    this.#lists = lists;
    this.#judges = { confirmed };
    this.#table = this.#tableOf(this.#judges);
  }

  get judges(): Judges {
    return this.#judges;
  }

  get table(): TableDeclaration {
    return this.#table;
  }

  /** Of both contents during a trial: either may be the one that holds in the end. */
  infra(): readonly string[] {
    const { confirmed, trial } = this.#judges;
    const contents = [confirmed, ...(trial === undefined ? [] : [trial.candidate])];
    // That everybody is let in while nothing is enforced makes nobody an address that is never blocked.
    const own = contents.filter((content) => !sameContent(content, OPEN));
    return [...new Set(own.flatMap(({ infra }) => infra))];
  }

  turnTo(
    next: (now: Judges) => Judges,
    { fallback, needsTrial = false, isEnforcing }: TurnOptions,
  ): Promise<NftResult<void>> {
    return this.#inTurn(async () => {
      const before = this.#judges;
      if (needsTrial && before.trial === undefined) return NOT_ON_TRIAL;
      this.#become(next(before));
      if (!isEnforcing()) return DONE;
      const done = await this.#load();
      if (!done.ok && fallback !== undefined) this.#become(fallback(before));
      return done;
    });
  }

  /** Makes the table anew by the lists that are in force, and the kernel's. */
  relist(isEnforcing: () => boolean): Promise<NftResult<void>> {
    return this.#inTurn(async () => {
      this.#become(this.#judges);
      return isEnforcing() ? this.#load() : DONE;
    });
  }

  rearm(isEnforcing: () => boolean): Promise<NftResult<void>> {
    return this.#inTurn(async () => {
      const { trial } = this.#judges;
      if (trial === undefined) return NOT_ON_TRIAL;
      return isEnforcing() ? light(this.place, trial.time.left()) : DONE;
    });
  }

  /** Brings the kernel's rules and networks in line, whatever was done to them. */
  sync(): Promise<NftResult<void>> {
    return this.#inTurn(async () => {
      this.#become(this.#judges);
      const { confirmed, trial } = this.#judges;
      const done = await this.#load();
      if (!done.ok) return done;
      const repaired = await repair(this.place, confirmed);
      return repaired.ok && trial !== undefined ? repair(this.place, trial.candidate) : repaired;
    });
  }

  /** Whether chains and rules are as they were put in. @throws Error when they cannot be read, or there is no table */
  areStanding(): Promise<boolean> {
    return this.#inTurn(async () => {
      const found = orThrow(await this.place.nft.fingerprint(this.place.table));
      this.#fingerprint ??= found;
      return found === this.#fingerprint;
    });
  }

  judged(): Promise<NftResult<Judged>> {
    return judgedBy(this.place);
  }

  async isJudging(content: FirewallContent): Promise<NftResult<boolean>> {
    const { confirmed, trial } = this.#judges;
    const judged = await judgedBy(this.place);
    if (!judged.ok) return judged;
    const judge = { confirmed, candidate: trial?.candidate, none: undefined }[judged.value];
    if (judge === undefined || !sameContent(judge, content)) return { ok: true, value: false };
    return holdsNetworks(this.place, content);
  }

  textOf(content: FirewallContent): string {
    return rulesText(this.#bareTableOf({ confirmed: content }));
  }

  /** The table as confirmed, without blocks. */
  wholeText(letIn: LetIn): string {
    const { confirmed } = this.#judges;
    return wholeTableText(withAllowed(this.#bareTableOf({ confirmed }), letIn));
  }

  async #load(): Promise<NftResult<void>> {
    const done = await load(this.place, this.#table, this.#judges);
    this.#fingerprint = undefined;
    if (!done.ok) return done;
    const found = await this.place.nft.fingerprint(this.place.table);
    if (found.ok) this.#fingerprint = found.value;
    return done;
  }

  #become(judges: Judges): void {
    this.#judges = judges;
    this.#table = this.#tableOf(judges);
  }

  #tableOf(judges: Judges): TableDeclaration {
    return tableOf(this.place.table, this.place.maxBlocks, judges, this.#lists());
  }

  /** Without lists. */
  #bareTableOf(judges: Judges): TableDeclaration {
    return tableOf(this.place.table, this.place.maxBlocks, judges);
  }

  #inTurn<T>(run: () => Promise<T>): Promise<T> {
    const mine = this.#last.then(run);
    this.#last = mine.catch(() => undefined);
    return mine;
  }
}
