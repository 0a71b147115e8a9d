import { changedSettings, settingValue, withValue } from './change.ts';
import { type Config, PLACED_SETTINGS } from './settings.ts';

/** What a process goes by: the settings it was started with, and of the live ones what is written now. */
export const inEffect = (started: Config, written: Config): Config =>
  PLACED_SETTINGS.filter(({ setting }) => setting.applies === 'live').reduce(
    (config, placed) => withValue(config, placed, settingValue(written, placed)),
    started,
  );

/** Dotted paths of what is written otherwise than the process was started with, and waits for a restart. */
export const pendingRestart = (started: Config, written: Config): readonly string[] =>
  changedSettings(started, written).flatMap(({ path, applies }) => (applies === 'restart' ? [path] : []));
