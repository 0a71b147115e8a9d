import type { DetectorOptions } from '../../core/detect/checks.ts';
import { CHECK_NAMES, CHECKS, type CheckName, type CheckSettings, createDetectors } from '../../core/detect/checks.ts';
import type { Detector, StateChange } from '../../core/detect/detector.ts';
import type { Finding } from '../../core/detect/finding.ts';
import type { Event } from '../../core/event/event.ts';

/** Settings with all checks off but these. */
export const only = (settings: CheckSettings): CheckSettings => ({
  ...Object.fromEntries(CHECK_NAMES.map((name) => [name, { ...CHECKS[name].defaults, enabled: false }])),
  ...settings,
});

/** A detector of one check alone, with its defaults where nothing is given. */
export function lone<N extends CheckName>(
  name: N,
  settings: Partial<NonNullable<CheckSettings[N]>> = {},
  options: DetectorOptions = {},
): Detector {
  const [detector, ...others] = createDetectors(only({ [name]: { ...CHECKS[name].defaults, ...settings } }), options);
  if (detector === undefined || others.length > 0) throw new Error(`${name} is not alone`);
  return detector;
}

export const run = (on: Detector, events: readonly Event[]): Finding[] => events.flatMap((event) => on.step(event));

/** Writes changes as a store does, through JSON. */
export function keep(store: Map<string, unknown>, changes: readonly StateChange[]): void {
  for (const [key, value] of changes) {
    if (value === undefined) store.delete(key);
    else store.set(key, JSON.parse(JSON.stringify(value)));
  }
}

/** As a store lists them. */
export const stored = (store: ReadonlyMap<string, unknown>): StateChange[] =>
  [...store].sort(([a], [b]) => (a < b ? -1 : 1));
