import type { TestEvent } from 'node:test/reporters';

/** Tests of one or several runs. `failed` includes the cancelled, `skipped` those marked as still to be done. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const NONE: Counts = { passed: 0, failed: 0, skipped: 0 };

export const add = (a: Counts, b: Counts): Counts => ({
  passed: a.passed + b.passed,
  failed: a.failed + b.failed,
  skipped: a.skipped + b.skipped,
});

/** Read by people and machines as the last line of a run. */
export const closingLine = (counts: Counts): string =>
  `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`;

/** A reporter for `node --test`: writes the run's counts, once, as JSON. A run that dies writes nothing. */
export default async function* report(events: AsyncIterable<TestEvent>): AsyncGenerator<string> {
  for await (const event of events) {
    if (event.type !== 'test:summary' || event.data.file !== undefined) continue;
    const { passed, failed = 0, cancelled, skipped, todo } = event.data.counts as Record<string, number>;
    yield JSON.stringify({ passed, failed: failed + (cancelled ?? 0), skipped: (skipped ?? 0) + (todo ?? 0) });
  }
}
