import { seconds } from '../../base/time.ts';
import type { StreamSink } from '../http.ts';
import type { Images, UpdateStand } from '../image.ts';
import { eventFrame, retryFrame } from './frame.ts';

const RETRY = seconds(2);

interface Watcher {
  readonly sink: StreamSink;
  /** It has not taken what it was sent: it gets the newest when it has, and nothing of what was between. */
  isFull: boolean;
}

/**
 * Tells any number of clients where an update is: at once, and with each step. Only the newest counts, so nothing is
 * replayed.
 */
export class ImageWatch {
  readonly #images: Pick<Images, 'onProgress' | 'stand'>;
  readonly #show: (stand: UpdateStand) => unknown;
  readonly #watchers = new Set<Watcher>();
  #unsubscribe: (() => void) | undefined;

  /** @param show what a client gets to see of a step */
  constructor(images: Pick<Images, 'onProgress' | 'stand'>, show: (stand: UpdateStand) => unknown) {
    this.#images = images;
    this.#show = show;
  }

  /** Serves a client until `signal` aborts. */
  join(sink: StreamSink, signal: AbortSignal): void {
    if (signal.aborted) return;
    const watcher: Watcher = { sink, isFull: false };
    this.#watchers.add(watcher);
    this.#unsubscribe ??= this.#images.onProgress((stand) => this.#tell(stand));
    signal.addEventListener('abort', () => this.#leave(watcher), { once: true });
    sink.write(retryFrame(RETRY));
    this.#send(watcher, this.#frame(this.#images.stand()));
  }

  #leave(watcher: Watcher): void {
    this.#watchers.delete(watcher);
    if (this.#watchers.size > 0) return;
    this.#unsubscribe?.();
    this.#unsubscribe = undefined;
  }

  #tell(stand: UpdateStand): void {
    const frame = this.#frame(stand);
    for (const watcher of this.#watchers) this.#send(watcher, frame);
  }

  #frame(stand: UpdateStand): Uint8Array {
    return eventFrame({ event: 'update', data: this.#show(stand) });
  }

  #send(watcher: Watcher, frame: Uint8Array): void {
    if (watcher.isFull || watcher.sink.write(frame)) return;
    watcher.isFull = true;
    watcher.sink.onDrain(() => {
      watcher.isFull = false;
      this.#send(watcher, this.#frame(this.#images.stand()));
    });
  }
}
