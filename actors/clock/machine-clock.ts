import type { Clock } from '../../core/base/ports.ts';
import { millis } from '../../core/base/time.ts';

/** What `createActor(machine, { clock })` wants. */
export interface MachineClock {
  setTimeout(run: (...args: unknown[]) => void, delay: number): unknown;
  clearTimeout(timer: unknown): void;
}

/** Our clock as xstate takes it, so that `after` and delayed events of a machine run on it. */
export const machineClock = (clock: Clock): MachineClock => ({
  setTimeout: (run, delay) => clock.after(millis(delay), () => run()),
  clearTimeout: (cancel) => {
    if (typeof cancel === 'function') cancel();
  },
});
