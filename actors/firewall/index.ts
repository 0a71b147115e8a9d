import { type Actor, createActor, fromPromise, waitFor } from 'xstate';
import type { Component, ComponentState } from '../../core/base/component.ts';
import type { DecisionId } from '../../core/base/ids.ts';
import type { Ip } from '../../core/base/ip.ts';
import type { Clock, Log } from '../../core/base/ports.ts';
import type { NamedNetwork } from '../../core/base/prefixes.ts';
import { messageOf } from '../../core/base/result.ts';
import type { Millis } from '../../core/base/time.ts';
import { protectedNetworks } from '../../core/respond/protected.ts';
import type { NftOp, NftPort, NftResult, RuleCounter, TableDeclaration } from '../../native/nft/index.ts';
import { machineClock } from '../clock/index.ts';
import { putOps, removeOps } from './elements.ts';
import { firewallMachine } from './machine.ts';
import { networkOps } from './networks.ts';
import type { DesiredBlocks, DroppedPackets, Firewall, FirewallState, KernelBlock } from './port.ts';
import { commitGroups, orThrow, sync } from './sync.ts';
import { allowedOps, blockedNetworkSet, blockedSet, countersOf, tableOf } from './table.ts';

export type {
  DesiredBlocks,
  DroppedPackets,
  Firewall,
  FirewallState,
  KernelBlock,
  KernelNetwork,
} from './port.ts';

export interface FirewallDeps {
  readonly nft: NftPort;
  readonly clock: Clock;
  readonly log: Log;
  readonly desired: DesiredBlocks;
  readonly settings: {
    /** Table name, family inet. */
    readonly table: string;
    /** Capacity of each blocked set. */
    readonly maxBlocks: number;
    /** Validated addresses and networks. */
    readonly infra: readonly string[];
  };
}

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

export interface KernelFirewall extends Firewall {
  component(): Component;
  /** Packets of blocked senders that the kernel has dropped; empty while there is no table, or when it does not tell. */
  dropped(): Promise<readonly DroppedPackets[]>;
  /** Leaves the kernel as it is. */
  close(): Promise<void>;
}

/** Starts `off`: the kernel is not even read before `enable()`. */
export const createFirewall = (deps: FirewallDeps): KernelFirewall => new NftFirewall(deps);

/** Holds the kernel in line with the decisions. */
class NftFirewall implements KernelFirewall {
  readonly #deps: FirewallDeps;
  readonly #table: TableDeclaration;
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
    const { clock, log, settings } = deps;
    this.#deps = deps;
    this.#table = tableOf(settings.table, settings.maxBlocks);
    this.#since = clock.now();
    this.#actor = createActor(
      firewallMachine.provide({
        actors: {
          sync: fromPromise(() => this.#sync()),
          remove: fromPromise(() => this.#remove()),
          look: fromPromise(() => this.#look()),
        },
      }),
      { clock: machineClock(clock) },
    );
    this.#actor.subscribe({
      next: ({ value, context }) => {
        this.#since = clock.now();
        if (value === 'degraded' || value === 'lingering')
          log('error', 'firewall', { state: value, error: context.error });
      },
      error: (cause) => log('error', 'firewall machine failed', { error: messageOf(cause) }),
    });
    this.#actor.start();
  }

  state(): FirewallState {
    const { value } = this.#actor.getSnapshot();
    return typeof value === 'string' ? value : 'enforcing';
  }

  error(): string | undefined {
    return this.#actor.getSnapshot().context.error;
  }

  remains(): string {
    return `table inet ${this.#table.name} of an earlier run is still in the kernel and drops what it holds; apply the mode again to remove it`;
  }

  holds(id: DecisionId): boolean {
    return this.state() === 'residual' || (this.#wasInLine && !this.#missing.has(id));
  }

  async look(): Promise<void> {
    const found = await this.#deps.nft.counters(this.#table.name);
    if (found.ok) this.#actor.send({ type: 'found' });
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
    this.#actor.send({ type: 'drifted' });
  }

  async enforce(blocks: readonly KernelBlock[]): Promise<NftResult<void>> {
    if (!ENFORCES.has(this.state())) return NOT_ENFORCING;
    const now = this.#deps.clock.now();
    const done = await this.#commit(blocks.map((block) => putOps(block, now)));
    if (done.ok) {
      this.#counters.enforced += blocks.length;
      return done;
    }
    for (const { id } of blocks) this.#missing.add(id);
    this.drifted();
    await this.#settled();
    return blocks.every(({ id, ip }) => this.holds(id) && this.#deps.desired.blockOf(ip)?.id === id) ? DONE : done;
  }

  async release(ips: readonly Ip[]): Promise<NftResult<void>> {
    if (!HOLDS_ELEMENTS.has(this.state())) return NOT_ENFORCING;
    const done = await this.#commit(ips.map(removeOps));
    if (done.ok) this.#counters.released += ips.length;
    else this.drifted();
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
    if (!done.ok) this.drifted();
    return done;
  }

  async letIn(): Promise<NftResult<void>> {
    if (!HOLDS_ELEMENTS.has(this.state())) return DONE;
    const done = await this.#commit([allowedOps(this.#deps.desired.allowed())]);
    if (!done.ok) this.drifted();
    return done;
  }

  async protectedNetworks(): Promise<NftResult<readonly NamedNetwork[]>> {
    const { nft, settings, log } = this.#deps;
    const read = await nft.localAddresses();
    if (!read.ok) {
      log('warn', 'addresses of this host cannot be read', { error: read.public });
      if (this.#own === undefined) return read;
    }
    this.#own = read.ok ? read.value : this.#own;
    return { ok: true, value: protectedNetworks(this.#own ?? [], settings.infra) };
  }

  component(): Component {
    const described = this.#described();
    return { name: 'firewall', ...described, since: this.#since, counters: { ...this.#counters } };
  }

  async dropped(): Promise<readonly DroppedPackets[]> {
    if (this.state() === 'off') return [];
    const read = await this.#deps.nft.counters(this.#table.name);
    return read.ok ? droppedBy(read.value) : [];
  }

  async close(): Promise<void> {
    await this.#settled();
    this.#actor.stop();
    await this.#deps.nft.close();
  }

  async #sync(): Promise<void> {
    const { nft, clock, desired, settings, log } = this.#deps;
    this.#counters.syncs++;
    const table = this.#table;
    const capacity = settings.maxBlocks;
    const now = () => clock.now();
    const done = await sync({ nft, table, infra: settings.infra, desired, capacity, now });
    this.#missing.clear();
    this.#wasInLine = true;
    log('info', 'kernel in line with decisions', { table: table.name, ...done });
  }

  async #look(): Promise<boolean> {
    const found = orThrow(await this.#deps.nft.counters(this.#table.name)).map(({ name }) => name);
    return countersOf(this.#table).join() === found.join();
  }

  async #remove(): Promise<void> {
    orThrow(await this.#deps.nft.drop(this.#table.name));
    this.#wasInLine = false;
  }

  async #commit(groups: readonly (readonly NftOp[])[]): Promise<NftResult<void>> {
    const done = await commitGroups(this.#deps.nft, this.#table.name, groups);
    if (done.ok) return done;
    this.#counters.refused++;
    this.#deps.log('warn', 'kernel refused a change', { error: done.public, code: done.code });
    return done;
  }

  async #settled(): Promise<void> {
    await waitFor(this.#actor, ({ value }) => value !== 'syncing' && value !== 'removing');
  }

  #described(): { readonly state: ComponentState; readonly message?: string } {
    const state = this.state();
    const error = this.error() ?? 'unknown';
    switch (state) {
      case 'off':
        return { state: 'off', message: 'observing: the kernel is not touched' };
      case 'residual':
        return { state: 'degraded', message: this.remains() };
      case 'syncing':
      case 'removing':
        return { state: 'starting' };
      case 'enforcing':
        return { state: 'ok' };
      case 'degraded':
        return { state: 'degraded', message: error };
      case 'lingering':
        return {
          state: 'degraded',
          message: `table inet ${this.#table.name} cannot be removed and still drops: ${error}`,
        };
    }
  }
}

/** The rule that drops for a set counts under the set's name: one for addresses and one for networks. */
const droppedBy = (counters: readonly RuleCounter[]): readonly DroppedPackets[] =>
  ([4, 6] as const).map((family) => {
    const sets = [blockedSet(family), blockedNetworkSet(family)];
    const ours = counters.filter(({ name }) => sets.includes(name));
    const sum = (of: 'packets' | 'bytes') => ours.reduce((total, counter) => total + counter[of], 0);
    return { family, packets: sum('packets'), bytes: sum('bytes') };
  });
