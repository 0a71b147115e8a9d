import { setTimeout as pause } from 'node:timers/promises';

/**
 * Waits for a condition of something outside this process, asking again every `everyMs`. For what can be listened to,
 * listen instead.
 * @throws Error naming `what` when it has not come true within `withinMs`
 */
export async function waitFor<T>(
  what: string,
  probe: () => Promise<T | undefined> | T | undefined,
  { withinMs = 15_000, everyMs = 25 }: { readonly withinMs?: number; readonly everyMs?: number } = {},
): Promise<T> {
  const end = performance.now() + withinMs;
  let last: unknown;
  while (performance.now() < end) {
    try {
      const found = await probe();
      if (found !== undefined) return found;
    } catch (cause) {
      last = cause;
    }
    await pause(everyMs);
  }
  throw new Error(`waited ${withinMs} ms for: ${what}`, { cause: last });
}
