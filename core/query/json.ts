import { ok } from '../base/result.ts';
import { LONGEST, type Millis } from '../base/time.ts';
import { MAX_FIELDS } from './clauses.ts';
import { parseCursor } from './cursor.ts';
import { among, bad, type Checked, checkField, checkText, compared, type Reading, within } from './leaf.ts';
import { isMoment, parseMoment } from './moment.ts';
import {
  type Count,
  DEFAULT_LIMIT,
  MAX_DEPTH,
  MAX_LIMIT,
  MAX_NODES,
  MAX_QUERY,
  MAX_TOP,
  type Node,
  type Query,
} from './tree.ts';

type Json = Readonly<Record<string, unknown>>;

const KEYS = ['where', 'from', 'to', 'order', 'limit', 'after', 'fields', 'count'];

/**
 * Reads the JSON form of a query: the tree itself, from outside. Fields may go by their ECS names, moments be text as
 * `parseMoment` reads it, `and` and `or` hold any number of parts; what comes out is canonical. `public` names the place.
 */
export function readQuery<R>(json: unknown, reading: Reading<R>): Checked<Query> {
  const given = objectOf(json, 'the query', KEYS);
  if (!given.ok) return given;
  const { where, from, to, order = 'newest', limit = DEFAULT_LIMIT, after, fields, count } = given.value;
  const reader = new Reader(reading);
  const parts = {
    where: where === undefined ? ok<Node>({ op: 'all' }) : reader.node(where, 'where', 0),
    from: optional(from, (value) => moment(reading, value, 'from')),
    to: optional(to, (value) => moment(reading, value, 'to')),
    order: order === 'newest' || order === 'oldest' ? ok(order) : bad('order: must be newest or oldest'),
    limit: whole(limit, MAX_LIMIT, 'limit'),
    after: optional(after, cursor),
    fields: optional(fields, (value) => someNames(reading, value, 'fields')),
    count: optional(count, (value) => counted(reading, value)),
  };
  for (const part of Object.values(parts)) if (!part.ok) return part;
  const values = Object.entries(parts).map(([key, part]) => [key, part.ok ? part.value : undefined] as const);
  return ok(Object.fromEntries(values.filter(([, value]) => value !== undefined)) as unknown as Query);
}

const optional = <T>(value: unknown, read: (value: unknown) => Checked<T>): Checked<T | undefined> =>
  value === undefined ? ok(undefined) : read(value);

function objectOf(value: unknown, path: string, keys: readonly string[]): Checked<Json> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return bad(`${path}: must be an object`);
  const foreign = Object.keys(value).find((key) => !keys.includes(key));
  return foreign === undefined
    ? ok(value as Json)
    : bad(`${path}: has no member ${JSON.stringify(foreign).slice(0, 60)}`);
}

function moment<R>({ now }: Reading<R>, value: unknown, path: string): Checked<Millis> {
  const at = typeof value === 'string' ? parseMoment(value, now) : typeof value === 'number' ? value : undefined;
  return at !== undefined && isMoment(at) ? ok(at) : bad(`${path}: must be a time, in milliseconds or as text`);
}

const whole = (value: unknown, most: number, path: string): Checked<number> =>
  typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most
    ? ok(value)
    : bad(`${path}: must be a whole number from 1 to ${most}`);

const cursor = (value: unknown): Checked<string> =>
  typeof value === 'string' && parseCursor(value) !== undefined ? ok(value) : bad('after: is no cursor');

/** None at all would be no record: whoever means all of them leaves it out. */
const someNames = <R>(reading: Reading<R>, value: unknown, path: string): Checked<readonly string[]> =>
  Array.isArray(value) && value.length === 0 ? bad(`${path}: names no field`) : names(reading, value, path);

function names<R>(reading: Reading<R>, value: unknown, path: string): Checked<readonly string[]> {
  if (!Array.isArray(value) || value.length > MAX_FIELDS) return bad(`${path}: must be a list of fields`);
  const list: string[] = [];
  for (const name of value) {
    const field = typeof name === 'string' ? checkField(reading, name) : bad('must be a list of fields');
    if (!field.ok) return bad(`${path}: ${field.public}`);
    if (list.includes(field.value.name)) return bad(`${path}: ${field.value.name} is there twice`);
    list.push(field.value.name);
  }
  return ok(list);
}

function counted<R>(reading: Reading<R>, value: unknown): Checked<Count> {
  const given = objectOf(value, 'count', ['by', 'per', 'top']);
  if (!given.ok) return given;
  const by = names(reading, given.value['by'] ?? [], 'count.by');
  if (!by.ok) return by;
  const per = optional(given.value['per'], (length) => whole(length, LONGEST, 'count.per'));
  if (!per.ok) return per;
  const top = optional(given.value['top'], (rows) => whole(rows, MAX_TOP, 'count.top'));
  if (!top.ok) return top;
  return ok({
    by: by.value,
    ...(per.value === undefined ? {} : { per: per.value as Millis }),
    ...(top.value === undefined ? {} : { top: top.value }),
  });
}

class Reader<R> {
  readonly #reading: Reading<R>;
  #nodes = 0;
  #units = 0;

  constructor(reading: Reading<R>) {
    this.#reading = reading;
  }

  node(value: unknown, path: string, depth: number): Checked<Node> {
    if (++this.#nodes > MAX_NODES) return bad(`${path}: a query has ${MAX_NODES} parts at most`);
    if (depth > MAX_DEPTH) return bad(`${path}: a query nests ${MAX_DEPTH} deep at most`);
    const given = objectOf(value, path, ['op', 'of', 'field', 'value', 'values', 'networks', 'cased']);
    if (!given.ok) return given;
    const { op, of } = given.value;
    if (op === 'all') return ok({ op });
    if (op === 'and' || op === 'or') return this.#junction(op, of, path, depth);
    if (op === 'not') {
      const part = this.node(of, `${path}.of`, depth + 1);
      return part.ok ? ok({ op, of: part.value }) : part;
    }
    const leaf = this.#leaf(given.value);
    return leaf.ok ? leaf : bad(`${path}: ${leaf.public}`);
  }

  #junction(op: 'and' | 'or', of: unknown, path: string, depth: number): Checked<Node> {
    if (!Array.isArray(of)) return bad(`${path}.of: must be a list`);
    const parts: Node[] = [];
    for (const [i, value] of of.entries()) {
      const part = this.node(value, `${path}.of[${i}]`, depth + 1);
      if (!part.ok) return part;
      parts.push(part.value);
    }
    const [first] = parts;
    if (first === undefined) return ok(op === 'and' ? { op: 'all' } : { op: 'not', of: { op: 'all' } });
    return ok(parts.length === 1 ? first : { op, of: parts });
  }

  #leaf(given: Json): Checked<Node> {
    const { op, field, value, values, networks } = given;
    const reading = this.#reading;
    const cased = given['cased'] === true;
    if (!this.#hasRoom([value, values, networks])) return bad(`a query has ${MAX_QUERY} characters at most`);
    if (op === 'text') {
      const text = checkText(value);
      return text.ok ? ok({ op, value: text.value }) : text;
    }
    if (typeof op !== 'string' || typeof field !== 'string') return bad('must have an op and a field');
    if (op === 'exists') {
      const known = checkField(reading, field);
      return known.ok ? ok({ op, field: known.value.name }) : known;
    }
    if (op === 'in')
      return Array.isArray(values) ? among(reading, { field, values, cased }) : bad('values must be a list');
    if (op === 'within') {
      return Array.isArray(networks) ? within(reading, { field, networks }) : bad('networks must be a list');
    }
    return isComparison(op) ? compared(reading, op, { field, value, cased }) : bad('has no such op');
  }

  /** What the text form may hold the JSON form may, no more. */
  #hasRoom(values: readonly unknown[]): boolean {
    for (const value of values.flat()) if (typeof value === 'string') this.#units += value.length;
    return this.#units <= MAX_QUERY;
  }
}

const COMPARISONS = ['eq', 'ne', 'lt', 'le', 'gt', 'ge', 'prefix', 'suffix', 'contains', 'glob', 'regex'] as const;

const isComparison = (op: string): op is (typeof COMPARISONS)[number] =>
  (COMPARISONS as readonly string[]).includes(op);
