/** What a tree is made for: a plain Debian host, or the appliance's own root file system. */
export type Purpose = 'host' | 'appliance';

/** Duties of a machine that is an appliance and nothing else; on somebody's host they would be a trap. */
const APPLIANCE_ALONE: readonly string[] = ['host', 'provision', 'console', 'confirm'];

export interface Place {
  /** From the root, with a leading `/`. */
  readonly path: string;
  readonly mode: number;
}

const UNIT = /\.(?:service|socket|path|timer|target|mount|automount|slice)$/;
const SCRIPT = /^[a-z][a-z-]*$/;

/** Where a file of `systemd/` is installed; `undefined` for what stays behind. */
export function placeOf(file: string, purpose: Purpose): Place | undefined {
  if (purpose === 'host' && APPLIANCE_ALONE.includes(dutyOf(file))) return undefined;
  if (UNIT.test(file)) return { path: `/usr/lib/systemd/system/${file}`, mode: 0o644 };
  if (SCRIPT.test(file)) return { path: `/usr/lib/bartizan/systemd/${file}`, mode: 0o755 };
  const [, stem, kind] = /^(.+)\.(sysusers|tmpfiles|preset)$/.exec(file) ?? [];
  if (stem === undefined) return undefined;
  if (kind === 'preset') return { path: `/usr/lib/systemd/system-preset/80-${stem}.preset`, mode: 0o644 };
  return { path: `/usr/lib/${kind}.d/${stem}.conf`, mode: 0o644 };
}

/** `console` of `console` and `bartizan-console@.service`. */
const dutyOf = (file: string): string => file.replace(/^bartizan-/, '').replace(/[@.].*$/, '');

/** A preset without the lines on units that are not installed here. */
export function presetFor(text: string, purpose: Purpose): string {
  const stays = (line: string) => {
    const unit = /^\s*(?:enable|disable)\s+(\S+)/.exec(line)?.[1];
    return unit === undefined || placeOf(unit, purpose) !== undefined;
  };
  return text.split('\n').filter(stays).join('\n');
}

/** The units that a preset enables, in its order. */
export const enabledBy = (preset: string): readonly string[] =>
  [...preset.matchAll(/^\s*enable\s+(\S+)/gm)].map(([, unit = '']) => unit);
