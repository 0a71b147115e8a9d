import type { Clock } from '../../base/ports.ts';
import type { StreamSink } from '../http.ts';
import type { Surface } from '../surface.ts';
import { KEEPALIVE } from './frame.ts';
import { Pulse } from './pulse.ts';

type StreamLimits = Pick<Surface['limits'], 'streams' | 'streamsOfOne' | 'keepalive'>;

export interface OpenStream {
  readonly sink: StreamSink;
  /** Asked before each sign of life; `false` ends the stream. */
  readonly isGood: () => boolean;
  /** Told when it was ended for that. */
  readonly onDoubt: () => void;
}

/** The open streams of a surface: no more than its limits, each with signs of life, none outliving its credential. */
export class OpenStreams {
  readonly #limits: StreamLimits;
  readonly #pulse: Pulse;
  /** By name of the principal. */
  readonly #ofOne = new Map<string, number>();
  #open = 0;

  constructor(limits: StreamLimits, clock: Pick<Clock, 'after'>) {
    this.#limits = limits;
    this.#pulse = new Pulse(clock, limits.keepalive);
  }

  get open(): number {
    return this.#open;
  }

  /** Takes a place until `signal` aborts; `false` when there is none, or none for this principal. */
  enter(name: string, signal: AbortSignal): boolean {
    const own = this.#ofOne.get(name) ?? 0;
    const { streams, streamsOfOne } = this.#limits;
    if (this.#open >= streams || own >= streamsOfOne || signal.aborted) return false;
    this.#open++;
    this.#ofOne.set(name, own + 1);
    signal.addEventListener('abort', () => this.#leave(name), { once: true });
    return true;
  }

  #leave(name: string): void {
    this.#open--;
    const left = (this.#ofOne.get(name) ?? 1) - 1;
    if (left > 0) this.#ofOne.set(name, left);
    else this.#ofOne.delete(name);
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
