import { createActor } from 'xstate';
import type { Clock } from '../../../core/base/ports.ts';
import type { Millis } from '../../../core/base/time.ts';
import { type FileEffects, type FileEvent, fileMachine } from './machine.ts';
import { timersOf } from './timers.ts';

/** The machine's top states; what `draining` is made of shows in the questions of `FileActor`. */
export type FileState =
  | 'opening'
  | 'waiting'
  | 'refused'
  | 'unreadable'
  | 'following'
  | 'draining'
  | 'dozing'
  | 'laidAside';

export interface FileActorParts {
  readonly clock: Clock;
  readonly grace: Millis;
  readonly crash: (cause: unknown) => void;
  /** After every event, whether it meant something or not. */
  readonly changed: () => void;
}

/** One path's `fileMachine`, running. While an effect is called the state is still the one before. */
export class FileActor {
  readonly #actor;

  constructor(effects: FileEffects, { clock, grace, crash, changed }: FileActorParts) {
    this.#actor = createActor(fileMachine, { clock: timersOf(clock), input: { effects, grace } });
    this.#actor.subscribe({ next: changed, error: crash });
  }

  start(): void {
    this.#actor.start();
  }

  stop(): void {
    this.#actor.stop();
  }

  send(event: FileEvent): void {
    this.#actor.send(event);
  }

  get state(): FileState {
    const { value } = this.#actor.getSnapshot();
    return typeof value === 'string' ? value : 'draining';
  }

  /** A file is open to be read. */
  get isReading(): boolean {
    return this.state === 'following' || this.state === 'draining';
  }

  /** The old file is drained and the path leads nowhere. */
  get isOrphaned(): boolean {
    return this.#actor.getSnapshot().matches({ draining: { emptied: 'orphaned' } });
  }

  /** Nothing is under way, so that the descriptor may go. */
  get isAtRest(): boolean {
    const snapshot = this.#actor.getSnapshot();
    return snapshot.matches('following') || snapshot.matches({ draining: { emptied: 'resting' } }) || this.isOrphaned;
  }

  /** The old file's writer is not waited for any more. */
  get isOverdue(): boolean {
    return this.#actor.getSnapshot().context.overdue;
  }

  /** The end of a run over the file is news to the machine: while it drains, or after failures. */
  get expectsRunEnds(): boolean {
    return this.state !== 'following' || this.#actor.getSnapshot().context.failures > 0;
  }
}
