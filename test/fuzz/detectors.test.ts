import { test } from 'node:test';
import { FUZZ_BUDGET_MS } from '../support/fuzz-budget.ts';
import { fc } from '../support/random.ts';
import { sameAfterRestart, sameAsReference } from '../support/reference/properties.ts';
import { FAMILY_NAMES } from '../support/reference/streams.ts';

const budget = { interruptAfterTimeLimit: FUZZ_BUDGET_MS, numRuns: 1_000_000, markInterruptAsFailure: false };

for (const family of FAMILY_NAMES) {
  test(`${family}: finds what a slow reference finds`, () =>
    fc.assert(
      sameAsReference(family, () => {}),
      budget,
    ));

  test(`${family}: stopped anywhere and restored, it finds the same`, () =>
    fc.assert(sameAfterRestart(family), budget));
}
