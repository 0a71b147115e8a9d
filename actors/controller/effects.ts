/** Resolves with the signal that asks this process to end. */
export const stopSignal = (): Promise<string> =>
  new Promise((stop) => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => stop(signal));
  });
