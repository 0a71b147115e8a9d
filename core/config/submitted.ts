import { nearest } from '../base/nearest.ts';
import { type Change, REDACTED, settingValue } from './change.ts';
import type { SettingsSection } from './sections.ts';
import { type SchemaView, view } from './setting.ts';
import type { Config } from './settings.ts';

/** Fields of a section that a message names. */
const MOST_NAMED = 8;

/** What is wrong with one field of a request, by the setting's dotted path. */
export interface SubmittedProblem {
  readonly field: string;
  readonly message: string;
}

export interface Submitted {
  readonly changes: readonly Change[];
  readonly problems: readonly SubmittedProblem[];
}

/**
 * Values that a client sent for the fields of a section, as changes of settings. A secret that came back as it was shown
 * stays what it is, `null` takes an optional setting out, numbers may be written as text where CSM takes them so. Values
 * themselves are judged when the config is.
 */
export function submitted(
  section: SettingsSection,
  sent: Readonly<Record<string, unknown>>,
  config: Config,
): Submitted {
  const changes: Change[] = [];
  const problems: SubmittedProblem[] = [];
  for (const [key, value] of Object.entries(sent)) {
    const field = section.fields.find((one) => one.key === key);
    if (field === undefined) {
      const known = section.fields.map((one) => one.key);
      problems.push({ field: pathIn(section, key.slice(0, 128)), message: unknownField(key, known) });
      continue;
    }
    const { path, setting } = field.placed;
    const schema = view(setting.schema);
    const held = settingValue(config, field.placed);
    if (value === null && !setting.optional) problems.push({ field: path, message: 'must have a value' });
    else if (value === null) changes.push({ path, value: undefined });
    else changes.push({ path, value: numbersIn(schema, revealed(schema, value, held)) });
  }
  return { changes, problems };
}

/** The one that was meant is enough where it can be told; a section may have thirty. */
function unknownField(key: string, known: readonly string[]): string {
  const meant = nearest(key, known);
  if (meant !== undefined && meant !== '') return `unknown field; did you mean "${meant}"?`;
  const named = known.slice(0, MOST_NAMED).map((one) => `"${one}"`);
  const more = known.length > MOST_NAMED ? ` and ${known.length - MOST_NAMED} more` : '';
  return `unknown field; this section has ${named.join(', ')}${more}`;
}

const pathIn = ({ id }: SettingsSection, key: string): string => (key === '' ? id : `${id}.${key}`);

/** The value with its secrets in their places again, where the client left them as they were shown. */
function revealed(schema: SchemaView, value: unknown, held: unknown): unknown {
  if (schema.writeOnly === true) return value === REDACTED ? (held ?? value) : value;
  if (Array.isArray(value)) {
    const before = Array.isArray(held) ? held : [];
    return value.map((item: unknown) => revealed(schema.items ?? {}, item, before.find(sameEntry(schema, item))));
  }
  if (typeof value !== 'object' || value === null) return value;
  const { properties = {} } = schema;
  const inner = isMapping(held) ? held : {};
  return Object.fromEntries(
    Object.entries(value).map(([key, one]) => [key, revealed(properties[key] ?? {}, one, inner[key])]),
  );
}

/** Entries are the same by what no two of them share; those of a list without that have no secrets. */
const sameEntry =
  ({ uniqueBy }: SchemaView, item: unknown) =>
  (other: unknown): boolean =>
    uniqueBy !== undefined && isMapping(item) && isMapping(other) && item[uniqueBy] === other[uniqueBy];

const isMapping = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Fractions, and whole numbers in a list, may come as text. */
function numbersIn(schema: SchemaView, value: unknown): unknown {
  if (schema.type === 'number') return numberOf(value);
  return schema.items?.type === 'integer' && Array.isArray(value) ? value.map(numberOf) : value;
}

const numberOf = (value: unknown): unknown =>
  typeof value === 'string' && /^-?\d+(?:\.\d+)?$/.test(value.trim()) ? Number(value) : value;
