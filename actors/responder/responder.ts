import { canonicalIp, parseIp } from '../../core/base/ip.ts';
import type { Random } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';
import { type Deadline, type Millis, plus, seconds } from '../../core/base/time.ts';
import type { Finding } from '../../core/detect/finding.ts';
import type { Decision, NetworkDecision } from '../../core/respond/decision.ts';
import type { FirewallEvent } from '../../core/respond/firewall-event.ts';
import type { Mode } from '../../core/respond/mode.ts';
import type { BlockPlanner, Plan, PlannerState } from '../../core/respond/planner.ts';
import { type BlockPolicy, decisionIdOf } from '../../core/respond/policy.ts';
import type { KernelBlock, KernelNetwork } from '../firewall/index.ts';
import type { AllowBook } from './allow-book.ts';
import { type Change, Executor, type ExecutorDeps } from './executor.ts';
import { Lifter } from './lifter.ts';
import { Orders } from './orders.ts';

export interface ResponderDeps extends ExecutorDeps {
  readonly planner: BlockPlanner;
  readonly allowed: Pick<AllowBook, 'covering' | 'coversNetwork' | 'guarded' | 'size'>;
  readonly random: Random;
  readonly mode: () => Mode;
  /** Told of what single decisions are parts of. */
  readonly told?: (event: FirewallEvent) => void;
  /** How long the first automatic block of a source lasts. */
  readonly expiry: () => Deadline;
}

/** A finding, and whether it was recorded before a crash already. */
export interface Fed {
  readonly finding: Finding;
  readonly again: boolean;
}

/** How often ended blocks are taken off the books and out of the kernel, and waiting ones get their turn. */
const SWEEP: Millis = seconds(1);
/** A sweep that comes this much off its time means that the wall clock was set, or the machine slept. */
const CLOCK_STEP: Millis = seconds(5);

/**
 * Turns findings and operators' wishes into decisions and sees to it that the kernel follows. A block is on the books first,
 * then in the kernel, then on disk; only what an operator is told waits for the disk. How long, how many and which networks
 * is the planner's business; what it remembers goes to disk together with what it decided.
 */
export class Responder {
  readonly #deps: ResponderDeps;
  readonly #executor: Executor;
  readonly #lifter: Lifter;
  /** What people and clients ask for. */
  readonly orders: Orders;
  #dryRuns = 0;
  #stopSweep: () => void = () => {};

  constructor(deps: ResponderDeps) {
    this.#deps = deps;
    this.#executor = new Executor(deps);
    this.#lifter = new Lifter(deps, this.#executor);
    this.orders = new Orders(deps, this.#executor, this.#lifter);
  }

  /** Automatic blocks that were only recorded since start. */
  get dryRuns(): number {
    return this.#dryRuns;
  }

  /** Once, when the ledger was loaded and before the kernel is brought in line: takes up where the last run stopped. */
  async load(): Promise<void> {
    const { ledger, planner, log } = this.#deps;
    const { memory, pending } = await ledger.remembered();
    const { skipped } = planner.restore([...memory, queueOf(pending, memory)]);
    if (skipped > 0) log('warn', 'what was remembered of blocks is partly unreadable', { skipped });
    for (const decision of ledger.active()) planner.standing(decision);
    for (const decision of ledger.networks.active()) planner.standing(decision);
    // What the planner remembers may have gone to disk with another decision, just before a crash.
    const recorded = new Set(pending.map(({ id }) => id));
    const apart = planner.pending.map(({ decision }) => decision).filter(({ id }) => !recorded.has(id));
    await this.#executor.keep({ decisions: [], apart }, {}, { sync: false });
  }

  start(): void {
    const { clock, firewall, log } = this.#deps;
    const due = plus(clock.now(), SWEEP);
    this.#stopSweep = clock.after(SWEEP, () => {
      // Timeouts in the kernel run on by themselves: it has to learn of a clock that was set.
      if (Math.abs(clock.now() - due) > CLOCK_STEP) firewall.drifted();
      this.#sweep().catch((cause: unknown) => log('error', 'sweep of blocks failed', { error: messageOf(cause) }));
      this.start();
    });
  }

  stop(): void {
    this.#stopSweep();
  }

  /**
   * Judges findings in order; what was decided before is not decided again. Resolves when the kernel was dealt with and the
   * decisions were handed to the disk.
   */
  async respond(findings: readonly Fed[]): Promise<void> {
    const { clock, expiry } = this.#deps;
    const policy: BlockPolicy = { ...(await this.#policy()), expiry: expiry() };
    const made: Required<Change>[] = [];
    for (const fed of findings) {
      if (this.#isNeedless(fed.finding, policy, clock.now())) continue;
      const plan = await this.#plan(fed, policy, clock.now());
      if (plan !== undefined) made.push(this.#executor.book(plan));
    }
    await this.#executor.enforce(joined(made));
  }

  /** Ends the blocks of what is allowed, also of those that wait. @param by whose word it is */
  async liftAllowed(by: string): Promise<void> {
    const { ledger, planner, allowed } = this.#deps;
    if (allowed.size === 0) return;
    const waiting = planner.pending.map(({ decision }) => decision);
    const ips = [...ledger.active(), ...waiting].flatMap(({ ip }) => {
      const parsed = parseIp(ip);
      return parsed.ok && allowed.covering(parsed.value) !== undefined ? [ip] : [];
    });
    const networks = [...ledger.networks.active()].filter(({ network }) => allowed.coversNetwork(network));
    const lifted = networks.map(({ network }) => network);
    await this.#lifter.letGo(this.#lifter.lift(ips, lifted, `allowed by ${by}`));
  }

  /**
   * Blocks found in the kernel that no record tells of: written down as they are, so that they can be seen and lifted. One
   * that waits by all that is on record was let through just before a crash.
   */
  async adopt(blocks: readonly KernelBlock[]): Promise<void> {
    const { ledger, planner, clock } = this.#deps;
    const { protectedNetworks: guarded = [] } = await this.#policy();
    const adopted = blocks.flatMap((block): Required<Change>[] => {
      if (ledger.of(block.ip) !== undefined) return [];
      if (planner.pendingOf(block.ip)?.id === block.id) {
        return [this.#executor.book(planner.released(block.ip, guarded, clock.now()))];
      }
      const decision: Decision = { ...block, ...FOUND, kind: 'block', findings: [], at: clock.now() };
      planner.found(decision, clock.now());
      return [this.#executor.book({ decisions: [decision], networks: [] })];
    });
    await this.#executor.keep(joined(adopted), { done: { ok: true }, followed: { ok: true } }, { sync: false });
  }

  /** As `adopt`, of networks. */
  async adoptNetworks(found: readonly KernelNetwork[]): Promise<void> {
    const { ledger, planner, clock } = this.#deps;
    const networks = found.flatMap((network): NetworkDecision[] => {
      if (ledger.networks.of(network.network) !== undefined) return [];
      return [{ ...network, ...FOUND, kind: 'block_network', decisions: [], at: clock.now() }];
    });
    for (const decision of networks) planner.standing(decision);
    const booked = this.#executor.book({ decisions: [], networks });
    await this.#executor.keep(booked, { followed: { ok: true } }, { sync: false });
  }

  /** Blocks that the kernel has no room for. */
  async refuse(blocks: readonly KernelBlock[], why: string): Promise<void> {
    const { ledger, planner, clock, log } = this.#deps;
    const refused = blocks.flatMap((block) => ledger.end(block, 'refused', clock.now(), why) ?? []);
    for (const { ip } of refused) planner.ended(ip);
    if (refused.length > 0) log('error', 'blocks refused', { count: refused.length, why });
    await this.#executor.keep({ decisions: refused }, {}, { sync: false });
  }

  /** Decided already or not, there is nothing to do. Told before anything is looked for: most findings are about who is blocked. */
  #isNeedless(finding: Finding, policy: BlockPolicy, now: Millis): boolean {
    const { ledger, planner } = this.#deps;
    const ip = canonicalIp(finding.subject.value);
    const standing = ip && ledger.of(ip);
    // A recovered block gets its reason back, maybe from this very finding.
    if (standing === undefined || standing.origin === 'recovered') return false;
    return planner.isNeedless(finding, policy, standing, now);
  }

  /** What to do about the finding; undefined when it was decided already. */
  async #plan({ finding, again }: Fed, policy: BlockPolicy, now: Millis): Promise<Plan | undefined> {
    const { ledger, planner } = this.#deps;
    const id = decisionIdOf(finding);
    const standing = ledger.standing(id);
    if (standing !== undefined) {
      if (standing.origin !== 'recovered') return undefined;
      // A recovered block gets its reason back from the finding that led to it.
      const explained: Decision = {
        ...standing,
        origin: 'auto_response',
        reason: finding.message,
        findings: [finding.id],
      };
      return planner.recovered(explained, policy.protectedNetworks ?? [], now);
    }
    const ip = parseIp(finding.subject.value);
    if (ip.ok && planner.pendingOf(ip.value.text)?.id === id) return undefined;
    if (again && (await ledger.find(id)) !== undefined) return undefined;
    const plan = planner.plan(finding, policy, ip.ok ? ledger.of(ip.value.text) : undefined, now);
    if (plan.decisions.some(({ state }) => state === 'dry_run')) this.#dryRuns++;
    return plan;
  }

  async #policy(): Promise<Omit<BlockPolicy, 'expiry'>> {
    const { firewall, allowed, mode } = this.#deps;
    const networks = await firewall.protectedNetworks();
    return {
      mode: mode(),
      protectedNetworks: networks.ok ? networks.value : undefined,
      allowed: (ip) => allowed.covering(ip),
    };
  }

  async #sweep(): Promise<void> {
    const { ledger, planner, clock } = this.#deps;
    await this.#expire();
    if (planner.queue.size > 0) {
      const policy = await this.#policy();
      const plan = planner.sweep(policy, clock.now());
      const decisions = plan.decisions.map((decision) => this.#unlessTaken(decision, clock.now()));
      await this.#executor.enforce(this.#executor.book({ ...plan, decisions }));
    }
    await ledger.saveAgain();
  }

  /** A person's block that is on its way into the kernel stands, though another's turn has come. */
  #unlessTaken(decision: Decision, now: Millis): Decision {
    const standing = this.#deps.ledger.of(decision.ip);
    if (decision.state !== 'active' || standing?.actor === undefined) return decision;
    return { ...decision, state: 'lifted', endedAt: now, note: `replaced by ${standing.id}` };
  }

  async #expire(): Promise<void> {
    const { ledger, planner, firewall, clock } = this.#deps;
    const decisions = ledger.expire(clock.now());
    const networks = ledger.networks.expire(clock.now());
    if (decisions.length + networks.length === 0) return;
    for (const { ip } of decisions) planner.ended(ip);
    for (const { network } of networks) planner.networkEnded(network);
    // The kernel ends them by itself, to the second, unless a clock was set or the block was too long for a timeout.
    if (decisions.length > 0) await firewall.release(decisions.map(({ ip }) => ip));
    if (networks.length > 0) await firewall.blockNetworks();
    const done = { ok: true };
    await this.#executor.keep({ decisions, networks }, { done, followed: done }, { sync: false });
  }
}

const FOUND = { reason: 'found in the kernel at start', origin: 'recovered', state: 'active' } as const;

const joined = (changes: readonly Required<Change>[]): Required<Change> => ({
  decisions: changes.flatMap(({ decisions }) => decisions),
  networks: changes.flatMap(({ networks }) => networks),
  apart: changes.flatMap(({ apart }) => apart),
});

/** Blocks on record as waiting which the queue, damaged, does not know of: they wait on. */
function queueOf(pending: readonly Decision[], memory: readonly PlannerState[]): PlannerState {
  const known = new Set(
    memory.flatMap(({ part, changes }) => (part === 'block_queue' ? changes.map(([key]) => key) : [])),
  );
  const lost = pending.filter(({ ip }) => !known.has(ip));
  return {
    part: 'block_queue',
    changes: lost.map((decision) => [decision.ip, { decision, severity: 'high', since: decision.at }]),
  };
}
