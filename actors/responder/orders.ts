import { type DecisionId, uuidv7 } from '../../core/base/ids.ts';
import { canonicalIp, contains, type Ip, type ParsedIp, parseIp } from '../../core/base/ip.ts';
import type { Random } from '../../core/base/ports.ts';
import { touchedBy } from '../../core/base/prefixes.ts';
import { fail, ok, type Result } from '../../core/base/result.ts';
import { isTooBroad } from '../../core/respond/allow.ts';
import type {
  Blocked,
  BlockedNetwork,
  BlockNetworkRefusal,
  BlockNetworkRequest,
  BlockRefusal,
  BlockRequest,
  BulkLifted,
  Flushed,
  Lifted,
  LiftedNetwork,
  Unbanned,
  UnblockNetworkRequest,
  UnblockRefusal,
  UnblockRequest,
} from '../../core/respond/block.ts';
import type { Decision, NetworkDecision } from '../../core/respond/decision.ts';
import type { FirewallEvent } from '../../core/respond/firewall-event.ts';
import type { BlockPlanner } from '../../core/respond/planner.ts';
import { objection } from '../../core/respond/policy.ts';
import type { Reversal, Reversed, ReverseRequest } from '../../core/respond/reversal.ts';
import type { AllowBook } from './allow-book.ts';
import { type Executor, type ExecutorDeps, MOST_NETWORKS } from './executor.ts';
import { kernelBlockOf } from './ledger.ts';
import type { Lifter, LifterDeps } from './lifter.ts';
import { networkBlockOf } from './network-of.ts';
import { Reverser } from './reverser.ts';

export interface OrdersDeps extends ExecutorDeps, LifterDeps {
  readonly planner: BlockPlanner;
  readonly allowed: Pick<AllowBook, 'covering' | 'guarded'>;
  readonly random: Random;
  /** Told of a flush, and of its reversal, of which the single decisions are parts. */
  readonly told?: (event: FirewallEvent) => void;
}

type Refused = Exclude<UnblockRefusal, 'not_blocked'>;

/** Blocks ended in one go: what comes meanwhile, a block above all, has its turn between two of them. */
const BITE = 2000;

/**
 * Carries out what people and clients ask for. An order is done when the kernel has followed and the disk has it; it says
 * how it is taken back. What is lifted is lifted on the books: a kernel or a disk that does not follow is a warning.
 */
export class Orders {
  readonly #deps: OrdersDeps;
  readonly #executor: Executor;
  readonly #lifter: Lifter;
  readonly #reverser: Reverser;

  constructor(deps: OrdersDeps, executor: Executor, lifter: Lifter) {
    this.#deps = deps;
    this.#executor = executor;
    this.#lifter = lifter;
    this.#reverser = new Reverser(deps, executor, lifter);
  }

  async block(request: BlockRequest): Promise<Result<Blocked, BlockRefusal>> {
    const { ledger, planner, firewall, mode } = this.#deps;
    if (mode() === 'observe') return OBSERVING;
    const subject = await this.#permitted(request);
    if (!subject.ok) return subject;
    const decision = this.#decisionOf(subject.value, request);
    const before = ledger.of(decision.ip);
    const remembered = planner.memoryOf(decision.ip);
    const replaced = ledger.put(decision);
    const done = await firewall.enforce([kernelBlockOf(decision)]);
    if (!done.ok) {
      ledger.takeBack(decision, before);
      firewall.drifted();
      return fail('failed', `the kernel refused the block: ${done.public}`);
    }
    const waited = planner.taken(decision.ip, decision.at, `blocked by ${request.actor}`);
    const decisions = replaced === undefined ? [decision] : [replaced, decision];
    const apart = waited === undefined ? [] : [waited];
    const saved = await this.#executor.keep({ decisions, apart }, { done }, { sync: true });
    if (!saved.ok) return fail('failed', `blocked in the kernel, but not durable: ${saved.public}`);
    const ended = before === undefined ? [] : [before];
    return ok({ ...decision, reversal: { made: [decision], ended, remembered: [remembered] } });
  }

  /** Blocks a network, or gives one that is blocked another reason and end. Blocks of its addresses stay. */
  async blockNetwork(request: BlockNetworkRequest): Promise<Result<BlockedNetwork, BlockNetworkRefusal>> {
    const { ledger, planner, firewall, mode } = this.#deps;
    if (mode() === 'observe') return OBSERVING;
    const refused = await this.#networkRefusal(request);
    if (refused !== undefined) return refused;
    const decision = this.#networkDecisionOf(request);
    const before = ledger.networks.of(decision.network);
    const replaced = ledger.networks.put(decision);
    const followed = await firewall.blockNetworks();
    if (!followed.ok) {
      ledger.networks.takeBack(decision, before);
      firewall.drifted();
      return fail('failed', `the kernel refused the block: ${followed.public}`);
    }
    planner.standing(decision);
    const networks = replaced === undefined ? [decision] : [replaced, decision];
    const saved = await this.#executor.keep({ decisions: [], networks }, { followed }, { sync: true });
    if (!saved.ok) return fail('failed', `blocked in the kernel, but not durable: ${saved.public}`);
    const ended = before === undefined ? [] : [before];
    return ok({ ...decision, reversal: { made: [decision], ended, remembered: [] } });
  }

  async unblock({ ip, actor }: UnblockRequest): Promise<Result<Lifted, UnblockRefusal>> {
    const nothing = this.#lifter.nothingHeld();
    if (nothing !== undefined) return nothing;
    const lifting = this.#lifter.lift([ip], [], `unblocked by ${actor}`);
    const [ended] = [...lifting.decisions, ...lifting.waited];
    if (ended === undefined) return fail('not_blocked', `${ip} is not blocked`);
    return ok({ ...ended, ...(await this.#lifter.letGo(lifting)) });
  }

  /** As `unblock`, of a network. Blocks of its addresses stay. */
  async unblockNetwork({ network, actor }: UnblockNetworkRequest): Promise<Result<LiftedNetwork, UnblockRefusal>> {
    const nothing = this.#lifter.nothingHeld();
    if (nothing !== undefined) return nothing;
    const lifting = this.#lifter.lift([], [network], `unblocked by ${actor}`);
    const [ended] = lifting.networks;
    if (ended === undefined) return fail('not_blocked', `${network} is not blocked`);
    return ok({ ...ended, ...(await this.#lifter.letGo(lifting)) });
  }

  /** As `unblock`, for many at once; one that is not blocked counts as done. */
  async unblockAll(ips: readonly Ip[], actor: string): Promise<Result<BulkLifted, Refused>> {
    const nothing = this.#lifter.nothingHeld();
    if (nothing !== undefined) return nothing;
    const lifting = this.#lifter.lift([...new Set(ips)], [], `unblocked by ${actor}`);
    return ok({ count: ips.length, ...(await this.#lifter.letGo(lifting)) });
  }

  /** Sets an address free: its block, and the first block of a network around it. None of either is no error. */
  async unban({ ip, actor }: UnblockRequest): Promise<Result<Unbanned, Refused>> {
    const nothing = this.#lifter.nothingHeld();
    if (nothing !== undefined) return nothing;
    const { ledger, allowed } = this.#deps;
    const around = networkBlockOf(ledger, allowed)(ip)?.network;
    const networks = around === undefined ? [] : [around];
    const lifting = this.#lifter.lift([ip], networks, `unbanned by ${actor}`);
    return ok({ ...(await this.#lifter.letGo(lifting)), ...(around === undefined ? {} : { network: around }) });
  }

  /** Ends every block there is, of addresses, of networks, and those that wait; what is decided meanwhile stands. */
  async flush({ actor, origin }: ReverseRequest): Promise<Result<Flushed, Refused>> {
    const nothing = this.#lifter.nothingHeld();
    if (nothing !== undefined) return nothing;
    const { ledger, planner, clock, told = () => {} } = this.#deps;
    const note = `flushed by ${actor}`;
    const networks = [...ledger.networks.active()].map(({ network }) => network);
    const waiting = planner.pending.map(({ decision }) => decision.ip);
    const ips = [...new Set([...[...ledger.active()].map(({ ip }) => ip), ...waiting])];
    const reversals: Reversal[] = [];
    const problems = new Set<string>();
    for (let at = 0; at === 0 || at < ips.length; at += BITE) {
      const lifting = this.#lifter.lift(ips.slice(at, at + BITE), at === 0 ? networks : [], note);
      reversals.push(lifting.reversal);
      const { warning } = await this.#lifter.letGo(lifting, true);
      if (warning !== undefined) problems.add(warning);
    }
    const reason = `${ips.length} addresses and ${networks.length} networks: ${note}`;
    told({ at: clock.now(), action: 'flush', subject: '', reason, origin });
    const warning = problems.size === 0 ? {} : { warning: [...problems].join('; ') };
    return ok({ addresses: ips.length, networks: networks.length, ...warning, reversal: joined(reversals) });
  }

  /** Takes an order back, as far as nobody has ordered otherwise since. */
  async reverse(reversal: Reversal, by: ReverseRequest): Promise<Result<Reversed, Refused>> {
    if (this.#deps.mode() === 'observe') return OBSERVING;
    return this.#reverser.reverse(reversal, by);
  }

  async #permitted(request: BlockRequest): Promise<Result<ParsedIp, BlockRefusal>> {
    const subject = parseIp(request.ip);
    if (!subject.ok) return fail('protected', subject.public);
    const { firewall, allowed } = this.#deps;
    const networks = await firewall.protectedNetworks();
    if (!networks.ok) return fail('failed', `the addresses of this host cannot be read: ${networks.public}`);
    const note = objection(subject.value.text, {
      protectedNetworks: networks.value,
      allowed: (ip) => allowed.covering(ip),
    });
    if (note !== undefined) return fail('protected', note);
    return isCut(request, ({ text }) => text === subject.value.text) ? wouldCut(request.peer, request.ip) : subject;
  }

  async #networkRefusal(request: BlockNetworkRequest) {
    const { network } = request;
    const { firewall, allowed, ledger } = this.#deps;
    if (isTooBroad(network)) return fail('too_broad', `${network.text} is too broad: at least /8, or /32 for IPv6`);
    const guarded = await firewall.protectedNetworks();
    if (!guarded.ok) return fail('failed', `the addresses of this host cannot be read: ${guarded.public}`);
    const guard = touchedBy(network, [...guarded.value, ...allowed.guarded()]);
    if (guard !== undefined) {
      return fail('protected', `${network.text} must not be blocked: ${guard.why} (${guard.net.text})`);
    }
    if (isCut(request, (asking) => contains(network, asking))) return wouldCut(request.peer, network.text);
    if (ledger.networks.size >= MOST_NETWORKS && ledger.networks.of(network.text) === undefined) {
      return fail('full', `${MOST_NETWORKS} networks are blocked already`);
    }
    return undefined;
  }

  #decisionOf({ text: ip }: ParsedIp, { reason, origin, actor, expiresAt }: BlockRequest): Decision {
    const at = this.#deps.clock.now();
    return { ...this.#identity(), kind: 'block', ip, reason, origin, actor, findings: [], at, expiresAt };
  }

  #networkDecisionOf({ network, reason, origin, actor, expiresAt }: BlockNetworkRequest): NetworkDecision {
    const at = this.#deps.clock.now();
    const about = { network: network.text, reason, origin, actor, decisions: [], at, expiresAt };
    return { ...this.#identity(), kind: 'block_network', ...about };
  }

  #identity() {
    const { clock, random } = this.#deps;
    return { id: uuidv7(clock.now(), random) as DecisionId, state: 'active' as const };
  }
}

const OBSERVING = fail('observing', 'observing: the kernel is not touched; switch to enforcing first');

/** Whether who asks is among what is to be blocked, and no reason says that it shall be. */
function isCut(
  { peer, forcedBecause }: Pick<BlockRequest, 'peer' | 'forcedBecause'>,
  holds: (ip: ParsedIp) => boolean,
) {
  const asking = parseIp(canonicalIp(peer) ?? '');
  return asking.ok && forcedBecause === undefined && holds(asking.value);
}

function wouldCut(peer: string, subject: string) {
  const who = peer === subject ? `${peer} is who asks` : `${peer}, which asks, is in ${subject}`;
  return fail('would_cut', `${who}, and would be cut off; a force_reason does it all the same`);
}

const joined = (reversals: readonly Reversal[]): Reversal => ({
  made: [],
  ended: reversals.flatMap(({ ended }) => ended),
  remembered: reversals.flatMap(({ remembered }) => remembered),
  isFlush: true,
});
