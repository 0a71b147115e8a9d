import { setFlagsFromString } from 'node:v8';

/** Resolves with the signal that asks this process to end. */
export const stopSignal = (): Promise<string> =>
  new Promise((stop) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop(signal));
  });

/**
 * Has the heap grow by a quarter at most before it is looked through again. Work on thousands of appliances comes in bursts, and
 * without it the garbage of a burst would stay for good.
 */
export const keepHeapSmall = (): void => setFlagsFromString('--heap-growing-percent=25');
