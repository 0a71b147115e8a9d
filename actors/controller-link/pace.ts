import type { Clock } from '../../core/base/ports.ts';
import { type Millis, millis } from '../../core/base/time.ts';

/** What a quiet link may send at once ahead of its rate. */
const BURST_SECONDS = 1;

/**
 * A bucket of bytes that fills at a rate. Who takes more than is in it leaves a debt that the next one waits for, so that no
 * message is too large to be sent ever.
 */
export class TokenBucket {
  readonly #clock: Pick<Clock, 'now'>;
  #rate = 0;
  #tokens = 0;
  #at: Millis;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
    this.#at = clock.now();
  }

  /** @param bytesPerSecond 0: no bound */
  setRate(bytesPerSecond: number): void {
    this.#fill();
    const isFirst = this.#rate === 0;
    this.#rate = bytesPerSecond;
    this.#tokens = isFirst ? bytesPerSecond * BURST_SECONDS : Math.min(this.#tokens, bytesPerSecond * BURST_SECONDS);
  }

  get rate(): number {
    return this.#rate;
  }

  take(bytes: number): void {
    if (this.#rate === 0) return;
    this.#fill();
    this.#tokens -= bytes;
  }

  /** How long until there is no debt; 0: now. A wall clock that was set back makes it no longer than the debt is. */
  wait(): Millis {
    if (this.#rate === 0) return millis(0);
    this.#fill();
    return this.#tokens > 0 ? millis(0) : millis(Math.max(1, Math.ceil(((1 - this.#tokens) / this.#rate) * 1000)));
  }

  #fill(): void {
    const now = this.#clock.now();
    const passed = Math.max(0, now - this.#at);
    this.#at = now;
    this.#tokens = Math.min(this.#rate * BURST_SECONDS, this.#tokens + (passed / 1000) * this.#rate);
  }
}
