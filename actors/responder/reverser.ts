import { type DecisionId, uuidv7 } from '../../core/base/ids.ts';
import { parseCidr } from '../../core/base/ip.ts';
import type { Random } from '../../core/base/ports.ts';
import { type NamedNetwork, touchedBy } from '../../core/base/prefixes.ts';
import { fail, ok, type Result } from '../../core/base/result.ts';
import { hasPassed } from '../../core/base/time.ts';
import type { Decision, NetworkDecision } from '../../core/respond/decision.ts';
import type { FirewallEvent } from '../../core/respond/firewall-event.ts';
import type { BlockPlanner } from '../../core/respond/planner.ts';
import { objection } from '../../core/respond/policy.ts';
import type { Reversal, Reversed, ReverseRequest } from '../../core/respond/reversal.ts';
import type { AllowBook } from './allow-book.ts';
import { type Executor, type ExecutorDeps, warningOf } from './executor.ts';
import type { Lifter } from './lifter.ts';

export interface ReverserDeps extends Omit<ExecutorDeps, 'planner'> {
  readonly planner: BlockPlanner;
  readonly allowed: Pick<AllowBook, 'covering' | 'guarded'>;
  readonly random: Random;
  readonly told?: (event: FirewallEvent) => void;
}

/** Blocks put back in one go. */
const BITE = 2000;

/**
 * Takes an order back. A block that it ended stands again until the very moment at which it would have ended, with its
 * reason and origin, under another id, and what is remembered of the source counts again; a block that it made ends. What
 * somebody decided about the same address or network since then stays, and so does what must not be blocked by now.
 */
export class Reverser {
  readonly #deps: ReverserDeps;
  readonly #executor: Executor;
  readonly #lifter: Lifter;

  constructor(deps: ReverserDeps, executor: Executor, lifter: Lifter) {
    this.#deps = deps;
    this.#executor = executor;
    this.#lifter = lifter;
  }

  async reverse(reversal: Reversal, { actor, origin }: ReverseRequest): Promise<Result<Reversed, 'failed'>> {
    const { clock, told = () => {} } = this.#deps;
    const isFlush = reversal.isFlush === true;
    const again = await this.#putBack(reversal, actor, isFlush);
    if (!again.ok) return again;
    const { restored, waiting, problems } = again.value;
    const lifted = await this.#liftMade(reversal, `undone by ${actor}`);
    problems.push(...problemsIn(lifted));
    const left = reversal.ended.length - restored;
    if (left > 0) problems.push(`${left} blocks were over, must not be made by now, or were made anew meanwhile`);
    if (isFlush)
      told({
        at: clock.now(),
        action: 'undo_flush',
        subject: '',
        reason: `${restored} blocks stand again: undone by ${actor}`,
        origin,
      });
    // A block that gave way to an earlier one is one that changed, not two.
    const count = Math.max(restored + waiting, lifted.count);
    return ok(problems.length === 0 ? { count } : { count, warning: [...new Set(problems)].join('; ') });
  }

  async #putBack({ ended, made, remembered }: Reversal, actor: string, isFlush: boolean) {
    const { planner, firewall } = this.#deps;
    const guarded = await firewall.protectedNetworks();
    if (!guarded.ok) return fail('failed', `the addresses of this host cannot be read: ${guarded.public}`);
    const own = new Set(made.map(({ id }) => id));
    const problems: string[] = [];
    let restored = 0;
    for (let at = 0; at < ended.length; at += BITE) {
      const due = ended.slice(at, at + BITE).filter((decision) => this.#mayStand(decision, own, guarded.value));
      const change = this.#executor.book({
        decisions: due.filter((one) => one.kind === 'block').map((one) => this.#again(one, actor)),
        networks: due.filter((one) => one.kind === 'block_network').map((one) => this.#again(one, actor)),
      });
      for (const decision of [...change.decisions, ...change.networks])
        if (decision.state === 'active') planner.standing(decision);
      const { saved, failed } = await this.#executor.enforce(change, { sync: true, isFlush });
      problems.push(...problemsIn(warningOf([failed], saved)));
      restored += [...change.decisions, ...change.networks].filter(({ state }) => state === 'active').length;
    }
    const apart = remembered.flatMap((known) => planner.recall(known) ?? []);
    const saved = await this.#executor.keep({ decisions: [], apart }, {}, { sync: true });
    problems.push(...problemsIn(warningOf([], saved)));
    return ok({ restored, waiting: apart.length, problems });
  }

  /** Whether it is not over, nobody decided otherwise, and nothing speaks against it. @param made what the order put in its place */
  #mayStand(
    decision: Decision | NetworkDecision,
    made: ReadonlySet<DecisionId>,
    guarded: readonly NamedNetwork[],
  ): boolean {
    const { ledger, allowed, clock } = this.#deps;
    if (hasPassed(decision.expiresAt, clock.now())) return false;
    const isFree = (standing: { readonly id: DecisionId } | undefined) =>
      standing === undefined || made.has(standing.id);
    if (decision.kind === 'block') {
      const policy = { protectedNetworks: guarded, allowed: allowed.covering.bind(allowed) };
      return isFree(ledger.of(decision.ip)) && objection(decision.ip, policy) === undefined;
    }
    const net = parseCidr(decision.network);
    const all = [...guarded, ...allowed.guarded()];
    return net.ok && isFree(ledger.networks.of(decision.network)) && touchedBy(net.value, all) === undefined;
  }

  #again<D extends Decision | NetworkDecision>(decision: D, actor: string): D {
    const { clock, random } = this.#deps;
    return { ...decision, id: uuidv7(clock.now(), random) as DecisionId, at: clock.now(), actor };
  }

  async #liftMade({ made }: Reversal, note: string) {
    const { ledger, planner, clock } = this.#deps;
    const decisions = made.flatMap(
      (one) => (one.kind === 'block' && ledger.end(one, 'lifted', clock.now(), note)) || [],
    );
    for (const { ip } of decisions) planner.ended(ip);
    const networks = made.flatMap((one) => (one.kind === 'block_network' && this.#lifter.endNetwork(one, note)) || []);
    const reversal: Reversal = { made: [], ended: [], remembered: [] };
    const gone = await this.#lifter.letGo({ decisions, networks, waited: [], reversal });
    return { ...gone, count: decisions.length + networks.length };
  }
}

const problemsIn = ({ warning }: { readonly warning?: string }): readonly string[] =>
  warning === undefined ? [] : [warning];
