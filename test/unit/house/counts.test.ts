import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TestEvent } from 'node:test/reporters';
import report, { add, closingLine, NONE } from '../../support/gate/counts.ts';

async function reported(events: readonly unknown[]): Promise<readonly string[]> {
  const written: string[] = [];
  for await (const text of report(events as unknown as AsyncIterable<TestEvent>)) written.push(text);
  return written;
}

const summary = (counts: Record<string, number>, file?: string): unknown => ({
  type: 'test:summary',
  data: { counts, ...(file === undefined ? {} : { file }) },
});

test('the counts of a run are its own summary, not those of its files', async () => {
  const counts = { tests: 9, passed: 4, failed: 1, cancelled: 2, skipped: 1, todo: 1, suites: 0, topLevel: 9 };
  const other = { ...counts, passed: 99 };
  assert.deepEqual(await reported([{ type: 'test:pass', data: {} }, summary(other, 'a.test.js'), summary(counts)]), [
    '{"passed":4,"failed":3,"skipped":2}',
  ]);
  assert.deepEqual(await reported([summary(other, 'a.test.js')]), []);
});

test('the closing line sums what ran', () => {
  const total = [
    { passed: 3, failed: 0, skipped: 1 },
    { passed: 2, failed: 1, skipped: 0 },
  ].reduce(add, NONE);
  assert.equal(closingLine(total), '5 passed, 1 failed, 1 skipped');
});
