import type { Clock, Log } from '../../core/base/ports.ts';
import { messageOf, type Result } from '../../core/base/result.ts';
import { type Millis, millis } from '../../core/base/time.ts';
import type { Change, Evidence, Verdict } from '../../core/change/change.ts';
import { withRound } from '../../core/change/probing.ts';
import type { BootClock } from './boot-clock.ts';
import type { TrialFolder } from './folder.ts';
import type { Draft, Ended, EndInput, OnTrial, Placed } from './on-trial.ts';
import type { Applied, Holds, Subject, Trial } from './port.ts';
import { runRound } from './round.ts';

export interface WorkDeps {
  readonly folder: TrialFolder;
  readonly subjects: ReadonlyMap<string, Subject>;
  readonly clock: Clock;
  readonly bootClock: BootClock;
  readonly log: Log;
}

/**
 * What is done in the states of a trial, in the order that makes every crash end in the confirmed or the previous state.
 * Each may be done again after a crash, and rejects when it did not come to its end; the message may be shown.
 */
export class TrialWork {
  readonly #deps: WorkDeps;

  constructor(deps: WorkDeps) {
    this.#deps = deps;
  }

  async apply(trial: OnTrial): Promise<Placed> {
    const { change } = trial;
    const applied = orThrow(await this.#subject(change).apply(trial.plan, this.#trialOf(change)));
    return await this.#place(trial, applied);
  }

  async resume(trial: OnTrial): Promise<Placed> {
    const { change, snapshot } = trial;
    orThrow(await this.#subject(change).resume(change, this.#trialOf(change), snapshot));
    return await this.#place(trial, { takesEffect: 'now' });
  }

  async round({ change }: OnTrial, signal: AbortSignal): Promise<readonly Evidence[]> {
    const round = await runRound(this.#subject(change).probes(change), change, this.#deps, signal);
    if (!signal.aborted) await this.#keepEvidence({ ...change, evidence: withRound(change.evidence, round) });
    return round;
  }

  /** Kernel, then the rename on disk, then the answer. */
  async confirm({ trial, draft }: EndInput): Promise<Ended> {
    const { change } = trial;
    orThrow(await this.#subject(change).confirm(change));
    await this.#mustHold(trial, 'after');
    return { change: await this.#end(change, 'confirmed', draft), takesEffect: 'now' };
  }

  /**
   * That it is to be undone goes on disk first, so that no start takes a half-undone trial up again. A disk that refuses
   * this may take the rest, or leave at least the kernel to be put back: it is no reason not to try.
   */
  async revert({ trial, draft }: EndInput): Promise<Ended> {
    const { folder, clock, log } = this.#deps;
    const { change } = trial;
    await folder.decide(change, { ...draft, result: 'reverted', at: clock.now() }).catch((thrown: unknown) => {
      log('error', 'the verdict cannot be written', { id: change.id, error: messageOf(thrown) });
    });
    const { takesEffect } = orThrow(await this.#subject(change).revert(change, trial.snapshot));
    await this.#mustHold(trial, 'before');
    return { change: await this.#end(change, 'reverted', draft), takesEffect };
  }

  async #place(trial: OnTrial, { takesEffect }: Applied): Promise<Placed> {
    const { folder, clock, bootClock } = this.#deps;
    const facts = { ...trial.facts, deadline: trial.change.deadline };
    const placed = trial.placed ?? { wall: clock.now(), boot: bootClock.now() };
    const isPlaced = takesEffect === 'now';
    const change = isPlaced ? { ...trial.change, appliedAt: trial.change.appliedAt ?? placed.wall } : trial.change;
    await folder.place(facts, change);
    return { trial: { ...trial, facts, change, ...(isPlaced ? { placed } : {}) }, takesEffect };
  }

  async #end(change: Change, result: Verdict['result'], draft: Draft): Promise<Change> {
    const verdict: Verdict = { ...draft, result, at: this.#deps.clock.now() };
    const ended: Change = { ...change, state: result, verdict };
    await this.#deps.folder.end(ended, verdict);
    return ended;
  }

  async #mustHold({ change, snapshot }: OnTrial, wanted: Holds): Promise<void> {
    const holds = orThrow(await this.#subject(change).look(change, snapshot));
    if (holds === wanted) return;
    const [is, should] = [holds, wanted].map((one) => STATES[one]);
    throw new Error(`read back, file and kernel hold ${is}, not ${should}`);
  }

  /** A disk that refuses costs what a crash would lose of it, and stops nothing. */
  async #keepEvidence(change: Change): Promise<void> {
    const { folder, log } = this.#deps;
    await folder.keep(change).catch((thrown: unknown) => {
      log('warn', 'evidence cannot be written', { id: change.id, error: messageOf(thrown) });
    });
  }

  #trialOf({ id, deadline }: Change): Trial {
    return { id, left: (): Millis => millis(Math.max(0, deadline - this.#deps.bootClock.now())) };
  }

  #subject({ subject }: Change): Subject {
    const found = this.#deps.subjects.get(subject);
    if (found === undefined) throw new Error(`this version knows no subject ${subject}`);
    return found;
  }
}

const STATES: Readonly<Record<Holds, string>> = {
  before: 'what was before the change',
  after: 'what the change made',
  neither: 'neither what was before the change nor what it made',
};

function orThrow<V>(result: Result<V, 'failed'>): V {
  if (result.ok) return result.value;
  throw new Error(result.public, { cause: result.cause });
}
