import { days, type Millis, millis, minutes, seconds } from '../base/time.ts';
import { CHECK_NAMES, CHECKS, type CheckName, type CheckSettings, SLIDING_CHECKS } from './checks.ts';
import type { SlidingCheck } from './sliding/sliding-check.ts';

/** A key of the configuration that sets something of a check. A `length` is in milliseconds, a `count` is whole. */
export interface CheckSetting {
  readonly key: string;
  readonly check: CheckName;
  readonly sets: 'threshold' | 'window' | 'learning' | 'remember';
  readonly kind: 'count' | 'length';
  readonly preset: number;
  readonly minimum: number;
  readonly maximum: number;
  readonly description: string;
}

const MOST = 1000;

/** Every setting of every check; which checks are off is a list of names beside them. */
export const CHECK_SETTINGS: readonly CheckSetting[] = [
  ...Object.values<SlidingCheck>(SLIDING_CHECKS).flatMap(settingsOf),
  {
    key: 'ssh_login_unknown_ip_learning',
    check: 'ssh_login_unknown_ip',
    sets: 'learning',
    kind: 'length',
    preset: CHECKS.ssh_login_unknown_ip.defaults.learning,
    minimum: seconds(1),
    maximum: days(90),
    description: 'From the first login on, so long logins are only learnt.',
  },
  {
    key: 'ssh_login_unknown_ip_remember',
    check: 'ssh_login_unknown_ip',
    sets: 'remember',
    kind: 'length',
    preset: CHECKS.ssh_login_unknown_ip.defaults.remember,
    minimum: days(1),
    maximum: days(3650),
    description: 'How long an address that a user logged in from stays known after the last time.',
  },
];

function settingsOf({ info, threshold, window }: SlidingCheck): readonly CheckSetting[] {
  const check = info.name as CheckName;
  const length = { check, sets: 'window', kind: 'length', preset: window } as const;
  const bounds = { minimum: seconds(10), maximum: millis(Math.max(days(1), 7 * window)) };
  if (threshold === undefined) {
    if (window === 0) return [];
    const description = 'After a finding about a source, so long none follows about it.';
    return [{ ...length, ...bounds, minimum: minutes(1), key: `${check}_quiet`, description }];
  }
  const { noun, preset, minimum } = threshold;
  return [
    {
      key: `${check}_${noun}`,
      check,
      sets: 'threshold',
      kind: 'count',
      preset,
      minimum,
      maximum: MOST,
      description: `How many ${noun} within the window make a finding.`,
    },
    { ...length, ...bounds, key: `${check}_window`, description: 'The window, by the time that the log gives.' },
  ];
}

/**
 * What detectors are made with.
 * @param values by key; a key that is missing keeps its preset
 * @param off names of checks; others are not looked at
 */
export function checkSettingsFrom(
  values: Readonly<Record<string, number | undefined>>,
  off: ReadonlySet<string> = new Set(),
): CheckSettings {
  const settings = new Map<CheckName, Record<string, number | Millis | boolean>>(
    CHECK_NAMES.map((name) => [name, { ...CHECKS[name].defaults, enabled: !off.has(name) }]),
  );
  for (const { key, check, sets } of CHECK_SETTINGS) {
    const [value, set] = [values[key], settings.get(check)];
    if (value !== undefined && set !== undefined) set[sets] = value;
  }
  return Object.fromEntries(settings);
}
