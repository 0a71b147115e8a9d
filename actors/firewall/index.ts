import { type Actor, createActor, fromPromise, waitFor } from 'xstate';
import type { Component, ComponentState } from '../../core/base/component.ts';
import type { Ip } from '../../core/base/ip.ts';
import type { Clock, Log } from '../../core/base/ports.ts';
import type { NamedNetwork } from '../../core/base/prefixes.ts';
import { messageOf } from '../../core/base/result.ts';
import type { Millis } from '../../core/base/time.ts';
import { protectedNetworks } from '../../core/respond/protected.ts';
import type { NftOp, NftPort, NftResult, TableDeclaration } from '../../native/nft/index.ts';
import { machineClock } from '../clock/index.ts';
import { putOps, removeOps } from './elements.ts';
import { firewallMachine } from './machine.ts';
import type { DesiredBlocks, Firewall, FirewallState, KernelBlock } from './port.ts';
import { commitGroups, orThrow, sync } from './sync.ts';
import { tableOf } from './table.ts';

export type { DesiredBlocks, Firewall, FirewallState, KernelBlock } from './port.ts';

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

/** What came of an operation in a state that does not enforce. */
const NOT_ENFORCING: NftResult<void> = {
  ok: false,
  code: 'closed',
  errno: 0,
  public: 'the firewall is not enforcing',
};

export interface KernelFirewall extends Firewall {
  component(): Component;
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
  #since: Millis;

  constructor(deps: FirewallDeps) {
    const { clock, log, nft, settings } = deps;
    this.#deps = deps;
    this.#table = tableOf(settings.table, settings.maxBlocks);
    this.#since = clock.now();
    this.#actor = createActor(
      firewallMachine.provide({
        actors: {
          sync: fromPromise(() => this.#sync()),
          remove: fromPromise(async () => orThrow(await nft.drop(this.#table.name))),
        },
      }),
      { clock: machineClock(clock) },
    );
    this.#actor.subscribe({
      next: ({ value, context }) => {
        this.#since = clock.now();
        if (value === 'degraded') log('error', 'firewall cannot enforce', { error: context.error });
      },
      error: (cause) => log('error', 'firewall machine failed', { error: messageOf(cause) }),
    });
    this.#actor.start();
  }

  state(): FirewallState {
    return this.#actor.getSnapshot().value;
  }

  error(): string | undefined {
    return this.#actor.getSnapshot().context.error;
  }

  async enable(): Promise<void> {
    this.#actor.send({ type: 'enable' });
    await this.#settled();
  }

  async disable(): Promise<void> {
    this.#actor.send({ type: 'disable' });
    await this.#settled();
  }

  async enforce(blocks: readonly KernelBlock[]): Promise<NftResult<void>> {
    const now = this.#deps.clock.now();
    const done = await this.#commit(blocks.map((block) => putOps(block, now)));
    if (done.ok) this.#counters.enforced += blocks.length;
    return done;
  }

  async release(ips: readonly Ip[]): Promise<NftResult<void>> {
    const done = await this.#commit(ips.map(removeOps));
    if (done.ok) this.#counters.released += ips.length;
    return done;
  }

  async protectedNetworks(): Promise<readonly NamedNetwork[]> {
    const { nft, settings } = this.#deps;
    return protectedNetworks(orThrow(await nft.localAddresses()), settings.infra);
  }

  component(): Component {
    const { value, context } = this.#actor.getSnapshot();
    return { name: 'firewall', ...describe(value, context.error), since: this.#since, counters: { ...this.#counters } };
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
    const done = await sync({ nft, table, infra: settings.infra, desired, now: () => clock.now() });
    log('info', 'kernel in line with decisions', { table: table.name, ...done });
  }

  async #commit(groups: readonly (readonly NftOp[])[]): Promise<NftResult<void>> {
    const state = this.state();
    if (state === 'off' || state === 'removing') return NOT_ENFORCING;
    const done = await commitGroups(this.#deps.nft, this.#table.name, groups);
    if (done.ok) return done;
    this.#counters.refused++;
    this.#deps.log('warn', 'kernel refused a change', { error: done.public, code: done.code });
    if (done.code === 'missing' || done.code === 'resync') this.#actor.send({ type: 'drifted' });
    return done;
  }

  async #settled(): Promise<void> {
    await waitFor(this.#actor, ({ value }) => value !== 'syncing' && value !== 'removing');
  }
}

function describe(state: FirewallState, error: string | undefined): { state: ComponentState; message?: string } {
  switch (state) {
    case 'off':
      return { state: 'off', message: error ?? 'observing: the kernel is not touched' };
    case 'syncing':
    case 'removing':
      return { state: 'starting' };
    case 'enforcing':
      return { state: 'ok' };
    case 'degraded':
      return { state: 'degraded', message: error ?? 'unknown' };
  }
}
