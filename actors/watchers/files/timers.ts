import type { Clock } from '../../../core/base/ports.ts';
import { millis } from '../../../core/base/time.ts';

/** The injected clock in the shape a machine's `clock` option has; a timer's id is what cancels it. */
export const timersOf = (clock: Clock) => ({
  setTimeout: (run: () => void, delay: number): (() => void) => clock.after(millis(delay), run),
  clearTimeout: (cancel: (() => void) | undefined): void => cancel?.(),
});
