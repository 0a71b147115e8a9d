import type { Clock } from '../../base/ports.ts';
import type { StreamSink } from '../http.ts';
import type { Surface } from '../surface.ts';
import { KEEPALIVE } from './frame.ts';
import { Pulse } from './pulse.ts';

export interface OpenStream {
  readonly sink: StreamSink;
  /** Asked before each sign of life; `false` ends the stream. */
  readonly isGood: () => boolean;
  /** Told when it was ended for that. */
  readonly onDoubt: () => void;
}

/** The open streams of a surface: no more than its limit, each with signs of life, none outliving its credential. */
export class OpenStreams {
  readonly #limit: number;
  readonly #pulse: Pulse;
  #open = 0;

  constructor({ streams, keepalive }: Pick<Surface['limits'], 'streams' | 'keepalive'>, clock: Pick<Clock, 'after'>) {
    this.#limit = streams;
    this.#pulse = new Pulse(clock, keepalive);
  }

  get open(): number {
    return this.#open;
  }

  /** Takes a place until `signal` aborts; `false` when there is none. */
  enter(signal: AbortSignal): boolean {
    if (this.#open >= this.#limit || signal.aborted) return false;
    this.#open++;
    signal.addEventListener('abort', () => this.#open--, { once: true });
    return true;
  }

  keepAlive({ sink, isGood, onDoubt }: OpenStream, signal: AbortSignal): void {
    let isOver = false;
    const beat = () => {
      if (isOver) return;
      if (isGood()) {
        sink.write(KEEPALIVE);
        return;
      }
      isOver = true;
      onDoubt();
      sink.end();
    };
    this.#pulse.add(beat, signal);
  }
}
