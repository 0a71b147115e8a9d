import type { Clock } from '../../core/base/ports.ts';
import { millis } from '../../core/base/time.ts';

/** The machine's own time, for tests with real parts. */
export const realClock: Clock = {
  now: () => millis(Date.now()),
  after: (delay, run) => {
    const timer = setTimeout(run, delay);
    return () => clearTimeout(timer);
  },
};

/** Waits until `holds`, looking every few milliseconds; fails with `what` when it does not within `limit` ms. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, limit = 10_000): Promise<void> {
  const deadline = Date.now() + limit;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`not within ${limit} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
