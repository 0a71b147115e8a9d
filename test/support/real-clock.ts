import type { Clock } from '../../core/base/ports.ts';
import type { Millis } from '../../core/base/time.ts';

/** The wall clock, for contract tests that run against real sockets. */
export const realClock: Clock = {
  now: () => Date.now() as Millis,
  after: (delay, run) => {
    const timer = setTimeout(run, delay);
    return () => clearTimeout(timer);
  },
};
