/** How a scalar that stood there before was quoted, so that a new one keeps the hand of the file. */
export type Quoting = 'plain' | 'single' | 'double';

/** Words and numbers that YAML 1.1 or 1.2 readers would not take for text. */
const NOT_TEXT = /^(?:true|false|yes|no|on|off|null|y|n|~)$|^[-+.\d]/i;

/**
 * A scalar on one line. Text stays plain only where no YAML reader could take it for anything else; otherwise it is
 * written as JSON, which YAML's double quotes include.
 */
export function scalarText(value: unknown, quoting: Quoting = 'plain'): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  const safe = /^[A-Za-z0-9_./][A-Za-z0-9_./%+@*?-]*$/.test(value);
  if (quoting === 'single' && /^[ -~]*$/.test(value)) return `'${value.replaceAll("'", "''")}'`;
  return quoting !== 'double' && safe && (!NOT_TEXT.test(value) || isPlainish(value)) ? value : JSON.stringify(value);
}

/** Durations and addresses begin with a digit and are still text: `24h`, `10.0.0.0/8`. */
const isPlainish = (value: string): boolean => /^\d+(?:ns|us|ms|[smhd])$|^\d+\.\d+\.\d+\.\d+(?:\/\d+)?$/.test(value);

/** A value on one line, collections in brackets. */
export function flowText(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flowText).join(', ')}]`;
  if (typeof value === 'object' && value !== null) return `{ ${flowPairs(value)} }`;
  return typeof value === 'string' ? JSON.stringify(value) : scalarText(value);
}

const flowPairs = (value: object): string =>
  present(value)
    .map(([key, inner]) => `${key}: ${flowText(inner)}`)
    .join(', ');

/** `key: value` as lines without line ends; lists as blocks, one entry a line and more. */
export function pairLines(key: string, value: unknown, indent: number): readonly string[] {
  const margin = ' '.repeat(indent);
  if (Array.isArray(value)) {
    return value.length === 0
      ? [`${margin}${key}: []`]
      : [`${margin}${key}:`, ...value.flatMap((item) => itemLines(item, indent + 2))];
  }
  return [`${margin}${key}: ${typeof value === 'object' && value !== null ? flowText(value) : scalarText(value)}`];
}

/** One entry of a block list as lines. */
export function itemLines(item: unknown, indent: number): readonly string[] {
  const margin = ' '.repeat(indent);
  if (typeof item !== 'object' || item === null || Array.isArray(item)) return [`${margin}- ${flowOrScalar(item)}`];
  const lines = present(item).flatMap(([key, value]) => pairLines(key, value, indent + 2));
  return lines.map((line, i) => (i === 0 ? `${margin}- ${line.slice(indent + 2)}` : line));
}

const flowOrScalar = (item: unknown): string => (Array.isArray(item) ? flowText(item) : scalarText(item));

const present = (value: object): [string, unknown][] =>
  Object.entries(value).filter(([, inner]) => inner !== undefined);
