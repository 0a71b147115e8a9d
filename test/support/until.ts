import assert from 'node:assert/strict';
import { setTimeout as pause } from 'node:timers/promises';

/** Waits for a condition, looking every 20 ms; fails when it does not come true in time. */
export async function until(what: string, holds: () => boolean | Promise<boolean>, limit = 10_000): Promise<void> {
  const deadline = performance.now() + limit;
  while (!(await holds())) {
    assert.ok(performance.now() < deadline, `not in ${limit} ms: ${what}`);
    await pause(20);
  }
}
