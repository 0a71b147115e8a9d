import type { Ip } from '../../core/base/ip.ts';
import { fail } from '../../core/base/result.ts';
import type { Reversible } from '../../core/respond/block.ts';
import type { Decision, NetworkDecision } from '../../core/respond/decision.ts';
import type { Mode } from '../../core/respond/mode.ts';
import type { BlockPlanner } from '../../core/respond/planner.ts';
import type { Reversal } from '../../core/respond/reversal.ts';
import type { Executor, ExecutorDeps } from './executor.ts';

export interface LifterDeps extends Pick<ExecutorDeps, 'ledger' | 'firewall' | 'clock'> {
  readonly planner: Pick<BlockPlanner, 'memoryOf' | 'forgiven' | 'networkEnded'>;
  readonly mode: () => Mode;
}

/** What a person's word has ended on the books. */
export interface Lifting {
  readonly decisions: readonly Decision[];
  readonly networks: readonly NetworkDecision[];
  /** Blocks that had not come to their turn. */
  readonly waited: readonly Decision[];
  readonly reversal: Reversal;
}

/** Ends blocks by a person's word: on the books first, whatever the kernel says; what it does not let go of now, the next sync takes out. */
export class Lifter {
  readonly #deps: LifterDeps;
  readonly #executor: Executor;

  constructor(deps: LifterDeps, executor: Executor) {
    this.#deps = deps;
    this.#executor = executor;
  }

  /** While nothing of ours is in the kernel nothing is blocked, whatever the books say. */
  holdsNothing(): boolean {
    const { firewall, mode } = this.#deps;
    return mode() === 'observe' && firewall.state() === 'off';
  }

  nothingHeld() {
    return this.holdsNothing() ? fail('observing', 'observing: the kernel holds no blocks') : undefined;
  }

  /** Ends what stands for these addresses and networks, and what waits; what an address did before counts no more. */
  lift(ips: readonly Ip[], networks: readonly string[], note: string): Lifting {
    const { ledger, planner, clock } = this.#deps;
    const now = clock.now();
    const stood = [...ips.map((ip) => ledger.of(ip)), ...networks.map((network) => ledger.networks.of(network))];
    const reversal: Reversal = {
      made: [],
      ended: stood.flatMap((decision) => decision ?? []),
      remembered: ips.map((ip) => planner.memoryOf(ip)).filter(({ offence, waited }) => offence ?? waited),
    };
    return {
      reversal,
      decisions: ips.flatMap((ip) => ledger.end(ledger.of(ip), 'lifted', now, note) ?? []),
      networks: networks.flatMap((network) => this.endNetwork(ledger.networks.of(network), note) ?? []),
      waited: ips.flatMap((ip) => planner.forgiven(ip, now, note) ?? []),
    };
  }

  /** Ends this very block of a network, if it still stands. */
  endNetwork(decision: NetworkDecision | undefined, note: string): NetworkDecision | undefined {
    const { ledger, planner, clock } = this.#deps;
    const ended = ledger.networks.end(decision, 'lifted', clock.now(), note);
    if (ended !== undefined) planner.networkEnded(ended.network);
    return ended;
  }

  /** Has the kernel follow and writes it down. @param isFlush it is one line in the log of the firewall, written elsewhere */
  async letGo({ waited: apart, reversal, ...lifted }: Lifting, isFlush = false): Promise<Reversible> {
    return { ...(await this.#executor.letGo({ ...lifted, apart }, !this.holdsNothing(), isFlush)), reversal };
  }
}
