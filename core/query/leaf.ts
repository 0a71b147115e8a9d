import { parseCidr, parseIp } from '../base/ip.ts';
import { nearest } from '../base/nearest.ts';
import { printable, shortened } from '../base/printable.ts';
import { fail, ok, type Result } from '../base/result.ts';
import type { Millis } from '../base/time.ts';
import { type Catalogue, type Field, fieldNamed } from './catalogue.ts';
import { isMoment, parseMoment } from './moment.ts';
import { type Equal, type Leaf, MAX_VALUE, MAX_VALUES, type Order, type Pattern, type Value } from './tree.ts';

/** What a tree is read against. */
export interface Reading<R = never> {
  readonly catalogue: Catalogue<R>;
  /** What `7d` counts back from. */
  readonly now: Millis;
}

/** `public` says what is wrong, without the place. */
export type Checked<T> = Result<T, 'bad_query'>;

export const bad = (text: string) => fail('bad_query', text);

export const shown = (text: string): string => `"${shortened(printable(text), 60)}"`;

export function checkField<R>({ catalogue }: Reading<R>, name: string): Checked<Field<R>> {
  const field = fieldNamed(catalogue, name);
  if (field !== undefined) return ok(field);
  const meant = nearest(
    name,
    catalogue.fields.map((known) => known.name),
  );
  const hint = meant === undefined ? '' : `; did you mean ${meant}?`;
  return bad(`${catalogue.what} have no field ${shown(name)}${hint}`);
}

/** A comparison of one value. Options of text are refused where a field is not text. */
export function compared<R>(
  reading: Reading<R>,
  op: Equal['op'] | Order['op'] | Pattern['op'],
  parts: { readonly field: string; readonly value: unknown; readonly cased: boolean },
): Checked<Leaf> {
  const field = checkField(reading, parts.field);
  if (!field.ok) return field;
  const { name, kind } = field.value;
  const cased = casedOf(field.value, parts.cased);
  if (!cased.ok) return cased;
  if (op === 'eq' || op === 'ne') {
    const value = checkValue(reading, field.value, parts.value);
    return value.ok ? ok({ op, field: name, value: value.value, ...cased.value }) : value;
  }
  const isOrdered = kind === 'number' || kind === 'time';
  if (op === 'lt' || op === 'le' || op === 'gt' || op === 'ge') {
    if (!isOrdered) return bad(`${name} is ${KINDS[kind]}: it is neither less nor greater than another`);
    const value = checkValue(reading, field.value, parts.value);
    return value.ok ? ok({ op, field: name, value: Number(value.value) }) : value;
  }
  if (isOrdered) return bad(`${name} is ${KINDS[kind]}, not text`);
  const pattern = checkText(parts.value);
  return pattern.ok ? ok({ op, field: name, value: pattern.value, ...cased.value }) : pattern;
}

/** One of several values; for an address these may be networks. */
export function among<R>(
  reading: Reading<R>,
  parts: { readonly field: string; readonly values: readonly unknown[]; readonly cased: boolean },
): Checked<Leaf> {
  const field = checkField(reading, parts.field);
  if (!field.ok) return field;
  const { name, kind } = field.value;
  if (parts.values.length === 0) return bad('a list needs a value at least');
  if (parts.values.length > MAX_VALUES) return bad(`a list holds ${MAX_VALUES} values at most`);
  const cased = casedOf(field.value, parts.cased);
  if (!cased.ok) return cased;
  const isNetwork = (value: unknown): boolean => typeof value === 'string' && value.includes('/');
  if (kind === 'ip' && parts.values.some(isNetwork)) return within(reading, { field: name, networks: parts.values });
  const values: Value[] = [];
  for (const raw of parts.values) {
    const value = checkValue(reading, field.value, raw);
    if (!value.ok) return value;
    values.push(value.value);
  }
  return ok({ op: 'in', field: name, values, ...cased.value });
}

export function within<R>(
  reading: Reading<R>,
  parts: { readonly field: string; readonly networks: readonly unknown[] },
): Checked<Leaf> {
  const field = checkField(reading, parts.field);
  if (!field.ok) return field;
  const { name, kind } = field.value;
  if (kind !== 'ip') return bad(`${name} is ${KINDS[kind]}, not an address`);
  if (parts.networks.length === 0) return bad('a list needs a value at least');
  if (parts.networks.length > MAX_VALUES) return bad(`a list holds ${MAX_VALUES} values at most`);
  const networks: string[] = [];
  for (const raw of parts.networks) {
    const network = typeof raw === 'string' ? parseCidr(raw) : bad('a network is text, e.g. 10.0.0.0/8');
    if (!network.ok) return bad(printable(network.public));
    networks.push(network.value.text);
  }
  return ok({ op: 'within', field: name, networks });
}

const KINDS = { text: 'text', ip: 'an address', number: 'a number', time: 'a time' } as const;

function casedOf<R>({ name, kind }: Field<R>, cased: boolean): Checked<{ readonly cased?: true }> {
  if (!cased) return ok({});
  return kind === 'text' ? ok({ cased: true }) : bad(`${name} is ${KINDS[kind]}, which has no case`);
}

function checkValue<R>({ now }: Reading<R>, { name, kind }: Field<R>, raw: unknown): Checked<Value> {
  if (kind === 'text') return checkText(raw);
  const text = typeof raw === 'number' ? raw : checkText(raw);
  if (typeof text === 'object' && !text.ok) return text;
  const value = typeof text === 'object' ? text.value : text;
  if (kind === 'ip') {
    const ip = parseIp(String(value));
    return ip.ok ? ok(ip.value.text) : bad(printable(ip.public));
  }
  if (kind === 'time') {
    const at = typeof value === 'number' ? value : parseMoment(value, now);
    if (at !== undefined && isMoment(at)) return ok(at);
    return bad(`${shown(String(value))} is not a time; write 2026-11-20T10:00Z, or 7d for seven days ago`);
  }
  const number = typeof value === 'number' ? value : NUMBER.test(value) ? Number(value) : Number.NaN;
  // Adding 0 makes −0 plain zero, which is how it prints.
  return Number.isFinite(number) ? ok(number + 0) : bad(`${name} is a number, and ${shown(String(value))} is none`);
}

const NUMBER = /^[+-]?\d+(?:\.\d+)?(?:e[+-]?\d+)?$/;

export function checkText(raw: unknown): Checked<string> {
  if (typeof raw !== 'string') return bad('the value must be text');
  return raw.length <= MAX_VALUE ? ok(raw) : bad(`a value has ${MAX_VALUE} characters at most`);
}
