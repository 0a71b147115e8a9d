import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SLIDING_CHECKS } from '../../../../core/detect/checks.ts';
import { fc } from '../../../support/random.ts';
import { sameAfterRestart, sameAsReference } from '../../../support/reference/properties.ts';
import { RULES } from '../../../support/reference/rules.ts';
import { FAMILY_NAMES } from '../../../support/reference/streams.ts';

/** The fuzz stage tries many more. */
const numRuns = 12;

test('the rules of the reference are those of the registry', () => {
  assert.deepEqual(
    RULES.map(({ check, threshold, window, severity }) => ({ check, threshold, window, severity })),
    Object.values(SLIDING_CHECKS).map((check) => ({
      check: check.info.name,
      threshold: 'threshold' in check ? check.threshold.preset : 1,
      window: check.window,
      severity: check.info.severity,
    })),
  );
});

for (const family of FAMILY_NAMES) {
  test(`${family}: finds what a slow reference finds`, () => {
    let found = 0;
    const property = sameAsReference([family], (findings) => {
      found += findings;
    });
    fc.assert(property, { numRuns });
    assert.ok(found > 0, `only ${found} findings were compared`);
  });

  test(`${family}: stopped anywhere and restored, it finds the same`, () => {
    fc.assert(sameAfterRestart([family]), { numRuns });
  });
}
