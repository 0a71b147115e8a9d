import { type DecisionId, uuidv7 } from '../../core/base/ids.ts';
import { type Ip, type ParsedIp, parseIp } from '../../core/base/ip.ts';
import type { Clock, Log, Random } from '../../core/base/ports.ts';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { type Deadline, type Millis, plus, seconds } from '../../core/base/time.ts';
import type { Finding } from '../../core/detect/finding.ts';
import type {
  BlockRefusal,
  BlockRequest,
  BulkLifted,
  Lifted,
  UnblockRefusal,
  UnblockRequest,
} from '../../core/respond/block.ts';
import type { Decision, Outcome } from '../../core/respond/decision.ts';
import type { Mode } from '../../core/respond/mode.ts';
import { type BlockPolicy, decide, decisionIdOf, objection } from '../../core/respond/policy.ts';
import type { Firewall, KernelBlock } from '../firewall/index.ts';
import type { AllowBook } from './allow-book.ts';
import { kernelBlockOf, type Ledger } from './ledger.ts';

export interface ResponderDeps {
  readonly ledger: Ledger;
  readonly allowed: Pick<AllowBook, 'covering' | 'size'>;
  readonly firewall: Firewall;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly mode: () => Mode;
  /** How long an automatic block lasts. */
  readonly expiry: () => Deadline;
  /** Told of every decision that was made or has ended, in order, when it was handed to the disk. */
  readonly publish: (decision: Decision, outcome: Outcome | undefined) => void;
}

/** A finding, and whether it was recorded before a crash already. */
export interface Fed {
  readonly finding: Finding;
  readonly again: boolean;
}

/** What the firewall made of it. */
interface Done {
  readonly ok: boolean;
  readonly public?: string;
}

/** How often ended blocks are taken off the books and out of the kernel. */
const SWEEP: Millis = seconds(1);
/** A sweep that comes this much off its time means that the wall clock was set, or the machine slept. */
const CLOCK_STEP: Millis = seconds(5);

/**
 * Turns findings and operators' wishes into decisions and sees to it that the kernel follows. A block is on the books first,
 * then in the kernel, then on disk; only what an operator is told waits for the disk.
 */
export class Responder {
  readonly #deps: ResponderDeps;
  #dryRuns = 0;
  #stopSweep: () => void = () => {};

  constructor(deps: ResponderDeps) {
    this.#deps = deps;
  }

  /** Automatic blocks that were only recorded since start. */
  get dryRuns(): number {
    return this.#dryRuns;
  }

  start(): void {
    const { clock, firewall, log } = this.#deps;
    const due = plus(clock.now(), SWEEP);
    this.#stopSweep = clock.after(SWEEP, () => {
      // Timeouts in the kernel run on by themselves: it has to learn of a clock that was set.
      if (Math.abs(clock.now() - due) > CLOCK_STEP) firewall.drifted();
      this.#sweep().catch((cause: unknown) => log('error', 'expiry sweep failed', { error: messageOf(cause) }));
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
    const { ledger, allowed, firewall, clock, mode, expiry } = this.#deps;
    const networks = await firewall.protectedNetworks();
    const policy: BlockPolicy = {
      mode: mode(),
      expiry: expiry(),
      protectedNetworks: networks.ok ? networks.value : undefined,
      allowed: (ip) => allowed.covering(ip),
    };
    const made: Decision[] = [];
    for (const fed of findings) made.push(...(await this.#decide(fed, policy, clock.now())));
    const active = made.filter(({ id }) => ledger.standing(id) !== undefined);
    const done = active.length === 0 ? undefined : await firewall.enforce(active.map(kernelBlockOf));
    await this.#keep(made, done, { sync: false });
  }

  async block(request: BlockRequest): Promise<Result<Decision, BlockRefusal>> {
    const { ledger, firewall, mode } = this.#deps;
    if (mode() === 'observe')
      return fail('observing', 'observing: the kernel is not touched; switch to enforcing first');
    const subject = await this.#permitted(request.ip);
    if (!subject.ok) return subject;
    const decision = this.#decisionOf(subject.value, request);
    const before = ledger.of(decision.ip);
    const replaced = ledger.put(decision);
    const done = await firewall.enforce([kernelBlockOf(decision)]);
    if (!done.ok) {
      ledger.takeBack(decision, before);
      firewall.drifted();
      return fail('failed', `the kernel refused the block: ${done.public}`);
    }
    const saved = await this.#keep(replaced === undefined ? [decision] : [replaced, decision], done, { sync: true });
    return saved.ok ? ok(decision) : fail('failed', `blocked in the kernel, but not durable: ${saved.public}`);
  }

  /** Ends the block on the books whatever the kernel says: what it could not let go of now, the next sync takes out. */
  async unblock({ ip, actor }: UnblockRequest): Promise<Result<Lifted, UnblockRefusal>> {
    if (this.#holdsNothing()) return fail('observing', 'observing: the kernel holds no blocks');
    const [ended] = this.#lift([ip], `unblocked by ${actor}`);
    if (ended === undefined) return fail('not_blocked', `${ip} is not blocked`);
    const followed = await this.#letGo([ended]);
    return followed.ok ? ok({ ...ended, ...followed.value }) : followed;
  }

  /** As `unblock`, for many at once; one that is not blocked counts as done. */
  async unblockAll(
    ips: readonly Ip[],
    actor: string,
  ): Promise<Result<BulkLifted, Exclude<UnblockRefusal, 'not_blocked'>>> {
    if (this.#holdsNothing()) return fail('observing', 'observing: the kernel holds no blocks');
    const followed = await this.#letGo(this.#lift(ips, `unblocked by ${actor}`));
    return followed.ok ? ok({ count: ips.length, ...followed.value }) : followed;
  }

  /** Ends the blocks of what is allowed. @param by whose word it is */
  async liftAllowed(by: string): Promise<void> {
    const { ledger, allowed } = this.#deps;
    if (allowed.size === 0) return;
    const covered = [...ledger.active()].filter(({ ip }) => {
      const parsed = parseIp(ip);
      return parsed.ok && allowed.covering(parsed.value) !== undefined;
    });
    const ended = this.#lift(
      covered.map(({ ip }) => ip),
      `allowed by ${by}`,
    );
    if (ended.length > 0) await this.#letGo(ended);
  }

  /** Blocks found in the kernel that no record tells of: written down as they are, so that they can be seen and lifted. */
  async adopt(blocks: readonly KernelBlock[]): Promise<void> {
    const { ledger, clock } = this.#deps;
    const adopted = blocks.flatMap((block): Decision[] => {
      if (ledger.of(block.ip) !== undefined) return [];
      const reason = 'found in the kernel at start';
      return [{ ...block, kind: 'block', reason, origin: 'recovered', findings: [], at: clock.now(), state: 'active' }];
    });
    for (const decision of adopted) ledger.put(decision);
    await this.#keep(adopted, { ok: true }, { sync: false });
  }

  /** Blocks that the kernel has no room for. */
  async refuse(blocks: readonly KernelBlock[], why: string): Promise<void> {
    const { ledger, clock, log } = this.#deps;
    const refused = blocks.flatMap((block) => ledger.end(block, 'refused', clock.now(), why) ?? []);
    if (refused.length > 0) log('error', 'blocks refused', { count: refused.length, why });
    await this.#keep(refused, undefined, { sync: false });
  }

  /** The finding's decision, and the one it replaces; on the books already where it is active. */
  async #decide({ finding, again }: Fed, policy: BlockPolicy, now: Millis): Promise<readonly Decision[]> {
    const { ledger } = this.#deps;
    const id = decisionIdOf(finding);
    const standing = ledger.standing(id);
    if (standing !== undefined) return standing.origin === 'recovered' ? [this.#explained(standing, finding)] : [];
    if (again && (await ledger.find(id)) !== undefined) return [];
    const decision = decide(finding, policy, now);
    if (decision === undefined || this.#standsLonger(decision)) return [];
    if (decision.state === 'dry_run') this.#dryRuns++;
    if (decision.state !== 'active') return [decision];
    const replaced = ledger.put(decision);
    return replaced === undefined ? [decision] : [replaced, decision];
  }

  /** A recovered block gets its reason back from the finding that led to it. */
  #explained(recovered: Decision, { id, message }: Finding): Decision {
    const explained: Decision = { ...recovered, origin: 'auto_response', reason: message, findings: [id] };
    this.#deps.ledger.put(explained);
    return explained;
  }

  #standsLonger(decision: Decision): boolean {
    const standing = this.#deps.ledger.of(decision.ip);
    if (decision.state !== 'active' || standing === undefined) return false;
    return (
      standing.expiresAt === 'never' || (decision.expiresAt !== 'never' && standing.expiresAt >= decision.expiresAt)
    );
  }

  #holdsNothing(): boolean {
    const { firewall, mode } = this.#deps;
    return mode() === 'observe' && firewall.state() === 'off';
  }

  /** Ends what stands for these addresses on the books. */
  #lift(ips: readonly Ip[], note: string): readonly Decision[] {
    const { ledger, clock } = this.#deps;
    return ips.flatMap((ip) => {
      const standing = ledger.of(ip);
      return (standing && ledger.end(standing, 'lifted', clock.now(), note)) ?? [];
    });
  }

  /** Has the kernel let go of what was lifted, and writes it down. */
  async #letGo(lifted: readonly Decision[]): Promise<Result<{ readonly warning?: string }, 'failed'>> {
    if (lifted.length === 0) return ok({});
    const done = this.#holdsNothing()
      ? { ok: true as const }
      : await this.#deps.firewall.release(lifted.map(({ ip }) => ip));
    const saved = await this.#keep(lifted, done, { sync: true });
    if (!saved.ok) return fail('failed', `unblocked in the kernel, but not durable: ${saved.public}`);
    return ok(done.ok ? {} : { warning: `the kernel could not be changed yet: ${done.public}` });
  }

  async #permitted(text: string): Promise<Result<ParsedIp, BlockRefusal>> {
    const subject = parseIp(text);
    if (!subject.ok) return fail('protected', subject.public);
    const { firewall, allowed } = this.#deps;
    const networks = await firewall.protectedNetworks();
    if (!networks.ok) return fail('failed', `the addresses of this host cannot be read: ${networks.public}`);
    const note = objection(subject.value.text, {
      protectedNetworks: networks.value,
      allowed: (ip) => allowed.covering(ip),
    });
    return note === undefined ? subject : fail('protected', note);
  }

  #decisionOf({ text: ip }: ParsedIp, { reason, origin, actor, expiresAt }: BlockRequest): Decision {
    const { clock, random } = this.#deps;
    const at = clock.now();
    const id = uuidv7(at, random) as DecisionId;
    return { id, kind: 'block', ip, reason, origin, actor, findings: [], at, expiresAt, state: 'active' };
  }

  async #sweep(): Promise<void> {
    const { ledger, firewall, clock } = this.#deps;
    const ended = ledger.expire(clock.now());
    // The kernel ends them by itself, to the second, unless a clock was set or the block was too long for a timeout.
    if (ended.length > 0) await firewall.release(ended.map(({ ip }) => ip));
    await this.#keep(ended, { ok: true }, { sync: false });
    await ledger.saveAgain();
  }

  /** Writes decisions down with what became of them, and says so in the log. */
  async #keep(decisions: readonly Decision[], done: Done | undefined, options: { readonly sync: boolean }) {
    if (decisions.length === 0) return ok(undefined);
    const { ledger, clock, log, publish } = this.#deps;
    const outcomes = done === undefined ? [] : decisions.flatMap((decision) => outcomeOf(decision, done, clock.now()));
    const saved = await ledger.save({ decisions, outcomes }, options);
    log('info', 'decided', { ...countsOf(decisions), ips: decisions.slice(0, 5).map(({ ip }) => ip) });
    if (!saved.ok) log('error', 'decisions are not on disk', { count: decisions.length, error: saved.public });
    const outcomeById = new Map(outcomes.map((outcome) => [outcome.decision, outcome]));
    for (const decision of decisions) publish(decision, outcomeById.get(decision.id));
    return saved;
  }
}

/** Only what was to be in the kernel, or to leave it, has an outcome there. */
function outcomeOf({ id, state }: Decision, done: Done, at: Millis): readonly Outcome[] {
  if (state === 'dry_run' || state === 'refused' || state === 'pending') return [];
  if (!done.ok) return [{ decision: id, at, result: 'failed', error: done.public ?? 'unknown' }];
  return [{ decision: id, at, result: state === 'active' ? 'enforced' : state }];
}

function countsOf(decisions: readonly Decision[]): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { state } of decisions) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}
