import { createActor, fromPromise, waitFor } from 'xstate';
import type { Component, ComponentState } from '../../core/base/component.ts';
import type { Clock, Log } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';
import type { Millis } from '../../core/base/time.ts';
import { protectedNetworks } from '../../core/respond/protected.ts';
import type { NftPort, NftResult } from '../../native/nft/index.ts';
import { machineClock } from '../clock/index.ts';
import { putOps, removeOps } from './elements.ts';
import { firewallMachine } from './machine.ts';
import type { DesiredBlocks, Firewall, FirewallState } from './port.ts';
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

/** Holds the kernel in line with the decisions. Starts `off`: the kernel is not even read before `enable()`. */
export function createFirewall(deps: FirewallDeps): KernelFirewall {
  const { nft, clock, log, desired, settings } = deps;
  const table = tableOf(settings.table, settings.maxBlocks);
  const counters = { enforced: 0, released: 0, failed: 0, syncs: 0 };
  const now = (): Millis => clock.now();
  let since = now();

  const runSync = async (): Promise<void> => {
    counters.syncs++;
    const done = await sync({ nft, table, infra: settings.infra, desired, now });
    log('info', 'kernel in line with decisions', { table: table.name, ...done });
  };
  const actor = createActor(
    firewallMachine.provide({
      actors: {
        sync: fromPromise(runSync),
        remove: fromPromise(async () => orThrow(await nft.drop(table.name))),
      },
    }),
    { clock: machineClock(clock) },
  );
  actor.subscribe({
    next: (snapshot) => {
      since = now();
      if (snapshot.value === 'degraded') log('error', 'firewall cannot enforce', { error: snapshot.context.error });
    },
    error: (cause) => log('error', 'firewall machine failed', { error: messageOf(cause) }),
  });
  actor.start();

  const state = (): FirewallState => actor.getSnapshot().value;
  const settled = async (): Promise<void> => {
    await waitFor(actor, (snapshot) => snapshot.value !== 'syncing' && snapshot.value !== 'removing');
  };
  const commit = async (groups: Parameters<typeof commitGroups>[2]): Promise<NftResult<void>> => {
    if (state() === 'off' || state() === 'removing') return NOT_ENFORCING;
    const done = await commitGroups(nft, table.name, groups);
    if (done.ok) return done;
    counters.failed++;
    log('warn', 'kernel refused a change', { error: done.public, code: done.code });
    if (done.code === 'missing' || done.code === 'resync') actor.send({ type: 'drifted' });
    return done;
  };

  return {
    state,
    error: () => actor.getSnapshot().context.error,
    enable: async () => {
      actor.send({ type: 'enable' });
      await settled();
    },
    disable: async () => {
      actor.send({ type: 'disable' });
      await settled();
    },
    enforce: async (blocks) => {
      const done = await commit(blocks.map((block) => putOps(block, now())));
      if (done.ok) counters.enforced += blocks.length;
      return done;
    },
    release: async (ips) => {
      const done = await commit(ips.map(removeOps));
      if (done.ok) counters.released += ips.length;
      return done;
    },
    protectedNetworks: async () => protectedNetworks(orThrow(await nft.localAddresses()), settings.infra),
    component: () => ({ name: 'firewall', ...describe(state(), actor.getSnapshot().context.error), since, counters }),
    close: async () => {
      await settled();
      actor.stop();
      await nft.close();
    },
  };
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
