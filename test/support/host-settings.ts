import { settingValue } from '../../core/config/change.ts';
import { sectionOf } from '../../core/config/sections.ts';
import { view } from '../../core/config/setting.ts';
import type { HostSettings } from '../../core/config/settings.ts';
import { loaded } from '../unit/core/config/surroundings.ts';
import { fc } from './random.ts';
import { rightValue } from './setting-values.ts';

/** Settings of a machine, as reading a file gives them: right, and with their defaults. */
export const hostSettings: fc.Arbitrary<HostSettings> = fc.record(
  Object.fromEntries(
    (sectionOf('host')?.fields ?? []).map(({ key, placed }) => [
      key,
      rightValue(view(placed.setting.schema)).map((value) =>
        settingValue(loaded(`host:\n  ${key}: ${JSON.stringify(value)}\n`).config, placed),
      ),
    ]),
  ),
) as unknown as fc.Arbitrary<HostSettings>;
