import { Type } from 'typebox';
import { millis, shortDuration } from '../base/time.ts';
import { CHECK_NAMES, type CheckSettings } from '../detect/checks.ts';
import { CHECK_SETTINGS, type CheckSetting, checkSettingsFrom } from '../detect/settings.ts';
import { SOURCE_GROUPS, type SourceGroups } from '../detect/trail/keys.ts';
import { lengthOf } from './formats.ts';
import { type DurationText, duration, type Setting, setting } from './setting.ts';

const RESTART = { applies: 'restart' } as const;

/** What addresses count as one source. What was counted by networks of another length is forgotten when it is changed. */
const SOURCE_SETTINGS = {
  source_ipv4_prefix: setting(
    Type.Integer({
      description: 'Addresses of one IPv4 network of this length count as one source: 32 is each by itself.',
      default: SOURCE_GROUPS.v4,
      minimum: 16,
      maximum: 32,
    }),
    RESTART,
  ),
  source_ipv6_prefix: setting(
    Type.Integer({
      description:
        'Addresses of one IPv6 network of this length count as one source. Whoever has one address of a /64 has all of them.',
      default: SOURCE_GROUPS.v6,
      minimum: 32,
      maximum: 64,
    }),
    RESTART,
  ),
};

/** The settings of all checks, as their declarations have them. */
export const CHECK_THRESHOLDS: Readonly<Record<string, Setting>> = {
  ...SOURCE_SETTINGS,
  ...Object.fromEntries(
    CHECK_SETTINGS.map((one) => [one.key, setting(schemaOf(one), { ...RESTART, fieldGroup: one.check })]),
  ),
};

/** @param thresholds checked values of `CHECK_THRESHOLDS` */
export function sourceGroupsOf(thresholds: Readonly<Record<string, unknown>>): SourceGroups {
  const { source_ipv4_prefix: v4, source_ipv6_prefix: v6 } = thresholds;
  return {
    v4: typeof v4 === 'number' ? v4 : SOURCE_GROUPS.v4,
    v6: typeof v6 === 'number' ? v6 : SOURCE_GROUPS.v6,
  };
}

/** The names of checks that are off. */
export const DISABLED_CHECKS = setting(
  Type.Array(Type.Enum([...CHECK_NAMES], { description: 'Name of a check.' }), {
    description: 'Checks that judge nothing.',
    default: [],
    maxItems: CHECK_NAMES.length,
    examples: [['port_scan']],
  }),
  { applies: 'restart', page: { title: 'Checks that are off', group: 'Detection' } },
);

/** What the detectors are made with. @param thresholds checked values of `CHECK_THRESHOLDS` */
export function checkSettingsOf(
  thresholds: Readonly<Record<string, unknown>>,
  disabled: readonly string[],
): CheckSettings {
  const values = CHECK_SETTINGS.map(({ key, kind }): [string, number | undefined] => {
    const value = thresholds[key];
    if (kind === 'count') return [key, typeof value === 'number' ? value : undefined];
    return [key, typeof value === 'string' ? lengthOf(value as DurationText) : undefined];
  });
  return checkSettingsFrom(Object.fromEntries(values), new Set(disabled));
}

function schemaOf({ check, kind, description, preset, minimum, maximum }: CheckSetting) {
  const text = `${check}: ${description.charAt(0).toLowerCase()}${description.slice(1)}`;
  if (kind === 'count') return Type.Integer({ description: text, default: preset, minimum, maximum });
  return duration({
    description: text,
    default: shortDuration(millis(preset)),
    shortest: shortDuration(millis(minimum)),
    longest: shortDuration(millis(maximum)),
  });
}
