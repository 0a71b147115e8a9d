import type { Clock, Log } from '../../core/base/ports.ts';
import { ok } from '../../core/base/result.ts';
import type { Millis } from '../../core/base/time.ts';
import type { Decision, NetworkDecision, Outcome } from '../../core/respond/decision.ts';
import type { BlockPlanner, Plan } from '../../core/respond/planner.ts';
import type { Firewall } from '../firewall/index.ts';
import { kernelBlockOf, type Ledger } from './ledger.ts';

export interface ExecutorDeps {
  readonly ledger: Ledger;
  readonly planner: Pick<BlockPlanner, 'snapshot' | 'networkEnded'>;
  readonly firewall: Firewall;
  readonly clock: Clock;
  readonly log: Log;
  /**
   * Told of every decision that was made or has ended, in order, when it was handed to the disk.
   * @param isFlush one of all there were, of which the log of the firewall is told in one line
   */
  readonly publish: (decision: Decision | NetworkDecision, outcome: Outcome | undefined, isFlush: boolean) => void;
}

/** What the firewall made of it. */
export interface Done {
  readonly ok: boolean;
  readonly public?: string;
}

/** Decisions on their way from the books to the disk. */
export interface Change {
  /** Those that the kernel has to do with: they began or ended there. */
  readonly decisions: readonly Decision[];
  readonly networks?: readonly NetworkDecision[];
  /** Those that it has nothing to do with: recorded only, waiting, refused, or ended while they waited. */
  readonly apart?: readonly (Decision | NetworkDecision)[];
}

/** How a change is written down. */
export interface Keeping {
  /** Waits for the disk. */
  readonly sync: boolean;
  readonly isFlush?: boolean;
}

/** Networks that may be blocked at a time: what fits one transaction of the kernel. */
export const MOST_NETWORKS = 4000;

/** Carries decisions out: on the books, in the kernel, on disk, in this order. */
export class Executor {
  readonly #deps: ExecutorDeps;

  constructor(deps: ExecutorDeps) {
    this.#deps = deps;
  }

  /** Puts what is active on the books. */
  book(plan: Plan): Required<Change> {
    const { ledger } = this.#deps;
    const decisions = plan.decisions
      .filter(({ state }) => state === 'active')
      .flatMap((decision) => [...given(ledger.put(decision)), decision]);
    const networks = plan.networks.map((decision) => this.#withRoom(decision));
    const standing = networks
      .filter(({ state }) => state === 'active')
      .flatMap((decision) => [...given(ledger.networks.put(decision)), decision]);
    const apart = [...plan.decisions, ...networks].filter(({ state }) => state !== 'active');
    return { decisions, networks: standing, apart };
  }

  /** Has the kernel follow what was put on the books, and writes it down. */
  async enforce(change: Required<Change>, keeping: Keeping = { sync: false }) {
    const { ledger, firewall } = this.#deps;
    const active = change.decisions.filter(({ id }) => ledger.standing(id) !== undefined);
    const done = active.length === 0 ? undefined : await firewall.enforce(active.map(kernelBlockOf));
    const followed = change.networks.length === 0 ? undefined : await firewall.blockNetworks();
    const saved = await this.keep(change, { done, followed }, keeping);
    return { saved, failed: [done, followed].find((one) => one?.ok === false) };
  }

  /**
   * Has the kernel let go of what has ended on the books, where it holds anything, and writes it down. It has ended whatever
   * the kernel and the disk say, and can be taken back; what either has not followed in yet is the warning.
   */
  async letGo(change: Required<Change>, kernelHolds: boolean, isFlush = false): Promise<{ readonly warning?: string }> {
    const { firewall } = this.#deps;
    const { decisions, networks, apart } = change;
    if (decisions.length + networks.length + apart.length === 0) return {};
    const isAsked = { addresses: kernelHolds && decisions.length > 0, networks: kernelHolds && networks.length > 0 };
    const done = isAsked.addresses ? await firewall.release(decisions.map(({ ip }) => ip)) : DONE;
    const followed = isAsked.networks ? await firewall.blockNetworks() : DONE;
    const saved = await this.keep(change, { done, followed }, { sync: true, isFlush });
    return warningOf([done, followed], saved);
  }

  /** Writes decisions down with what became of them and what the planner learned, and says so in the log. */
  async keep(
    { decisions, networks = [], apart = [] }: Change,
    { done, followed }: { readonly done?: Done | undefined; readonly followed?: Done | undefined },
    { sync, isFlush = false }: Keeping,
  ) {
    const { ledger, planner, clock, log, publish } = this.#deps;
    const all = [...decisions, ...networks, ...apart];
    if (all.length === 0) return ok(undefined);
    const now = clock.now();
    const told = [
      ...decisions.map((decision) => ({ decision, outcome: outcomeOf(decision, done, now) })),
      ...networks.map((decision) => ({ decision, outcome: outcomeOf(decision, followed, now) })),
      ...apart.map((decision) => ({ decision, outcome: undefined })),
    ];
    const outcomes = told.flatMap(({ outcome }) => outcome ?? []);
    const memory = planner.snapshot(now);
    const saved = await ledger.save(
      { decisions: all.filter(isAddress), networks: all.filter(isNetwork), outcomes, memory },
      { sync },
    );
    log('info', 'decided', { ...countsOf(all), subjects: all.slice(0, 5).map(subjectOf) });
    if (!saved.ok) log('error', 'decisions are not on disk', { count: all.length, error: saved.public });
    for (const { decision, outcome } of told) publish(decision, outcome, isFlush);
    return saved;
  }

  #withRoom(decision: NetworkDecision): NetworkDecision {
    const { ledger, planner, clock } = this.#deps;
    if (decision.state !== 'active' || ledger.networks.size < MOST_NETWORKS) return decision;
    planner.networkEnded(decision.network);
    return {
      ...decision,
      state: 'refused',
      endedAt: clock.now(),
      note: `${MOST_NETWORKS} networks are blocked already`,
    };
  }
}

const DONE: Done = { ok: true };

/** What has not followed the books yet. */
export function warningOf(kernel: readonly (Done | undefined)[], saved: Done): { readonly warning?: string } {
  const failed = kernel.find((one) => one?.ok === false);
  const problems = [
    ...(failed === undefined ? [] : [`the kernel could not be changed yet: ${failed.public ?? 'unknown'}`]),
    ...(saved.ok ? [] : [`not on disk yet, so that a restart may forget it: ${saved.public ?? 'unknown'}`]),
  ];
  return problems.length === 0 ? {} : { warning: problems.join('; ') };
}

const given = <T>(one: T | undefined): readonly T[] => (one === undefined ? [] : [one]);
const isAddress = (decision: Decision | NetworkDecision): decision is Decision => decision.kind === 'block';
const isNetwork = (decision: Decision | NetworkDecision): decision is NetworkDecision =>
  decision.kind === 'block_network';
const subjectOf = (decision: Decision | NetworkDecision): string =>
  decision.kind === 'block' ? decision.ip : decision.network;

/** Only what was to be in the kernel, or to leave it, has an outcome there. */
function outcomeOf({ id, state }: Decision | NetworkDecision, done: Done | undefined, at: Millis): Outcome | undefined {
  if (done === undefined || state === 'dry_run' || state === 'refused' || state === 'pending') return undefined;
  if (!done.ok) return { decision: id, at, result: 'failed', error: done.public ?? 'unknown' };
  return { decision: id, at, result: state === 'active' ? 'enforced' : state };
}

function countsOf(decisions: readonly (Decision | NetworkDecision)[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { state } of decisions) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}
