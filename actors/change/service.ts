import type { Component } from '../../core/base/component.ts';
import type { Clock, Log, Random } from '../../core/base/ports.ts';
import { fail, messageOf, type Ok, ok } from '../../core/base/result.ts';
import { goDuration, type Millis, millis, plus, seconds } from '../../core/base/time.ts';
import { Turns } from '../../core/base/turns.ts';
import type { Change, ChangeId } from '../../core/change/change.ts';
import type {
  ChangeRequest,
  Changes,
  ConfirmRequest,
  EndFailure,
  Pending,
  PendingFailure,
  ProposeFailure,
} from '../../core/change/changes.ts';
import { freshness } from '../../core/change/connection.ts';
import { decideStart, LONGEST_TRIAL, SHORTEST_TRIAL } from '../../core/change/deadline.ts';
import { unheardOf } from '../../core/change/probing.ts';
import { ended } from '../../core/change/record.ts';
import type { FileAttributes } from '../../core/change/texts.ts';
import type { Records } from '../store/index.ts';
import type { Service } from '../supervisor/index.ts';
import type { BootClock } from './boot-clock.ts';
import type { ChangeDisk } from './disk.ts';
import { type FoundTrial, TrialFolder } from './folder.ts';
import { ChangeHistory } from './history.ts';
import { isBusy } from './machine.ts';
import type { Draft, OnTrial } from './on-trial.ts';
import type { Subject } from './port.ts';
import { newTrial, onTrial } from './proposal.ts';
import { runRound } from './round.ts';
import { ChangeRun, telling } from './run.ts';
import { TrialWork } from './work.ts';

/** How long after an answer the restart comes that the answer spoke of. */
const RESTART_AFTER: Millis = millis(250);
/** For what is found out before a change. */
const BASELINE_LIMIT: Millis = seconds(3);

export interface ChangeDeps {
  /** Absolute. */
  readonly stateDirectory: string;
  readonly disk: ChangeDisk;
  /** What this process makes files with. */
  readonly own: Pick<FileAttributes, 'uid' | 'gid'>;
  readonly records: Records;
  readonly clock: Clock;
  readonly bootClock: BootClock;
  readonly random: Random;
  readonly log: Log;
  readonly subjects: readonly Subject[];
  /** Ends the process with the code that asks for a new start, once so much time has passed. */
  readonly requestRestart: (after: Millis) => void;
  /** Told of every change of state, the end included. */
  readonly publish: (change: Change) => void;
}

/**
 * Changes on trial, as a supervised service. A start takes up or undoes what an earlier run left on trial, and resolves
 * when that is done; one that cannot be undone yet does not hold the start up, since somebody must be able to see it.
 */
export class ChangeService implements Changes, Service {
  readonly id = 'change';
  readonly #deps: ChangeDeps;
  readonly #subjects: ReadonlyMap<string, Subject>;
  readonly #folder: TrialFolder;
  readonly #history: ChangeHistory;
  readonly #work: TrialWork;
  readonly #proposals = new Turns();
  readonly #listeners = new Set<(change: Change) => void>();
  readonly #counters = { proposed: 0, confirmed: 0, reverted: 0 };
  #run: ChangeRun | undefined;
  /** A trial that was found and cannot be undone: said until the next start. */
  #damage: string | undefined;
  /** Why the folder is not ready; tried again with the next proposal. */
  #unready: string | undefined;
  #since: Millis;

  constructor(deps: ChangeDeps) {
    const { disk, stateDirectory, own, records, clock, bootClock, log } = deps;
    this.#deps = deps;
    this.#subjects = new Map(deps.subjects.map((subject) => [subject.name, subject]));
    this.#folder = new TrialFolder(disk, stateDirectory, own);
    this.#history = new ChangeHistory({ records, folder: this.#folder, log });
    this.#work = new TrialWork({ folder: this.#folder, subjects: this.#subjects, clock, bootClock, log });
    this.#since = clock.now();
  }

  async start(crash: (cause: unknown) => void): Promise<void> {
    this.#damage = undefined;
    const run = this.#makeRun(crash);
    await this.#openFolder();
    const found = await this.#folder.read();
    if (!found.ok) await this.#setAside(found.public);
    else if (found.value !== undefined) this.#takeUp(run, found.value);
    // Nothing may be proposed before it is known what is on trial.
    this.#run = run;
    await run.settled();
    await this.#history.take();
  }

  async stop(): Promise<void> {
    const run = this.#run;
    this.#run = undefined;
    await run?.stop();
    await this.#history.take();
  }

  /** To be called when the whole program has started: starts that failed before no longer count against the trial. */
  async startSucceeded(): Promise<void> {
    await this.#folder.forgetFailures().catch((thrown: unknown) => {
      this.#deps.log('error', 'failed starts cannot be forgotten', { error: messageOf(thrown) });
    });
  }

  pending(): Pending | undefined {
    const change = this.#run?.change;
    if (change === undefined) return undefined;
    const { clock, bootClock } = this.#deps;
    const left = millis(Math.max(0, change.deadline - bootClock.now()));
    return { change, left, until: plus(clock.now(), left) };
  }

  async list(limit: number, before?: ChangeId): Promise<readonly Change[]> {
    const own = this.#run?.change;
    const ended = await this.#history.list(limit, before);
    const isListed = own !== undefined && (before === undefined || own.id < before);
    return isListed ? [own, ...ended.filter(({ id }) => id !== own.id)].slice(0, limit) : ended;
  }

  async get(id: ChangeId): Promise<Change | undefined> {
    const own = this.#run?.change;
    return own?.id === id ? own : await this.#history.get(id);
  }

  async propose(request: ChangeRequest): Promise<Ok<Change> | ProposeFailure> {
    return this.#busy() ?? (await this.#proposals.run(async () => this.#busy() ?? (await this.#propose(request))));
  }

  confirm({ id, word, connection }: ConfirmRequest): Promise<Ok<Change> | EndFailure> {
    return this.#inTurn(id, async (run) => {
      if (run.snapshot.matches('stuck')) return fail('failed', 'the change is being reverted');
      const { placed } = run.trial ?? {};
      if (placed === undefined) {
        return fail('failed', 'not in place before the restart that was asked for; confirm after it');
      }
      const fresh = freshness(connection, placed, this.#moment());
      if (!fresh.ok) return fresh;
      const draft: Draft = { by: 'word', why: `confirmed by ${word.actor}`, word, freshConnection: fresh.value };
      run.send({ type: 'confirm', draft });
      return await this.#outcome(run, id, 'confirmed');
    });
  }

  revert({ id, word }: { readonly id: ChangeId; readonly word: Change['word'] }): Promise<Ok<Change> | EndFailure> {
    return this.#inTurn(id, async (run) => {
      run.send({ type: 'revert', draft: { by: 'word', why: `reverted by ${word.actor}`, word } });
      return await this.#outcome(run, id, 'reverted');
    });
  }

  onChange(listener: (change: Change) => void): () => void {
    const telltale = telling(this.#deps.log, listener);
    this.#listeners.add(telltale);
    return () => this.#listeners.delete(telltale);
  }

  component(): Component {
    const pending = this.pending();
    const { error } = this.#run?.snapshot.context ?? {};
    const stuck =
      pending?.change.state === 'stuck'
        ? `change ${pending.change.id} cannot be reverted and is tried again: ${error ?? 'unknown'}`
        : undefined;
    const message = stuck ?? this.#damage ?? this.#unready;
    const detail = pending && `change ${pending.change.id} is on trial for ${goDuration(pending.left)}`;
    return {
      name: 'change',
      state: message === undefined ? 'ok' : 'failed',
      ...(message === undefined ? {} : { message }),
      ...(detail === undefined ? {} : { detail }),
      since: this.#since,
      counters: { ...this.#counters },
    };
  }

  #makeRun(crash: (cause: unknown) => void): ChangeRun {
    const { clock, bootClock, log, requestRestart } = this.#deps;
    const publish = telling(log, this.#deps.publish);
    return new ChangeRun({
      work: this.#work,
      clock,
      bootClock,
      log,
      onEnd: (change) => {
        this.#counters[change.verdict?.result ?? 'reverted']++;
        log('info', 'change ended', { id: change.id, subject: change.subject, ...change.verdict });
        this.#history.note(change);
        void this.#history.take();
      },
      onState: (change) => {
        this.#since = clock.now();
        publish(change);
        for (const listener of this.#listeners) listener(change);
      },
      askRestart: () => requestRestart(RESTART_AFTER),
      onFatal: crash,
    });
  }

  /** A disk that refuses does not keep the program from starting; nothing can be put on trial until it obeys. */
  async #openFolder(): Promise<void> {
    try {
      await this.#folder.open();
      this.#unready = undefined;
    } catch (thrown) {
      this.#unready = `nothing can be put on trial: ${messageOf(thrown)}`;
      this.#deps.log('error', 'the folder of trials cannot be made ready', { error: messageOf(thrown) });
    }
  }

  async #setAside(why: string): Promise<void> {
    const aside = await this.#folder.setAside(String(this.#deps.clock.now()));
    this.#damage = `a trial was found that cannot be read (${why}) and so not be reverted; it lies in ${aside}: see whether what it changed is as you want it`;
    this.#deps.log('error', 'a trial cannot be read', { why, aside });
  }

  #takeUp(run: ChangeRun, { facts, change, snapshot, verdict, failures }: FoundTrial): void {
    const { bootId } = this.#deps.bootClock;
    const uptime = this.#deps.bootClock.now();
    const decision = decideStart({ trial: facts, verdict, bootId, uptime, failures });
    const trial = onTrial(change, { facts, snapshot }, this.#subjects.get(change.subject));
    if (decision.do === 'revert') {
      const { word } = verdict === undefined ? {} : (ended(change, verdict).verdict ?? {});
      const { by, why } = decision;
      run.send({ type: 'recover', trial, draft: { by, why, ...(word === undefined ? {} : { word }) } });
    } else if (decision.do === 'resume') {
      const { deadline } = decision.trial;
      const resumed = { ...change, deadline, bootId };
      run.send({ type: 'resume', trial: { ...trial, change: resumed, facts: decision.trial } });
    }
  }

  #busy(): PendingFailure | undefined {
    const busy = this.pending();
    if (busy === undefined) return undefined;
    const { id, word, state } = busy.change;
    const text =
      state === 'stuck'
        ? `change ${id} could not be reverted yet`
        : `change ${id} of ${word.actor} is on trial for another ${goDuration(busy.left)}`;
    return { ...fail('pending', text), busy };
  }

  async #propose(request: ChangeRequest): Promise<Ok<Change> | ProposeFailure> {
    const run = this.#run;
    const subject = this.#subjects.get(request.subject);
    if (run === undefined) return fail('failed', 'changes are not taken now; nothing was changed');
    if (subject === undefined) return fail('unknown_subject', `there is no subject ${request.subject}`);
    if (!(request.trial >= SHORTEST_TRIAL && request.trial <= LONGEST_TRIAL)) {
      return fail('invalid', `a trial lasts ${goDuration(SHORTEST_TRIAL)} to ${goDuration(LONGEST_TRIAL)}`);
    }
    const prepared = await subject.prepare(request.proposal);
    if (!prepared.ok) return prepared;
    const { clock, bootClock, random } = this.#deps;
    const made = newTrial(request, prepared.value, { subject, clock, bootClock, random });
    const asksProbes = request.confirmedBy === 'probes' && request.forcedBecause === undefined;
    const trial = asksProbes ? await this.#lookedAround(made, subject) : made;
    if (asksProbes && trial.probes.length === 0) {
      return fail('invalid', 'there are no probes that could confirm this; confirm it by a word');
    }
    this.#counters.proposed++;
    const begun = await this.#begin(run, trial);
    await run.settled().catch(() => undefined);
    return this.#proposed(run, trial.change, begun);
  }

  /** Finds out which probes do not pass even before the change. They have a short while for it: the client waits. */
  async #lookedAround(made: OnTrial, subject: Subject): Promise<OnTrial> {
    const around = subject.probes(made.change).filter(({ looksAround }) => looksAround);
    if (around.length === 0) return made;
    const over = new AbortController();
    const cancel = this.#deps.clock.after(BASELINE_LIMIT, () => over.abort());
    const before = await runRound(around, made.change, this.#deps, over.signal);
    cancel();
    const evidence = before.map((one) => ({ ...one, detail: `before the change: ${one.detail}` }));
    const change = { ...made.change, evidence, unheard: unheardOf(before) };
    return { ...onTrial(change, made, subject), plan: made.plan };
  }

  /** @returns why the snapshot did not get to disk */
  async #begin(run: ChangeRun, trial: OnTrial): Promise<string | undefined> {
    const { change, facts, snapshot } = trial;
    try {
      if (this.#unready !== undefined) await this.#openFolder();
      await this.#folder.begin(facts, change, snapshot);
      // The deadline counts from here, where the disk has taken its time.
      const deadline = plus(this.#deps.bootClock.now(), change.trial);
      run.send({ type: 'begin', trial: { ...trial, change: { ...change, deadline } } });
      return undefined;
    } catch (thrown) {
      const why = messageOf(thrown);
      this.#deps.log('error', 'a trial cannot begin', { id: change.id, error: why });
      const hasBegun = await this.#folder.abandon().catch(() => true);
      if (hasBegun) run.send({ type: 'recover', trial, draft: { by: 'apply_failed', why } });
      return why;
    }
  }

  #proposed(run: ChangeRun, { id }: Change, begun: string | undefined): Ok<Change> | ProposeFailure {
    if (run.snapshot.status !== 'active') {
      return fail('failed', 'stopped before it was in place; the next start puts back what was');
    }
    const standing = run.change;
    if (standing?.id === id && standing.state !== 'stuck') return ok(standing);
    if (standing?.id === id) {
      return fail('failed', `could not be applied and not be put back yet, which is tried again: ${this.#error(run)}`);
    }
    const last = run.ended?.id === id ? run.ended : undefined;
    if (last?.verdict?.result === 'confirmed') return ok(last);
    return fail('failed', `could not be applied, and everything is as before: ${begun ?? last?.verdict?.why ?? ''}`);
  }

  /** Lets `end` begin, synchronously, at a moment when that change is on trial or stuck and nothing is being done with it. */
  async #inTurn(
    id: ChangeId,
    end: (run: ChangeRun) => Promise<Ok<Change> | EndFailure>,
  ): Promise<Ok<Change> | EndFailure> {
    for (;;) {
      const run = this.#run;
      if (run === undefined || run.snapshot.status !== 'active') return fail('failed', 'changes are not taken now');
      if (run.change?.id !== id) return this.#notStanding(run, id);
      if (!isBusy(run.snapshot)) return await end(run);
      await run.settled().catch(() => undefined);
    }
  }

  #notStanding({ change, ended }: ChangeRun, id: ChangeId): EndFailure {
    if (change !== undefined) return fail('other', `another change is on trial: ${change.id}`);
    const { verdict } = ended?.id === id ? ended : {};
    const how = verdict === undefined ? '' : `: the change was ${verdict.result} already, ${verdict.why}`;
    return fail('none', `nothing is on trial${how}`);
  }

  async #outcome(run: ChangeRun, id: ChangeId, wanted: 'confirmed' | 'reverted'): Promise<Ok<Change> | EndFailure> {
    await run.settled().catch(() => undefined);
    const last = run.ended?.id === id ? run.ended : undefined;
    if (last === undefined) return fail('failed', `could not be ${wanted}: ${this.#error(run)}`);
    if (last.verdict?.result === wanted) return ok(last);
    return fail('none', `the change was ${last.state}: ${last.verdict?.why ?? ''}`);
  }

  #moment() {
    return { wall: this.#deps.clock.now(), boot: this.#deps.bootClock.now() };
  }

  readonly #error = (run: ChangeRun): string => run.snapshot.context.error ?? 'stopped meanwhile';
}
