import type { Applies, SchemaView } from './setting.ts';
import { view } from './setting.ts';
import { type Config, PLACED_SETTINGS, type PlacedSetting } from './settings.ts';

/** A new value for one setting; a list is given whole. */
export interface Change {
  /** Dotted path of a setting, e.g. `firewall.table`. */
  readonly path: string;
  readonly value: unknown;
}

/** What a secret reads as wherever a config is shown. */
export const REDACTED = '***REDACTED***';

export const placedSetting = (path: string): PlacedSetting | undefined =>
  PLACED_SETTINGS.find((placed) => placed.path === path);

/** The value a config holds for a setting. */
export function settingValue(config: Config, { keys: [top, inner] }: PlacedSetting): unknown {
  const value = (config as Readonly<Record<string, unknown>>)[top];
  return inner === undefined ? value : (value as Readonly<Record<string, unknown>>)[inner];
}

/** The config with one setting replaced; not validated. */
export function withValue(config: Config, { keys: [top, inner] }: PlacedSetting, value: unknown): Config {
  if (inner === undefined) return { ...config, [top]: value };
  const section = (config as Readonly<Record<string, unknown>>)[top];
  return { ...config, [top]: { ...(section as object), [inner]: value } };
}

/** The settings in which two configs differ, and when a change of each takes effect. */
export const changedSettings = (
  before: Config,
  after: Config,
): readonly { readonly path: string; readonly applies: Applies }[] =>
  PLACED_SETTINGS.filter((placed) => !sameValue(settingValue(before, placed), settingValue(after, placed))).map(
    ({ path, setting }) => ({ path, applies: setting.applies }),
  );

/** The config with every secret replaced by `REDACTED`: fit for a log or an answer. */
export const redacted = (config: Config): Config =>
  PLACED_SETTINGS.reduce((shown, placed) => {
    const value = settingValue(config, placed);
    return value === undefined ? shown : withValue(shown, placed, redact(view(placed.setting.schema), value));
  }, config);

function redact(schema: SchemaView, value: unknown): unknown {
  if (schema.writeOnly === true) return REDACTED;
  if (Array.isArray(value)) return value.map((item) => redact(schema.items ?? {}, item));
  if (typeof value !== 'object' || value === null) return value;
  const properties = schema.properties ?? {};
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, redact(properties[key] ?? {}, inner)]));
}

/** Equality of JSON values; the order of keys does not matter, an `undefined` property is an absent one. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a) !== Array.isArray(b)) return false;
  const left = a as Readonly<Record<string, unknown>>;
  const right = b as Readonly<Record<string, unknown>>;
  return [...new Set([...Object.keys(left), ...Object.keys(right)])].every((key) => sameValue(left[key], right[key]));
}
