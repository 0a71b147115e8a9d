import { randomFillSync } from 'node:crypto';
import type { Clock, Random } from '../../core/base/ports.ts';
import { millis } from '../../core/base/time.ts';

/** What setTimeout(3) of Node can hold: 2^31 − 1 ms, 24.8 days; a longer one would fire at once. */
const LONGEST_TIMEOUT = 2 ** 31 - 1;

/**
 * Wall clock, and timers on the monotonic clock: they are not moved when the host's clock is set. A pending timer keeps
 * the process alive, so that a daemon waiting to retry does not end in silence; who sets one cancels it when it stops.
 * Delays below zero count as zero; a delay past 24.8 days is waited for in several parts.
 */
export const systemClock: Clock = {
  now: () => millis(Date.now()),
  after: (delay, run) => {
    const wait = (left: number): NodeJS.Timeout =>
      setTimeout(
        () => {
          if (left > LONGEST_TIMEOUT) timer = wait(left - LONGEST_TIMEOUT);
          else run();
        },
        Math.max(0, Math.min(left, LONGEST_TIMEOUT)),
      );
    let timer = wait(delay);
    return () => clearTimeout(timer);
  },
};

/** The kernel's generator, by way of OpenSSL. */
export const systemRandom: Random = { bytes: (count) => randomFillSync(new Uint8Array(count)) };
