import { type Actor, createActor, type InspectionEvent } from 'xstate';
import type { Component } from '../../core/base/component.ts';
import type { Clock, Log } from '../../core/base/ports.ts';
import { messageOf } from '../../core/base/result.ts';
import { machineClock } from '../clock/index.ts';
import { componentsOf } from './components.ts';
import { type ChildActor, type GroupInput, groupMachine } from './machine.ts';
import { serviceMachine, type UnitReport } from './service-machine.ts';
import { isSupervisor, type Supervisor } from './supervise.ts';

export type { Service } from './service.ts';
export {
  type Backoff,
  type Intensity,
  type Strategy,
  type Supervisor,
  type SupervisorSpec,
  supervise,
} from './supervise.ts';

/** Exit code that asks the service manager to start the program again (EX_TEMPFAIL of sysexits.h). */
export const EXIT_RESTART = 75;

export interface SupervisedDeps {
  readonly clock: Clock;
  readonly log: Log;
  /** Ends a start that is under way; what was started is stopped. */
  readonly signal?: AbortSignal;
}

/** A running tree. */
export interface Supervised {
  /** Stops everything, last started first. Always resolves, at the latest when every limit has passed. Idempotent. */
  stop(): Promise<void>;
  /** Every service and group below the root, in the order of their starts. */
  components(): readonly Component[];
  /**
   * Called once when the root gives up, with what led to it; everything has been stopped by then, and the process is to
   * exit with `EXIT_RESTART`. Called at once when that has happened already. Returns the unsubscriber.
   */
  onFatal(listener: (cause: string) => void): () => void;
}

type Root = Actor<typeof groupMachine>;
type Rest = 'up' | 'failed' | 'idle';

/**
 * Starts the tree. Resolves when every child is usable (a group that gave up and is not critical does not count); rejects
 * when the root gives up or `signal` is aborted, and everything is stopped by then.
 */
export async function startSupervised(root: Supervisor, { clock, log, signal }: SupervisedDeps): Promise<Supervised> {
  const actor = createActor(groupMachine, {
    clock: machineClock(clock),
    input: inputOf(root, clock),
    inspect: (event) => tell(log, event),
  });
  actor.start();
  actor.send({ type: 'start' });
  const abort = (): void => actor.send({ type: 'stop' });
  signal?.addEventListener('abort', abort);
  if (signal?.aborted === true) abort();
  const state = await rest(actor);
  signal?.removeEventListener('abort', abort);
  if (state === 'idle') throw new Error('the start was aborted', { cause: signal?.reason });
  if (state === 'failed') throw new Error(`the start failed: ${causeOf(actor)}`);
  return {
    stop: async () => {
      actor.send({ type: 'stop' });
      await rest(actor, ['idle', 'failed']);
      actor.stop();
    },
    components: () => componentsOf(actor.getSnapshot().context),
    onFatal: (listener) => onFatal(actor, listener),
  };
}

function inputOf(spec: Supervisor, clock: Clock): GroupInput {
  const childActor: GroupInput['childActor'] = (child, { startLimit, stopLimit }): ChildActor =>
    isSupervisor(child)
      ? { logic: groupMachine, input: inputOf(child, clock) }
      : { logic: serviceMachine, input: { service: child, startLimit, stopLimit } };
  return { spec, now: () => clock.now(), childActor };
}

/** Resolves with the first of these states that the tree is in. */
function rest(actor: Root, among: readonly Rest[] = ['up', 'failed', 'idle']): Promise<Rest> {
  return new Promise((resolve) => {
    const look = (): boolean => {
      const state = restOf(actor);
      if (state === undefined || !among.includes(state)) return false;
      resolve(state);
      return true;
    };
    if (look()) return;
    const subscription = actor.subscribe({
      next: () => look() && subscription.unsubscribe(),
      error: () => resolve('failed'),
    });
  });
}

function restOf(actor: Root): Rest | undefined {
  const snapshot = actor.getSnapshot();
  if (snapshot.status === 'error' || snapshot.matches('failed')) return 'failed';
  if (snapshot.matches('idle')) return 'idle';
  return snapshot.matches({ running: 'up' }) ? 'up' : undefined;
}

function causeOf(actor: Root): string {
  const snapshot = actor.getSnapshot();
  return snapshot.status === 'error' ? messageOf(snapshot.error) : snapshot.context.cause;
}

function onFatal(actor: Root, listener: (cause: string) => void): () => void {
  let told = false;
  const look = (): void => {
    if (told || restOf(actor) !== 'failed') return;
    told = true;
    listener(causeOf(actor));
  };
  look();
  const subscription = actor.subscribe({ next: look, error: look });
  return () => {
    told = true;
    subscription.unsubscribe();
  };
}

/** Everything a unit reports to its supervisor goes into the log. */
function tell(log: Log, inspected: InspectionEvent): void {
  if (inspected.type !== '@xstate.event') return;
  const report = inspected.event as UnitReport;
  switch (report.type) {
    case 'unit.up':
      log('debug', 'started', { component: report.id });
      break;
    case 'unit.crashed':
      log('error', 'crashed', { component: report.id, cause: report.cause });
      break;
    case 'unit.stopped':
      if (report.trouble === undefined) log('debug', 'stopped', { component: report.id });
      else log('error', 'not stopped cleanly', { component: report.id, cause: report.trouble });
      break;
    default:
  }
}
