import { test } from 'node:test';
import { FUZZ_BUDGET_MS } from '../support/fuzz-budget.ts';
import { fc } from '../support/random.ts';
import { sameAfterRestart, sameAsReference } from '../support/reference/properties.ts';
import { FAMILY_NAMES } from '../support/reference/streams.ts';

const budget = { interruptAfterTimeLimit: FUZZ_BUDGET_MS, numRuns: 1_000_000, markInterruptAsFailure: false };

test('whatever the events, the checks find what a slow reference finds', () =>
  fc.assert(sameAsReference(FAMILY_NAMES), budget));

test('stopped anywhere and restored, they find the same', () => fc.assert(sameAfterRestart(FAMILY_NAMES), budget));
