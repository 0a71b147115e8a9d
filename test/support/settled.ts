/** Resolves when every promise that can settle now has. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
