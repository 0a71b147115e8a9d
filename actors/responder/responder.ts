import { type DecisionId, uuidv7 } from '../../core/base/ids.ts';
import { parseIp } from '../../core/base/ip.ts';
import type { Clock, Log, Random } from '../../core/base/ports.ts';
import { coveredBy } from '../../core/base/prefixes.ts';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { type Deadline, type Millis, seconds } from '../../core/base/time.ts';
import type { Finding } from '../../core/detect/finding.ts';
import type { BlockRefusal, BlockRequest, UnblockRefusal } from '../../core/respond/block.ts';
import type { Decision, Outcome } from '../../core/respond/decision.ts';
import type { Mode } from '../../core/respond/mode.ts';
import { decide, decisionIdOf, refusalText } from '../../core/respond/policy.ts';
import type { DesiredBlocks, Firewall, KernelBlock } from '../firewall/index.ts';
import { kernelBlockOf, type Ledger } from './ledger.ts';

export interface ResponderDeps {
  readonly ledger: Ledger;
  readonly firewall: Firewall;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
  readonly mode: () => Mode;
  /** How long an automatic block lasts. */
  readonly expiry: () => Deadline;
  /** Told of every decision and what the kernel did with it, in order. */
  readonly publish: (decision: Decision, outcome: Outcome | undefined) => void;
}

/** How often ended blocks are taken off the books; the kernel ends them by itself, to the second. */
const SWEEP: Millis = seconds(1);

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
    this.#stopSweep = this.#deps.clock.after(SWEEP, () => {
      this.#sweep().catch((cause: unknown) =>
        this.#deps.log('error', 'expiry sweep failed', { error: messageOf(cause) }),
      );
      this.start();
    });
  }

  stop(): void {
    this.#stopSweep();
  }

  /**
   * Judges findings in order. Seen ones (`again`: re-fed after a crash) cause nothing that was decided before.
   * Resolves when the kernel was dealt with; the disk follows by itself.
   */
  async respond(findings: readonly { readonly finding: Finding; readonly again: boolean }[]): Promise<void> {
    const { ledger, firewall, clock, mode, expiry, log } = this.#deps;
    const policy = { mode: mode(), expiry: expiry(), protectedNetworks: await firewall.protectedNetworks() };
    const made: Decision[] = [];
    for (const { finding, again } of findings) {
      if (again && !(await this.#isNew(finding))) continue;
      const decision = decide(finding, policy, clock.now());
      if (decision === undefined || this.#standsLonger(decision)) continue;
      made.push(decision);
      if (decision.state === 'dry_run') this.#dryRuns++;
      if (decision.state !== 'active') continue;
      const replaced = ledger.put(decision);
      if (replaced !== undefined) made.push(replaced);
    }
    if (made.length === 0) return;
    const active = made.filter((decision) => decision.state === 'active');
    const outcome = active.length === 0 ? undefined : await firewall.enforce(active.map(kernelBlockOf));
    for (const decision of made) this.#publish(decision, decision.state === 'active' ? outcome : undefined);
    const saved = await ledger.save(made, { sync: false });
    if (!saved.ok) log('error', 'decisions are in the kernel but not on disk', { error: saved.public });
  }

  async block(request: BlockRequest): Promise<Result<Decision, BlockRefusal>> {
    const { ledger, firewall, clock, random, mode } = this.#deps;
    if (mode() === 'observe')
      return fail('observing', 'observing: the kernel is not touched; switch to enforcing first');
    const parsed = parseIp(request.ip);
    if (!parsed.ok) return fail('protected', parsed.public);
    const guard = coveredBy(parsed.value, await firewall.protectedNetworks());
    if (guard !== undefined) return fail('protected', refusalText(parsed.value.text, guard));
    const now = clock.now();
    const { reason, origin, actor, expiresAt } = request;
    const id = uuidv7(now, random) as DecisionId;
    const decision: Decision = {
      id,
      kind: 'block',
      ip: parsed.value.text,
      reason,
      origin,
      actor,
      findings: [],
      at: now,
      expiresAt,
      state: 'active',
    };
    const before = ledger.of(decision.ip);
    const replaced = ledger.put(decision);
    const done = await firewall.enforce([kernelBlockOf(decision)]);
    if (!done.ok) {
      if (before === undefined) ledger.end(decision.ip, 'refused', now, done.public);
      else ledger.put(before);
      return fail('failed', `the kernel refused the block: ${done.public}`);
    }
    this.#publish(decision, done);
    const saved = await ledger.save(replaced === undefined ? [decision] : [replaced, decision], { sync: true });
    return saved.ok ? ok(decision) : fail('failed', `blocked in the kernel, but not durable: ${saved.public}`);
  }

  async unblock({
    ip,
    actor,
  }: {
    readonly ip: KernelBlock['ip'];
    readonly actor: string;
  }): Promise<Result<Decision, UnblockRefusal>> {
    const { ledger, firewall, clock, mode } = this.#deps;
    if (mode() === 'observe') return fail('observing', 'observing: the kernel is not touched');
    const standing = ledger.of(ip);
    if (standing === undefined) return fail('not_blocked', `${ip} is not blocked`);
    const ended = ledger.end(ip, 'lifted', clock.now(), `unblocked by ${actor}`) ?? standing;
    const done = await firewall.release([ip]);
    if (!done.ok) {
      ledger.put(standing);
      return fail('failed', `the kernel refused: ${done.public}`);
    }
    this.#publish(ended, done);
    const saved = await ledger.save([ended], { sync: true });
    return saved.ok ? ok(ended) : fail('failed', `unblocked in the kernel, but not durable: ${saved.public}`);
  }

  /** Blocks found in the kernel that no record tells of: written down as they are, so that they can be seen and lifted. */
  async adopt(blocks: readonly KernelBlock[]): Promise<void> {
    const { ledger, clock, log } = this.#deps;
    if (blocks.length === 0) return;
    const adopted = blocks.map(
      ({ ip, id, expiresAt }): Decision => ({
        id,
        kind: 'block',
        ip,
        reason: 'found in the kernel at start',
        origin: 'recovered',
        findings: [],
        at: clock.now(),
        expiresAt,
        state: 'active',
      }),
    );
    for (const decision of adopted) {
      ledger.put(decision);
      this.#publish(decision, { ok: true });
    }
    const saved = await ledger.save(adopted, { sync: false });
    if (!saved.ok) log('error', 'recovered decisions are not on disk', { error: saved.public });
  }

  /** Whether a re-fed finding still has to be decided; a recovered block that it explains gets its reason back. */
  async #isNew(finding: Finding): Promise<boolean> {
    const known = await this.#deps.ledger.find(decisionIdOf(finding));
    if (known === undefined) return true;
    if (known.origin === 'recovered' && known.state === 'active') {
      const explained: Decision = {
        ...known,
        origin: 'auto_response',
        reason: finding.message,
        findings: [finding.id],
      };
      this.#deps.ledger.put(explained);
      await this.#deps.ledger.save([explained], { sync: false });
    }
    return false;
  }

  #standsLonger(decision: Decision): boolean {
    if (decision.state !== 'active') return false;
    const standing = this.#deps.ledger.of(decision.ip);
    if (standing === undefined) return false;
    return (
      standing.expiresAt === 'never' || (decision.expiresAt !== 'never' && standing.expiresAt >= decision.expiresAt)
    );
  }

  async #sweep(): Promise<void> {
    const { ledger, clock, log } = this.#deps;
    const ended = ledger.expire(clock.now());
    if (ended.length === 0) return;
    for (const decision of ended) this.#publish(decision, { ok: true });
    const saved = await ledger.save(ended, { sync: false });
    if (!saved.ok) log('error', 'ended blocks are not on disk', { error: saved.public });
  }

  #publish(decision: Decision, done: { readonly ok: boolean; readonly public?: string } | undefined): void {
    const at = this.#deps.clock.now();
    this.#deps.publish(decision, done === undefined ? undefined : outcomeOf(decision, done, at));
  }
}

function outcomeOf(decision: Decision, done: { readonly ok: boolean; readonly public?: string }, at: Millis): Outcome {
  if (!done.ok) return { decision: decision.id, at, result: 'failed', error: done.public ?? 'unknown' };
  const result = decision.state === 'lifted' ? 'lifted' : decision.state === 'expired' ? 'expired' : 'enforced';
  return { decision: decision.id, at, result };
}

/** The books as the firewall reads them. */
export const desiredBlocks = (
  ledger: Ledger,
  adopt: (blocks: readonly KernelBlock[]) => Promise<void>,
): DesiredBlocks => ({
  blocks: function* () {
    for (const decision of ledger.active()) yield kernelBlockOf(decision);
  },
  blockOf: (ip) => {
    const standing = ledger.of(ip);
    return standing === undefined ? undefined : kernelBlockOf(standing);
  },
  hasEnded: (id) => ledger.hasEnded(id),
  adopt,
});
