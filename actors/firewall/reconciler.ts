import type { Ip } from '../../core/base/ip.ts';
import type { Clock, Log } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';
import { type Millis, minutes, plus } from '../../core/base/time.ts';
import type { NftChange, NftPort, NftResult } from '../../native/nft/index.ts';
import { chainsAhead, nameOf } from './ahead.ts';
import { ALLOWED_SETS } from './allowed.ts';
import { type Damage, DamageBook, type GoneKeys } from './damage.ts';
import { type DriftReport, DriftReports, wordsFor } from './drift-reports.ts';
import type { ListLoader } from './list-loader.ts';
import { Pace } from './pace.ts';
import type { DesiredBlocks } from './port.ts';
import { readBack } from './read-back.ts';
import { isWhole, repair } from './repair.ts';
import type { Rules } from './rules.ts';
import { Samples } from './samples.ts';
import { type Enforced, Standing } from './standing.ts';
import { heldCount, type SyncDeps, type SyncOutcome, sync } from './sync.ts';
import { BLOCKED_SETS } from './table.ts';

export interface ReconcilerDeps {
  readonly nft: NftPort;
  readonly rules: Rules;
  readonly desired: DesiredBlocks;
  readonly lists: Pick<ListLoader, 'entries' | 'sizeOf' | 'mend' | 'look' | 'doubt'>;
  readonly clock: Clock;
  readonly log: Log;
  /** Tells a person. */
  readonly report: (report: DriftReport) => void;
  /** There is damage to repair; `reached` when the link to the kernel was lost and is there again. */
  readonly changed: (kind: 'damaged' | 'reached') => void;
  /** Opens another port, for what takes long; closed afterwards. */
  readonly aside?: (() => Promise<NftResult<NftPort>>) | undefined;
  /** Blocks that are desired and that the kernel refused. */
  readonly refused: () => number;
}

/** What was read again after a crash explains most of what the kernel holds beyond the books. */
const READ_AFTER: Millis = minutes(1);

export type RepairKind = 'table' | 'rules' | 'set' | 'elements' | 'unknown';

/**
 * Knows what of the desired the kernel holds: told by the kernel of what others change, and by looking. Mends what is broken
 * and leaves the rest alone. When to is decided by the firewall's machine.
 */
export class Reconciler {
  readonly pace = new Pace();
  readonly #deps: ReconcilerDeps;
  readonly #sync: SyncDeps;
  readonly #damage = new DamageBook();
  readonly #standing: Standing;
  readonly #reports: DriftReports;
  readonly #samples: Samples;
  readonly #repairs: Record<RepairKind, number> = { table: 0, rules: 0, set: 0, elements: 0, unknown: 0 };
  #unwatch: (() => void) | undefined;
  /** Chains of others that come before ours, as last told. */
  #ahead: readonly string[] = [];
  /** When to find out about blocks in the kernel that nobody knows of; undefined when there are none. */
  #strangersDue: Millis | undefined;
  #aside: NftPort | undefined;
  #reading: Promise<void> | undefined;

  constructor(deps: ReconcilerDeps) {
    const { rules, desired, lists, clock } = deps;
    const now = (): Millis => clock.now();
    this.#deps = deps;
    this.#sync = {
      place: rules.place,
      rules: () => rules.sync(),
      watched: () => this.#watch(),
      mendLists: (damaged) => lists.mend(damaged),
      desired,
      now,
    };
    this.#standing = new Standing(() => this.#wanted(), now);
    this.#reports = new DriftReports(deps.report, now);
    this.#samples = new Samples({ place: rules.place, desired, now });
  }

  get enforced(): Enforced {
    return this.#standing.read();
  }

  /** Whether the kernel's rules are ours, as far as is known. */
  get rulesStand(): boolean {
    return this.#standing.rulesStand;
  }

  get repairs(): Readonly<Record<RepairKind, number>> {
    return this.#repairs;
  }

  /** What is wrong, in words; undefined when nothing is known to be. */
  get trouble(): string | undefined {
    return this.#reports.open;
  }

  get ahead(): readonly string[] {
    return this.#ahead;
  }

  /** The kernel may be other than the books say, nobody knows how. @param isInflicted false when nobody did that */
  suspect(isInflicted = true): void {
    this.#damage.found({ isTotal: true, isInflicted });
  }

  /** The kernel refused so many. */
  lost(count: number): void {
    this.#standing.lost(count);
  }

  /** Brings all of the kernel in line. @throws Error with its words */
  whole(): Promise<SyncOutcome> {
    const damage = this.#damage.take();
    return this.#timed(damage, () => this.#whole(damage));
  }

  /** Mends what is known to be broken, all of it where that is not known. @throws Error with the kernel's words */
  async repair(): Promise<SyncOutcome | undefined> {
    const damage = this.#damage.take();
    return this.#timed(damage, async () => {
      if (isWhole(damage)) return this.#whole(damage);
      const { hasStrangers } = await repair(this.#sync, damage).catch((cause: unknown) => this.#failed(cause));
      this.#done(damage, hasStrangers);
      return undefined;
    });
  }

  /** Whether all is well as far as a quick look tells; otherwise what is not is known from now on. */
  async look(): Promise<boolean> {
    const { rules, lists } = this.#deps;
    await this.#watch();
    if (!(await rules.areStanding())) this.#find({ rules: true });
    const { lost, isAnyoneMissing } = await this.#samples.look();
    if (lost.length > 0) for (const [set, keys] of lost) this.#find({ set, keys });
    if (isAnyoneMissing) this.suspect();
    const list = await lists.look();
    if (list !== undefined) this.#find({ set: list });
    await this.#lookAhead();
    await this.#readStrangersIfDue();
    return this.#damage.isEmpty;
  }

  /** Repairs are held back. */
  contested(): void {
    this.#reports.contested();
  }

  /** The table is to go: what others do to it is no matter any more. */
  stop(): void {
    this.#unwatch?.();
    this.#unwatch = undefined;
    this.#strangersDue = undefined;
    void this.#aside?.close();
    this.#damage.take();
  }

  /** Only what others did sets the pace. That the link was lost and is there again is nobody's doing. */
  async #timed<V>(damage: Damage, work: () => Promise<V>): Promise<V> {
    const { clock } = this.#deps;
    const began = clock.now();
    try {
      return await work();
    } finally {
      if (damage.isInflicted) this.pace.repaired(began, clock.now());
    }
  }

  async #whole(damage: Damage): Promise<SyncOutcome> {
    // Before anything is said to be whole: the sets of lists are looked at, and filled, behind everything else.
    this.#deps.lists.doubt();
    const done = await sync(this.#sync).catch((cause: unknown) => this.#failed(cause));
    const isPresumed = damage.isTotal && wordsFor(damage).length === 0 && this.#reports.open === undefined;
    if (isPresumed && this.#standing.rulesStand && done.added > 0) {
      this.#standing.lost(done.added);
      this.#reports.damaged([`${done.added} blocks were missing`], damage.by, this.#standing.read().ratio);
    }
    // What it had refused before is in the kernel now, or not desired any more.
    this.#done(damage, done.hasStrangers, 0);
    await this.#lookAhead();
    return done;
  }

  #done(damage: Damage, hasStrangers: boolean, refused = this.#deps.refused()): void {
    for (const kind of kindsOf(damage)) this.#repairs[kind]++;
    this.#standing.whole(refused);
    this.#reports.repaired();
    if (hasStrangers) this.#strangersDue ??= plus(this.#deps.clock.now(), READ_AFTER);
  }

  #failed(cause: unknown): never {
    this.suspect(false);
    this.#reports.notRepaired(messageOf(cause));
    throw cause;
  }

  /** Without notifications the looks go on. */
  async #watch(): Promise<void> {
    if (this.#unwatch !== undefined) return;
    const { nft, rules, log } = this.#deps;
    const watched = await nft.watch(rules.place.table, (change) => this.#seen(change));
    if (watched.ok) this.#unwatch = watched.value;
    else log('warn', 'changes of the kernel by others are not told, only looked for', { error: watched.public });
  }

  #seen(change: NftChange): void {
    if (this.#unwatch === undefined) return;
    const { changed, log } = this.#deps;
    if (change.kind !== 'changed') {
      this.#damage.note(change);
      changed(change.kind === 'again' ? 'reached' : 'damaged');
      return;
    }
    if (change.elsewhere) void this.#lookAhead();
    const seen = new DamageBook();
    seen.note(change);
    if (seen.isEmpty) return;
    this.#damage.note(change);
    const damage = seen.take();
    log('warn', 'the firewall was changed by another program', { ...change.by, what: wordsFor(damage) });
    this.#fall(damage);
    changed('damaged');
  }

  #find(found: { readonly rules?: boolean; readonly set?: string; readonly keys?: readonly string[] }): void {
    const seen = new DamageBook();
    seen.found(found);
    this.#damage.found(found);
    this.#fall(seen.take());
  }

  /** What of the desired went with this. */
  #fall(damage: Damage): void {
    if (damage.table || damage.rules) this.#standing.rulesLost();
    let lost = 0;
    let isHarmless = !damage.table && !damage.rules;
    for (const [set, keys] of damage.sets) {
      const gone = this.#goneOf(set, keys);
      lost += gone;
      isHarmless &&= gone === 0 && typeof keys !== 'string';
    }
    if (lost > 0 && !damage.table && !damage.rules) this.#standing.lost(lost);
    if (!isHarmless) this.#reports.damaged(wordsFor(damage), damage.by, this.#standing.read().ratio);
  }

  /** Of a set that lost more than is told nothing is known to be held. */
  #goneOf(set: string, keys: GoneKeys): number {
    const { desired, lists } = this.#deps;
    if (keys === 'touched') return 0;
    const listed = lists.sizeOf(set);
    if (listed !== undefined) return keys === 'many' ? listed : keys.size;
    if (keys === 'many') {
      if (BLOCKED_SETS.includes(set)) return desired.blockCount();
      return ALLOWED_SETS.includes(set) ? allowedCount(desired) : 1;
    }
    if (!BLOCKED_SETS.includes(set)) return keys.size;
    return [...keys].filter((ip) => desired.blockOf(ip as Ip) !== undefined).length;
  }

  #wanted() {
    const { desired, rules, lists } = this.#deps;
    return {
      lists: lists.entries,
      blocks: desired.blockCount(),
      networks: [...desired.networks()].length,
      allowed: allowedCount(desired),
      rules: rules.table.chains.reduce((sum, chain) => sum + chain.rules.length, 0),
    };
  }

  /** What others put ahead of our chains is told once, and left alone. */
  async #lookAhead(): Promise<void> {
    const { nft, rules, log } = this.#deps;
    const read = await nft.baseChains();
    if (!read.ok) {
      log('warn', 'chains of other programs cannot be read', { error: read.public });
      return;
    }
    const before = this.#ahead;
    this.#ahead = chainsAhead(read.value, rules.table).map(nameOf).sort();
    const fresh = this.#ahead.filter((chain) => !before.includes(chain));
    if (fresh.length > 0) this.#reports.ahead(fresh);
  }

  /** Reads all of the sets for what nobody knows of, beside everything else; unless by now the books know all of it. */
  async #readStrangersIfDue(): Promise<void> {
    const { clock, rules, desired } = this.#deps;
    const due = this.#strangersDue;
    if (due === undefined || this.#reading !== undefined || clock.now() < due) return;
    this.#strangersDue = undefined;
    const held = await heldCount(rules.place.nft, rules.place.table);
    if (held === 'unknown' || held > desired.blockCount()) this.#reading = this.#readStrangers();
  }

  async #readStrangers(): Promise<void> {
    const { log, clock } = this.#deps;
    try {
      const opened = await this.#deps.aside?.();
      this.#aside = opened?.ok === true ? opened.value : undefined;
      const done = await readBack(this.#sync, this.#aside);
      log('info', 'blocked addresses in the kernel were read back', { ...done });
    } catch (cause) {
      if (this.#unwatch !== undefined) this.#strangersDue = plus(clock.now(), READ_AFTER);
      log('warn', 'blocked addresses in the kernel could not be read back', { error: messageOf(cause) });
    } finally {
      await this.#aside?.close();
      this.#aside = undefined;
      this.#reading = undefined;
    }
  }
}

const allowedCount = (desired: DesiredBlocks): number => desired.allowed().length + desired.allowedPorts().length;

function kindsOf({ isTotal, table, rules, sets }: Damage): readonly RepairKind[] {
  if (table) return ['table'];
  const parts = [...sets.values()];
  return [
    ...(rules ? (['rules'] as const) : []),
    ...(parts.some((keys) => typeof keys === 'string') ? (['set'] as const) : []),
    ...(parts.some((keys) => typeof keys !== 'string') ? (['elements'] as const) : []),
    ...(isTotal ? (['unknown'] as const) : []),
  ];
}
