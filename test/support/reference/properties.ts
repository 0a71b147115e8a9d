import assert from 'node:assert/strict';
import { type Millis, millis, minutes } from '../../../core/base/time.ts';
import { type CheckSettings, createDetectors, type DetectorOptions } from '../../../core/detect/checks.ts';
import { Pipeline } from '../../../core/detect/pipeline.ts';
import { keep, stored } from '../detectors.ts';
import { fc } from '../random.ts';
import type { Rule } from './evaluate.ts';
import { RULES } from './rules.ts';
import { type Family, streamOf } from './streams.ts';
import { expectedOf, verdictsOf } from './verdicts.ts';

const LEARNING: Millis = minutes(10);
const REMEMBER: Millis = minutes(20);

interface Scaled {
  readonly rules: readonly Rule[];
  readonly settings: CheckSettings;
}

/** Rules and settings with the same small thresholds and windows, so that few events find much. */
function scaled(threshold: number, window: number): Scaled {
  const rules = RULES.map((rule) => (rule.measure === 'each' ? rule : { ...rule, threshold, window }));
  const settings = Object.fromEntries(
    rules.map((rule) => [rule.check, { threshold: rule.threshold, window: millis(rule.window) }]),
  );
  return { rules, settings: { ...settings, ssh_login_unknown_ip: { learning: LEARNING, remember: REMEMBER } } };
}

const threshold = fc.integer({ min: 1, max: 4 });

/** Whatever the events, and however late: findings are the reference's. @param count is told how many there were */
export const sameAsReference = (
  families: readonly Family[],
  count: (findings: number) => void = () => {},
  options: DetectorOptions = {},
) =>
  fc.property(
    fc
      .tuple(fc.constantFrom(...families), fc.constantFrom(0, 60, 1500), fc.constantFrom([0, 15], [0, 120], [80, 120]))
      .chain(([family, disorder, length]) => streamOf(family, disorder, length)),
    threshold,
    fc.constantFrom(300, 1200, 3600),
    (events, limit, seconds) => {
      const { rules, settings } = scaled(limit, seconds * 1000);
      const pipeline = new Pipeline(new Map(), createDetectors(settings, options));
      const found = events.flatMap((event) => pipeline.judge(event));
      assert.deepEqual(verdictsOf(found), expectedOf(events, rules, { learning: LEARNING, remember: REMEMBER }));
      count(found.length);
    },
  );

/** Stopped anywhere and restored from what was saved on the way: findings and memory are those of one run. */
export const sameAfterRestart = (families: readonly Family[], options: DetectorOptions = {}) =>
  fc.property(
    fc.constantFrom(...families).chain((family) => streamOf(family, 300)),
    fc.array(fc.nat(120), { minLength: 1, maxLength: 4 }),
    threshold,
    fc.constantFrom(2_000, 2 ** 30),
    (events, cuts, limit, memory) => {
      const { settings } = scaled(limit, 600_000);
      const make = (): Pipeline => new Pipeline(new Map(), createDetectors(settings, options), memory);
      const whole = make();
      const expected = events.flatMap((event) => whole.judge(event));
      const store = new Map<string, Map<string, unknown>>();
      let pipeline = make();
      const found = events.flatMap((event, i) => {
        if (i % 7 === 3) save(store, pipeline);
        if (cuts.includes(i)) {
          save(store, pipeline);
          pipeline = make();
          const states = [...store].map(([check, entries]) => ({ check, changes: stored(entries) }));
          assert.equal(pipeline.restore(states).skipped, 0);
        }
        return pipeline.judge(event);
      });
      assert.deepEqual(found, expected);
      assert.equal(pipeline.bytes(), whole.bytes());
      assert.ok(pipeline.bytes() <= memory);
    },
  );

function save(store: Map<string, Map<string, unknown>>, pipeline: Pipeline): void {
  for (const { check, changes } of pipeline.snapshot()) {
    const entries = store.get(check) ?? new Map<string, unknown>();
    store.set(check, entries);
    keep(entries, changes);
  }
}
