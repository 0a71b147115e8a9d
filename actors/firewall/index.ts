import { type Actor, createActor, fromPromise, waitFor } from 'xstate';
import type { Component } from '../../core/base/component.ts';
import type { DecisionId } from '../../core/base/ids.ts';
import type { Ip } from '../../core/base/ip.ts';
import type { Clock, Log } from '../../core/base/ports.ts';
import type { NamedNetwork } from '../../core/base/prefixes.ts';
import { messageOf } from '../../core/base/result.ts';
import type { Millis } from '../../core/base/time.ts';
import { protectedNetworks } from '../../core/respond/protected.ts';
import type { NftFailure, NftOp, NftPort, NftResult, RuleCounter } from '../../native/nft/index.ts';
import { machineClock } from '../clock/index.ts';
import { allowedOps, letInBy } from './allowed.ts';
import { commitGroups, orThrow } from './batches.ts';
import type { FirewallContent, Judges, TrialTime } from './content.ts';
import { type Described, describe } from './described.ts';
import { CONTESTED, type DriftReport } from './drift-reports.ts';
import { droppedBy } from './dropped-packets.ts';
import type { PlainFolder } from './effects.ts';
import { putOps, removeOps } from './elements.ts';
import { type FeatureCount, featureCounts } from './feature-counts.ts';
import { kernelLists } from './kernel-lists.ts';
import { type DesiredLists, ListLoader } from './list-loader.ts';
import { firewallMachine } from './machine.ts';
import { networkOps } from './networks.ts';
import { PlainFiles } from './plain-files.ts';
import type {
  DesiredBlocks,
  DroppedPackets,
  Firewall,
  FirewallState,
  FirewallTrials,
  KernelBlock,
  KernelLists,
} from './port.ts';
import { fullText } from './read-back.ts';
import { Reconciler, type RepairKind } from './reconciler.ts';
import { NOT_ON_TRIAL, Rules, type TurnOptions } from './rules.ts';
import { noTableText, placedIn } from './ruleset-text.ts';
import type { Enforced } from './standing.ts';
import type { SyncOutcome } from './sync.ts';
import type { Judged } from './trial.ts';

export { witnessTable } from './ahead.ts';
export { allowedPortElement } from './allowed.ts';
export { contentOf, type FirewallContent, OPEN, sameContent, type TrialTime } from './content.ts';
export type { DriftReport } from './drift-reports.ts';
export { type PlainFolder, plainFolder } from './effects.ts';
export type { FeatureCount } from './feature-counts.ts';
export type { DesiredLists, ListFacts } from './list-loader.ts';
export { type ListSet, type ListUse, sharedRoomFor } from './list-rules.ts';
export type {
  AllowedAtPort,
  DesiredBlocks,
  DroppedPackets,
  Firewall,
  FirewallState,
  FirewallTrials,
  KernelBlock,
  KernelLists,
  KernelNetwork,
  ListPackets,
} from './port.ts';
export type { RepairKind } from './reconciler.ts';
export type { Enforced } from './standing.ts';
export type { Judged } from './trial.ts';

export interface FirewallDeps {
  readonly nft: NftPort;
  readonly clock: Clock;
  readonly log: Log;
  readonly desired: DesiredBlocks;
  readonly lists?: DesiredLists;
  readonly settings: {
    /** Table name, family inet. */
    readonly table: string;
    /** Network namespace of the port, if not the own. */
    readonly netns?: string;
    /** Capacity of each blocked set. */
    readonly maxBlocks: number;
    /** As confirmed. */
    readonly content: FirewallContent;
  };
  /** Where the plain files are kept. */
  readonly folder: PlainFolder;
  /** Opens another port on the same kernel, so that reading very many blocks holds nothing up; the own one where absent. */
  readonly aside?: () => Promise<NftResult<NftPort>>;
  /** Told when the kernel was found to hold less than it should, and what came of it. */
  readonly report?: (report: DriftReport) => void;
}

/** States that lead to another by themselves, soon. */
const BUSY = ['syncing', 'removing', { enforcing: 'repairing' }] as const;
const DONE: NftResult<void> = { ok: true, value: undefined };
/** States in which a block may be put into the kernel, and in which one may be taken out. */
const ENFORCES: ReadonlySet<FirewallState> = new Set(['syncing', 'enforcing', 'degraded']);
const HOLDS_ELEMENTS: ReadonlySet<FirewallState> = new Set([...ENFORCES, 'residual', 'lingering']);

/** What came of an operation in a state that does not enforce. */
const NOT_ENFORCING: NftResult<void> = {
  ok: false,
  code: 'closed',
  errno: 0,
  public: 'the firewall is not enforcing',
};

const NO_TIME: NftResult<void> = { ok: false, code: 'invalid', errno: 0, public: 'the trial is over already' };

export interface KernelFirewall extends Firewall, FirewallTrials {
  readonly lists: KernelLists;
  component(): Component;
  /** Packets of blocked senders that the kernel has dropped; empty while there is no table, or when it does not tell. */
  dropped(): Promise<readonly DroppedPackets[]>;
  /** How much of what is desired the kernel holds, as last known; undefined while nothing is to be held. */
  enforced(): Enforced | undefined;
  /** What was put back since start, by what it was. */
  repairs(): Readonly<Record<RepairKind, number>>;
  /** What every rule that counts has counted; empty as `dropped`. */
  counters(): Promise<readonly RuleCounter[]>;
  /** What the features have dropped or would have, since the table was made; empty as `dropped`. */
  featureCounts(): Promise<readonly FeatureCount[]>;
  /** Resolves when the plain files are up to date, or the disk has refused: see `component()`. */
  flushed(): Promise<void>;
  /** Leaves the kernel as it is. */
  close(): Promise<void>;
}

/** Starts `off`: the kernel is not even read before `enable()`. */
export const createFirewall = (deps: FirewallDeps): KernelFirewall => new NftFirewall(deps);

/** Holds the kernel in line with the decisions. */
class NftFirewall implements KernelFirewall {
  readonly #deps: FirewallDeps;
  readonly #rules: Rules;
  readonly #files: PlainFiles;
  readonly #reconciler: Reconciler;
  readonly #lists: ListLoader;
  readonly lists: KernelLists;
  readonly #actor: Actor<typeof firewallMachine>;
  readonly #counters = { enforced: 0, released: 0, refused: 0, syncs: 0 };
  /** Decisions that the kernel does not have, as far as is known. */
  readonly #missing = new Set<DecisionId>();
  /** Whether a sync has succeeded since the table was last taken away. */
  #wasInLine = false;
  /** Addresses of this host as last read. */
  #own: readonly string[] | undefined;
  #since: Millis;

  constructor(deps: FirewallDeps) {
    const { clock, log, settings, nft, desired, folder } = deps;
    this.#deps = deps;
    const place = { nft, table: settings.table, maxBlocks: settings.maxBlocks };
    this.#rules = new Rules(place, settings.content, () => this.#lists);
    this.#lists = new ListLoader({
      rules: this.#rules,
      desired: deps.lists ?? { columnsOf: () => undefined },
      clock,
      log,
      isEnforcing: () => ENFORCES.has(this.state()),
      protectedNetworks: async () => {
        const named = await this.protectedNetworks();
        const known = named.ok ? named.value : protectedNetworks([], this.#rules.infra());
        return known.map(({ net }) => net);
      },
    });
    this.lists = kernelLists(this.#lists, async () => {
      const read = this.state() === 'off' ? undefined : await nft.counters(settings.table);
      return read?.ok ? read.value : [];
    });
    this.#files = new PlainFiles({
      folder,
      clock,
      log,
      rules: () => placedIn(settings.netns, this.#rules.wholeText(letInBy(desired))),
      blocks: () => desired.blocks(),
      networks: () => desired.networks(),
    });
    this.#since = clock.now();
    this.#reconciler = new Reconciler({
      nft,
      rules: this.#rules,
      desired,
      lists: this.#lists,
      clock,
      log,
      aside: deps.aside,
      report: (report) => deps.report?.(report),
      changed: (type) => this.#actor.send({ type }),
      refused: () => this.#missing.size,
    });
    const { pace } = this.#reconciler;
    const isContested = () => pace.isOver(clock.now());
    this.#actor = createActor(
      firewallMachine.provide({
        actors: {
          sync: fromPromise(() => this.#sync()),
          repair: fromPromise(() => this.#repair()),
          remove: fromPromise(() => this.#remove()),
          look: fromPromise(() => this.#reconciler.look()),
        },
        guards: { isContested, isStaleAndContested: ({ context }) => context.again && isContested() },
        delays: { pause: () => pace.pause(clock.now()) },
      }),
      { clock: machineClock(clock) },
    );
    this.#actor.subscribe({
      next: ({ value, context }) => {
        this.#since = clock.now();
        if (value === 'degraded' || value === 'lingering')
          log('error', 'firewall', { state: value, error: context.error });
        if (value === 'contested') this.#reconciler.contested();
      },
      error: (cause) => log('error', 'firewall machine failed', { error: messageOf(cause) }),
    });
    this.#actor.start();
  }

  state(): FirewallState {
    const { value } = this.#actor.getSnapshot();
    if (typeof value !== 'string') return 'enforcing';
    return value === 'contested' ? 'degraded' : value;
  }

  error(): string | undefined {
    if (this.#actor.getSnapshot().matches('contested')) return CONTESTED;
    return this.#actor.getSnapshot().context.error;
  }

  remains(): string {
    return `table inet ${this.#deps.settings.table} of an earlier run is still in the kernel and drops what it holds; apply the mode again to remove it`;
  }

  holds(id: DecisionId): boolean {
    if (this.state() === 'residual') return true;
    return this.#wasInLine && this.#reconciler.rulesStand && !this.#missing.has(id);
  }

  async look(): Promise<void> {
    const found = await this.#deps.nft.counters(this.#deps.settings.table);
    if (found.ok) this.#actor.send({ type: 'found' });
    else if (found.code === 'missing') await this.#files.removed();
  }

  async enable(): Promise<void> {
    this.#actor.send({ type: 'enable' });
    await this.#settled();
  }

  async disable(): Promise<void> {
    this.#actor.send({ type: 'disable' });
    await this.#settled();
  }

  drifted(): void {
    this.#doubt();
  }

  async enforce(blocks: readonly KernelBlock[]): Promise<NftResult<void>> {
    if (!ENFORCES.has(this.state())) return NOT_ENFORCING;
    const now = this.#deps.clock.now();
    const done = await this.#commit(blocks.map((block) => putOps(block, now)));
    if (done.ok) {
      this.#counters.enforced += blocks.length;
      this.#files.blocked(blocks);
      return done;
    }
    const { desired, settings } = this.#deps;
    if (done.code === 'full' && desired.blockCount() > settings.maxBlocks) return this.#noRoom(blocks, done);
    for (const { id } of blocks) this.#missing.add(id);
    this.#reconciler.lost(blocks.length);
    this.#doubt(done);
    await this.#settled();
    return blocks.every(({ id, ip }) => this.holds(id) && desired.blockOf(ip)?.id === id) ? DONE : done;
  }

  async release(ips: readonly Ip[]): Promise<NftResult<void>> {
    if (!HOLDS_ELEMENTS.has(this.state())) return NOT_ENFORCING;
    const done = await this.#commit(ips.map(removeOps));
    this.#files.released(ips);
    if (done.ok) this.#counters.released += ips.length;
    else this.#doubt(done);
    return done;
  }

  async blockNetworks(): Promise<NftResult<void>> {
    if (!HOLDS_ELEMENTS.has(this.state())) return NOT_ENFORCING;
    const { desired, clock } = this.#deps;
    const networks = [...desired.networks()];
    const done = await this.#commit([networkOps(networks, clock.now())]);
    for (const { id } of networks) {
      if (done.ok) this.#missing.delete(id);
      else this.#missing.add(id);
    }
    this.#files.networksChanged();
    if (!done.ok) this.#doubt(done);
    return done;
  }

  async letIn(): Promise<NftResult<void>> {
    if (!HOLDS_ELEMENTS.has(this.state())) return DONE;
    const done = await this.#commit([allowedOps(letInBy(this.#deps.desired))]);
    this.#files.rulesChanged();
    if (!done.ok) this.#doubt(done);
    return done;
  }

  async follow(content: FirewallContent): Promise<NftResult<void>> {
    return this.#turnTo((now) => ({ ...now, confirmed: content }));
  }

  async arm(candidate: FirewallContent, time: TrialTime, confirmed?: FirewallContent): Promise<NftResult<void>> {
    if (time.left() < 1) return NO_TIME;
    return this.#turnTo((now) => ({ confirmed: confirmed ?? now.confirmed, trial: { candidate, time } }), {
      fallback: (before) => ({ confirmed: confirmed ?? before.confirmed }),
    });
  }

  async rearm(): Promise<NftResult<void>> {
    const done = await this.#rules.rearm(() => ENFORCES.has(this.state()));
    if (!done.ok && done.code !== 'missing') this.#doubt(done);
    return done;
  }

  async confirm(): Promise<NftResult<void>> {
    return this.#turnTo(({ confirmed, trial }) => ({ confirmed: trial?.candidate ?? confirmed }), {
      fallback: (before) => before,
      needsTrial: true,
    });
  }

  async abandon(confirmed?: FirewallContent): Promise<NftResult<void>> {
    return this.#turnTo((now) => ({ confirmed: confirmed ?? now.confirmed }));
  }

  judged(): Promise<NftResult<Judged>> {
    return this.#rules.judged();
  }

  isJudging(content: FirewallContent): Promise<NftResult<boolean>> {
    return this.#rules.isJudging(content);
  }

  rulesetText(content: FirewallContent | 'none'): string {
    const { netns, table } = this.#deps.settings;
    return placedIn(netns, content === 'none' ? noTableText(table) : this.#rules.textOf(content));
  }

  async protectedNetworks(): Promise<NftResult<readonly NamedNetwork[]>> {
    const { nft, log } = this.#deps;
    const read = await nft.localAddresses();
    if (!read.ok) {
      log('warn', 'addresses of this host cannot be read', { error: read.public });
      if (this.#own === undefined) return read;
    }
    this.#own = read.ok ? read.value : this.#own;
    return { ok: true, value: protectedNetworks(this.#own ?? [], this.#rules.infra()) };
  }

  component(): Component {
    const described = this.#described();
    return { name: 'firewall', ...described, since: this.#since, counters: { ...this.#counters } };
  }

  enforced(): Enforced | undefined {
    const state = this.state();
    return ENFORCES.has(state) && (this.#wasInLine || state === 'degraded') ? this.#reconciler.enforced : undefined;
  }

  repairs(): Readonly<Record<RepairKind, number>> {
    return this.#reconciler.repairs;
  }

  async dropped(): Promise<readonly DroppedPackets[]> {
    return droppedBy(await this.counters());
  }

  async counters(): Promise<readonly RuleCounter[]> {
    if (this.state() === 'off') return [];
    const read = await this.#deps.nft.counters(this.#deps.settings.table);
    return read.ok ? read.value : [];
  }

  async featureCounts(): Promise<readonly FeatureCount[]> {
    return featureCounts(await this.counters());
  }

  flushed(): Promise<void> {
    return this.#files.flushed();
  }

  async close(): Promise<void> {
    await this.#settled();
    this.#lists.close();
    this.#actor.stop();
    this.#reconciler.stop();
    await this.#files.close();
    await this.#deps.nft.close();
  }

  async #sync(): Promise<void> {
    this.#counters.syncs++;
    await this.#lists.adopt();
    this.#inLine(await this.#reconciler.whole());
  }

  async #repair(): Promise<void> {
    const done = await this.#reconciler.repair();
    if (done === undefined) return;
    this.#counters.syncs++;
    this.#inLine(done);
  }

  #inLine(done: SyncOutcome): void {
    this.#missing.clear();
    this.#wasInLine = true;
    this.#lists.doubt();
    void this.#lists.run();
    this.#files.allChanged();
    this.#deps.log('info', 'kernel in line with decisions', { table: this.#deps.settings.table, ...done });
  }

  /** @param failed what led to it: a call that failed with the link to the kernel is nobody's doing */
  #doubt(failed?: NftFailure): void {
    this.#reconciler.suspect(failed === undefined || failed.code !== 'resync' || failed.errno !== 0);
    this.#actor.send({ type: 'damaged' });
  }

  async #remove(): Promise<void> {
    // Ahead of the table: what a boot would bring back must not outlive it.
    await this.#files.removed();
    this.#reconciler.stop();
    orThrow(await this.#deps.nft.drop(this.#deps.settings.table));
    this.#lists.doubt();
    this.#wasInLine = false;
  }

  async #commit(groups: readonly (readonly NftOp[])[]): Promise<NftResult<void>> {
    const done = await commitGroups(this.#deps.nft, this.#deps.settings.table, groups);
    if (done.ok) return done;
    this.#counters.refused++;
    this.#deps.log('warn', 'kernel refused a change', { error: done.public, code: done.code });
    return done;
  }

  /** Where a set is full already, reading it back would find no room: what does not fit is refused, the oldest first. */
  async #noRoom(blocks: readonly KernelBlock[], full: NftResult<void>): Promise<NftResult<void>> {
    if (blocks.length === 1) {
      await this.#deps.desired.refuse(blocks, fullText(this.#deps.settings.maxBlocks));
      return full;
    }
    let outcome = DONE;
    for (const block of blocks.toSorted((a, b) => (a.id < b.id ? 1 : -1))) {
      const done = await this.enforce([block]);
      if (!done.ok) outcome = done;
    }
    return outcome;
  }

  async #turnTo(
    next: (now: Judges) => Judges,
    options: Omit<TurnOptions, 'isEnforcing'> = {},
  ): Promise<NftResult<void>> {
    const done = await this.#rules.turnTo(next, { ...options, isEnforcing: () => ENFORCES.has(this.state()) });
    // Of the rules' own saying: a kernel that misses the table is another matter, and is mended.
    if (done === NOT_ON_TRIAL) return done;
    if (ENFORCES.has(this.state())) this.#files.rulesChanged();
    void this.#lists.run();
    if (done.ok) return done;
    this.#counters.refused++;
    this.#deps.log('warn', 'kernel refused a change of rules', { error: done.public, code: done.code });
    this.#doubt(done);
    await this.#settled();
    return options.fallback === undefined && this.state() === 'enforcing' ? DONE : done;
  }

  async #settled(): Promise<void> {
    await waitFor(this.#actor, (now) => BUSY.every((state) => !now.matches(state)));
  }

  #described(): Described {
    return describe({
      state: this.state(),
      error: this.error() ?? 'unknown',
      table: this.#deps.settings.table,
      remains: this.remains(),
      ratio: this.#reconciler.enforced.ratio,
      damage: this.#reconciler.trouble ?? this.#lists.state,
      trouble: this.#files.trouble() ?? this.#lists.trouble,
      ahead: this.#reconciler.ahead,
    });
  }
}
