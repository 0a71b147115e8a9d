import type { Clock } from '../../base/ports.ts';
import { millis, seconds } from '../../base/time.ts';
import type { Change } from '../../change/change.ts';
import type { Changes } from '../../change/changes.ts';
import type { StreamSink } from '../http.ts';
import { eventFrame, retryFrame } from './frame.ts';

/** How often the time that is left is told anew, so that a countdown elsewhere never drifts far. */
const BEAT = seconds(5);
const RETRY = seconds(2);

interface Watcher {
  readonly sink: StreamSink;
  /** It has not taken what it was sent: it gets the newest when it has, and nothing of what was between. */
  isFull: boolean;
}

/**
 * Tells any number of clients what is on trial: at once, with every change of state, and every few seconds while a trial
 * lasts. Only the newest counts, so nothing is replayed. No timer runs while nobody listens or nothing is on trial.
 */
export class ChangeWatch {
  readonly #changes: Changes;
  readonly #clock: Clock;
  readonly #show: (ended: Change | undefined) => unknown;
  readonly #watchers = new Set<Watcher>();
  #unsubscribe: (() => void) | undefined;
  #cancel: (() => void) | undefined;

  /** @param show what a client gets to see of what is on trial, or of the change that has just ended */
  constructor(changes: Changes, clock: Clock, show: (ended: Change | undefined) => unknown) {
    this.#changes = changes;
    this.#clock = clock;
    this.#show = show;
  }

  /** Serves a client until `signal` aborts. */
  join(sink: StreamSink, signal: AbortSignal): void {
    if (signal.aborted) return;
    const watcher: Watcher = { sink, isFull: false };
    this.#watchers.add(watcher);
    this.#unsubscribe ??= this.#changes.onChange((change) => this.#tell(change));
    signal.addEventListener('abort', () => this.#leave(watcher), { once: true });
    sink.write(retryFrame(RETRY));
    this.#send(watcher, this.#frame(undefined));
    this.#beatOn();
  }

  #leave(watcher: Watcher): void {
    this.#watchers.delete(watcher);
    if (this.#watchers.size > 0) return;
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
    this.#rest();
  }

  #tell(change: Change | undefined): void {
    const frame = this.#frame(change?.verdict === undefined ? undefined : change);
    for (const watcher of this.#watchers) this.#send(watcher, frame);
    this.#beatOn();
  }

  #beatOn(): void {
    if (this.#changes.pending() === undefined) {
      this.#rest();
      return;
    }
    this.#cancel ??= this.#clock.after(millis(BEAT), () => {
      this.#cancel = undefined;
      this.#tell(undefined);
    });
  }

  #rest(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #frame(ended: Change | undefined): Uint8Array {
    return eventFrame({ event: 'change', data: this.#show(ended) });
  }

  #send(watcher: Watcher, frame: Uint8Array): void {
    if (watcher.isFull || watcher.sink.write(frame)) return;
    watcher.isFull = true;
    watcher.sink.onDrain(() => {
      watcher.isFull = false;
      this.#send(watcher, this.#frame(undefined));
    });
  }
}
