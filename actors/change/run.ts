import { type Actor, createActor, fromPromise, waitFor } from 'xstate';
import type { Clock, Log } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';
import type { Change, ChangeState } from '../../core/change/change.ts';
import { machineClock } from '../clock/index.ts';
import type { BootClock } from './boot-clock.ts';
import { type ChangeEvent, type ChangeSnapshot, changeMachine, isBusy, stateOf } from './machine.ts';
import type { Ended, OnTrial } from './on-trial.ts';
import type { TrialWork } from './work.ts';

export interface RunDeps {
  readonly work: TrialWork;
  readonly clock: Clock;
  readonly bootClock: BootClock;
  readonly log: Log;
  /** Called at every end, before anybody is told of it. */
  readonly onEnd: (change: Change) => void;
  /** Called at every change of state, the end included. */
  readonly onState: (change: Change) => void;
  readonly askRestart: () => void;
  /** A subject hangs, or the machine is broken. */
  readonly onFatal: (cause: unknown) => void;
}

/** The machine at work, from a start of the service to its stop. */
export class ChangeRun {
  readonly #deps: RunDeps;
  readonly #actor: Actor<typeof changeMachine>;
  #told: { readonly id: string; readonly state: ChangeState } | undefined;
  #ended: Change | undefined;
  #isHanging = false;

  constructor(deps: RunDeps) {
    const { work, clock, bootClock, onFatal } = deps;
    this.#deps = deps;
    const machine = changeMachine.provide({
      actors: {
        apply: fromPromise(({ input }) => work.apply(input)),
        resume: fromPromise(({ input }) => work.resume(input)),
        round: fromPromise(({ input, signal }) => work.round(input, signal)),
        confirm: fromPromise(({ input }) => work.confirm(input)),
        revert: fromPromise(({ input }) => work.revert(input)),
      },
      actions: {
        conclude: (_, ended) => this.#conclude(ended),
        askRestart: () => deps.askRestart(),
        giveUp: (_, { doing }) => this.#giveUp(doing),
      },
    });
    this.#actor = createActor(machine, { input: { uptime: () => bootClock.now() }, clock: machineClock(clock) });
    this.#actor.subscribe({ next: (snapshot) => this.#tell(snapshot), error: onFatal });
    this.#actor.start();
  }

  get snapshot(): ChangeSnapshot {
    return this.#actor.getSnapshot();
  }

  /** What is on trial, in the state it is in. */
  get change(): Change | undefined {
    const state = stateOf(this.snapshot);
    const trial = this.snapshot.context.trial;
    return state === undefined || trial === undefined ? undefined : { ...trial.change, state };
  }

  get trial(): OnTrial | undefined {
    return this.snapshot.context.trial;
  }

  /** The change that ended last. */
  get ended(): Change | undefined {
    return this.#ended;
  }

  send(event: ChangeEvent): void {
    this.#actor.send(event);
  }

  /** Resolves when nothing is being applied, confirmed or reverted. Rejects when the run is stopped meanwhile. */
  async settled(): Promise<void> {
    await waitFor(this.#actor, (snapshot) => !isBusy(snapshot));
  }

  /** Lets work under way come to its end, unless it hangs; what is on trial stays on disk and in the kernel. */
  async stop(): Promise<void> {
    if (!this.#isHanging && this.snapshot.status === 'active') await this.settled().catch(() => undefined);
    this.#actor.stop();
  }

  #conclude({ change }: Ended): void {
    this.#ended = change;
    this.#deps.onEnd(change);
    this.#deps.onState(change);
  }

  #giveUp(doing: string): void {
    this.#isHanging = true;
    const { id = '', subject = '' } = this.change ?? {};
    this.#deps.onFatal(new Error(`${subject} does not come to an end with ${doing} of change ${id}`));
  }

  #tell(snapshot: ChangeSnapshot): void {
    const change = this.change;
    const { error, failures } = snapshot.context;
    if (change !== undefined && (change.id !== this.#told?.id || change.state !== this.#told.state)) {
      const { id, subject, state } = change;
      if (state === 'stuck') this.#deps.log('error', 'a change cannot be reverted', { id, subject, error, failures });
      else this.#deps.log('info', 'change', { id, subject, state, ...(error === undefined ? {} : { error }) });
      this.#deps.onState(change);
    }
    this.#told = change === undefined ? undefined : { id: change.id, state: change.state };
  }
}

/** For what is told to somebody who may be broken: a bug there must not stop a trial. */
export function telling(log: Log, tell: (change: Change) => void): (change: Change) => void {
  return (change) => {
    try {
      tell(change);
    } catch (thrown) {
      log('error', 'who was told of a change failed', { id: change.id, error: messageOf(thrown) });
    }
  };
}
