import { idTime, isContentId } from '../base/ids.ts';
import type { Ip } from '../base/ip.ts';
import type { NamedNetwork } from '../base/prefixes.ts';
import { type Deadline, days, type Millis, millis, minutes, plus } from '../base/time.ts';
import type { StateChange } from '../detect/detector.ts';
import type { Finding } from '../detect/finding.ts';
import { SOURCE_GROUPS, type SourceGroups, SourceKeys } from '../detect/trail/keys.ts';
import { BlockQueue, type PendingBlock } from './block-queue.ts';
import type { Decision, NetworkDecision } from './decision.ts';
import { blockLength, type Rung } from './ladder.ts';
import { Offences } from './offences.ts';
import { type BlockPolicy, decisionOf, judge, objection, type Verdict } from './policy.ts';
import type { Remembered } from './reversal.ts';
import { type SubnetSettings, Subnets } from './subnets.ts';

export interface PlannerSettings {
  /** How much longer the next block of a source lasts. */
  readonly ladder: readonly Rung[];
  /** Earlier blocks count for so long. */
  readonly repeatWithin: Millis;
  /** Automatic blocks let through in an hour; 0: all. */
  readonly perHour: number;
  /** `undefined`: networks are never blocked. */
  readonly subnets: SubnetSettings | undefined;
  readonly groups: SourceGroups;
}

export const PLANNER_PRESETS: PlannerSettings = {
  ladder: [{ times: 1 }, { times: 6 }, { lasts: days(30) }],
  repeatWithin: days(30),
  perHour: 50,
  subnets: undefined,
  groups: SOURCE_GROUPS,
};

/** What is to be done. */
export interface Plan {
  /** Made or changed, in order; those that are `active` go to the kernel. */
  readonly decisions: readonly Decision[];
  readonly networks: readonly NetworkDecision[];
}

const NOTHING: Plan = { decisions: [], networks: [] };

/** State of the planner's parts, by the names under which it is kept. */
export interface PlannerState {
  readonly part: 'offences' | 'block_queue';
  readonly changes: readonly StateChange[];
}

/**
 * Turns findings into blocks: what the policy decides (`judge`), longer for who was blocked before (`Offences`,
 * `blockLength`), no more in an hour than allowed (`BlockQueue`), and the network where several of its addresses are blocked
 * (`Subnets`). Synchronous and without effects; the caller keeps the books, carries out what is active, and tells here what
 * became of it.
 *
 * Blocks by people are not planned: they go through at once, and neither count as offences nor for networks.
 */
export class BlockPlanner {
  readonly #settings: PlannerSettings;
  readonly #offences: Offences;
  readonly #queue: BlockQueue;
  readonly #subnets: Subnets | undefined;
  readonly #sources: SourceKeys;
  #prunedAt: Millis = millis(0);

  constructor(settings: PlannerSettings) {
    this.#settings = settings;
    this.#offences = new Offences(settings.repeatWithin);
    this.#queue = new BlockQueue(settings.perHour);
    this.#subnets = settings.subnets && new Subnets(settings.subnets);
    this.#sources = new SourceKeys(settings.groups);
  }

  /** Who waits, in the order of their turns. */
  get pending(): readonly PendingBlock[] {
    return this.#queue.pending;
  }

  /** How many wait, and how many have waited in vain since start. */
  get queue(): { readonly size: number; readonly givenUp: number } {
    return this.#queue;
  }

  /** The address's block that waits. */
  pendingOf(ip: Ip): Decision | undefined {
    return this.#queue.of(ip);
  }

  /**
   * What to do about a finding that was not decided before.
   * @param standing the address's block, if any: one that lasts about as long makes another needless, and to prolong it
   * takes no turn
   */
  plan(finding: Finding, policy: BlockPolicy, standing: Decision | undefined, now: Millis): Plan {
    const verdict = judge(finding, this.#withLength(finding, policy), now);
    if (verdict === undefined || standsAsLong(verdict, standing, now)) return NOTHING;
    const decision = decisionOf(finding, verdict, now);
    if (decision.state !== 'active') return { ...NOTHING, decisions: [decision] };
    const decisions = standing === undefined ? this.#queue.admit(decision, finding.severity, now) : [decision];
    return this.#enforced(decisions, policy.protectedNetworks ?? [], now);
  }

  /** Whether `plan` would make nothing of it since the address's block lasts about as long. Most findings are about who is blocked. */
  isNeedless(finding: Finding, policy: BlockPolicy, standing: Decision, now: Millis): boolean {
    const verdict = judge(finding, this.#withLength(finding, policy), now);
    return verdict !== undefined && standsAsLong(verdict, standing, now);
  }

  /**
   * To be called every second or so: lets through whose turn it is, and gives up what waited too long. What must not be
   * blocked any more is refused; while nothing is enforced, or this host's own addresses are unknown, all wait on.
   */
  sweep(policy: Pick<BlockPolicy, 'protectedNetworks' | 'allowed' | 'mode'>, now: Millis): Plan {
    const { mode, protectedNetworks } = policy;
    const { released, dropped } = this.#queue.sweep(now, mode === 'enforce' && protectedNetworks !== undefined);
    const checked = released.map((decision): Decision => {
      const note = objection(decision.ip, policy);
      return note === undefined ? decision : { ...decision, state: 'refused', endedAt: now, note };
    });
    return this.#enforced([...dropped, ...checked], protectedNetworks ?? [], now);
  }

  /** A block was found in the kernel that no record tells of: one of a finding, as its id says, has had its turn. */
  found(decision: Decision, now: Millis): void {
    if (isContentId(decision.id)) this.#queue.count(now);
  }

  /** Such a block and its finding have come together. @returns it, and the block of its network when this completes it */
  recovered(decision: Decision, guarded: readonly NamedNetwork[], now: Millis): Plan {
    return this.#enforced([decision], guarded, now);
  }

  /** As `found` and `recovered`, of a block that waits by all that is on record. */
  released(ip: Ip, guarded: readonly NamedNetwork[], now: Millis): Plan {
    const decision = this.#queue.released(ip, now);
    return decision === undefined ? NOTHING : this.#enforced([decision], guarded, now);
  }

  /** At start, with every decision that stands. */
  standing(decision: Decision | NetworkDecision): void {
    if (decision.kind === 'block') this.#subnets?.member(decision);
    else this.#subnets?.standing(decision.network, decision.expiresAt);
  }

  /** A block ended by itself or was refused by the kernel. */
  ended(ip: Ip): void {
    this.#subnets?.ended(ip);
  }

  /** A person blocked the address. @returns the block that waited, ended */
  taken(ip: Ip, now: Millis, why: string): Decision | undefined {
    this.#subnets?.ended(ip);
    return this.#queue.withdraw(ip, now, why);
  }

  /** A person ended the address's block or allowed it: what it did counts no more. @returns the block that waited, ended */
  forgiven(ip: Ip, now: Millis, why: string): Decision | undefined {
    this.#offences.forgive(this.#sourceOf(ip));
    return this.taken(ip, now, why);
  }

  /** What `forgiven` lets go of. */
  memoryOf(ip: Ip): Remembered {
    const offence = this.#offences.of(this.#sourceOf(ip));
    const waited = this.#queue.waitingOf(ip);
    return { ip, ...(offence && { offence }), ...(waited && { waited }) };
  }

  /** A person took `forgiven` back. @returns the block that waits again */
  recall({ ip, offence, waited }: Remembered): Decision | undefined {
    if (offence !== undefined) this.#offences.recall(this.#sourceOf(ip), offence);
    return waited && this.#queue.rejoin(waited);
  }

  /** The network's block was ended. */
  networkEnded(network: string): void {
    this.#subnets?.lifted(network);
  }

  /** What changed since the last call; to be kept together with the decisions. */
  snapshot(now: Millis): readonly PlannerState[] {
    if (plus(this.#prunedAt, PRUNE_EVERY) <= now || now < this.#prunedAt) {
      this.#prunedAt = now;
      this.#offences.prune(now);
    }
    const states: PlannerState[] = [
      { part: 'offences', changes: this.#offences.snapshot() },
      { part: 'block_queue', changes: this.#queue.snapshot() },
    ];
    return states.filter(({ changes }) => changes.length > 0);
  }

  /** Only on a new one. @returns how many entries could not be read */
  restore(states: Iterable<PlannerState>): { readonly skipped: number } {
    let skipped = 0;
    for (const { part, changes } of states) {
      skipped += (part === 'offences' ? this.#offences : this.#queue).restore(changes).skipped;
    }
    return { skipped };
  }

  /** With the length of the block that the finding's source has coming. */
  #withLength(finding: Finding, policy: BlockPolicy): BlockPolicy {
    const before = this.#offences.before(this.#sourceOf(finding.subject.value), finding.at);
    return { ...policy, expiry: blockLength(this.#settings.ladder, before, policy.expiry) };
  }

  #enforced(decisions: readonly Decision[], guarded: readonly NamedNetwork[], now: Millis): Plan {
    const networks = decisions.flatMap((decision) => {
      if (decision.state !== 'active') return [];
      // A decision's id has the time of the event that it is for.
      this.#offences.add(this.#sourceOf(decision.ip), idTime(decision.id), decision.expiresAt);
      return this.#subnets?.blocked(decision, guarded, now) ?? [];
    });
    return { decisions, networks };
  }

  #sourceOf(ip: string): string {
    return this.#sources.nameOf(ip);
  }
}

/** Who is forgotten is looked for among all that are remembered. */
const PRUNE_EVERY: Millis = minutes(1);
/** Several checks find the same attack within seconds: to prolong a block by less is not worth a decision. */
const WORTH_PROLONGING = 1 / 20;

const standsAsLong = ({ state, expiresAt }: Verdict, standing: Decision | undefined, now: Millis): boolean =>
  state === 'active' && standing !== undefined && lastsAsLong(standing.expiresAt, expiresAt, now);

function lastsAsLong(standing: Deadline, wanted: Deadline, now: Millis): boolean {
  if (standing === 'never' || wanted === 'never') return standing === 'never';
  return standing >= wanted - (wanted - now) * WORTH_PROLONGING;
}
