import type { SettingChange } from '../change/preview.ts';
import { changedSettings, placedSetting, redacted, settingValue } from './change.ts';
import type { Config } from './settings.ts';

/** The settings in which two configs differ, fit to be shown: of a secret only that it differs. */
export function shownChanges(before: Config, after: Config): readonly SettingChange[] {
  const [was, willBe] = [redacted(before), redacted(after)];
  return changedSettings(before, after).flatMap(({ path, applies }): SettingChange[] => {
    const placed = placedSetting(path);
    if (placed === undefined) return [];
    const [old, wanted] = [settingValue(was, placed), settingValue(willBe, placed)];
    const shown = { ...(old === undefined ? {} : { before: old }), ...(wanted === undefined ? {} : { after: wanted }) };
    return [{ path, applies, ...shown }];
  });
}
