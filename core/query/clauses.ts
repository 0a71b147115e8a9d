import { ok } from '../base/result.ts';
import { LONGEST, type Millis, parseDuration } from '../base/time.ts';
import { parseCursor } from './cursor.ts';
import { bad, type Checked, checkField, type Reading, shown } from './leaf.ts';
import { parseMoment } from './moment.ts';
import { type Count, MAX_LIMIT, MAX_TOP, type Query } from './tree.ts';
import type { Words } from './words.ts';

/** Fields in a list, after which columns and groups could no longer be read by anybody. */
export const MAX_FIELDS = 64;

const CLAUSES = ['since', 'until', 'newest', 'oldest', 'limit', 'after', 'fields', 'count'];

/** One clause behind a `|`. @param given what stood before: nothing may be said twice */
export function parseClause<R>(words: Words, reading: Reading<R>, given: Set<string>): Checked<Partial<Query>> {
  const { kind, value: name } = words.token;
  if (kind !== 'word' || !CLAUSES.includes(name)) {
    return words.fail(`a clause is expected here: ${CLAUSES.join(', ')}`);
  }
  const subject = name === 'oldest' || name === 'newest' ? 'order' : name;
  if (given.has(subject)) return words.fail(`${shown(name)} is said twice`);
  given.add(subject);
  words.advance();
  switch (name) {
    case 'newest':
    case 'oldest':
      return ok({ order: name });
    case 'since':
      return map(moment(words, reading), (from) => ({ from }));
    case 'until':
      return map(moment(words, reading), (to) => ({ to }));
    case 'limit':
      return map(whole(words, MAX_LIMIT), (limit) => ({ limit }));
    case 'after':
      return map(cursor(words), (after) => ({ after }));
    case 'fields':
      return map(fields(words, reading), (list) => ({ fields: list }));
    default:
      return map(count(words, reading), (counted) => ({ count: counted }));
  }
}

const map = <T, U>(checked: Checked<T>, to: (value: T) => U): Checked<U> =>
  checked.ok ? ok(to(checked.value)) : checked;

/** The next word or text, checked and passed. */
function taken<T>(words: Words, what: string, check: (value: string) => Checked<T>): Checked<T> {
  const { kind, value } = words.token;
  if (kind !== 'word' && kind !== 'text') return words.fail(`${what} is missing`);
  const checked = words.checked(() => check(value));
  if (checked.ok) words.advance();
  return checked;
}

const moment = <R>(words: Words, { now }: Reading<R>): Checked<Millis> =>
  taken(words, 'a time', (text) => {
    const at = parseMoment(text, now);
    return at === undefined
      ? bad(`${shown(text)} is not a time; write 2026-11-20T10:00Z, or 7d for seven days ago`)
      : ok(at);
  });

const whole = (words: Words, most: number): Checked<number> =>
  taken(words, 'a number', (text) => {
    const number = /^\d{1,9}$/.test(text) ? Number(text) : 0;
    return number >= 1 && number <= most ? ok(number) : bad(`a whole number from 1 to ${most} is expected`);
  });

const cursor = (words: Words): Checked<string> =>
  taken(words, 'a cursor', (text) => (parseCursor(text) === undefined ? bad(`${shown(text)} is no cursor`) : ok(text)));

function fields<R>(words: Words, reading: Reading<R>): Checked<readonly string[]> {
  const list: string[] = [];
  do {
    const field = taken(words, 'a field', (name) => checkField(reading, name));
    if (!field.ok) return field;
    if (list.includes(field.value.name)) return words.fail(`${field.value.name} is there twice`);
    list.push(field.value.name);
    if (list.length > MAX_FIELDS) return words.fail(`a list has ${MAX_FIELDS} fields at most`);
  } while (words.takeSign(','));
  return ok(list);
}

function count<R>(words: Words, reading: Reading<R>): Checked<Count> {
  let counted: Count = { by: [] };
  if (words.takeWord('by')) {
    const by = fields(words, reading);
    if (!by.ok) return by;
    counted = { by: by.value };
  }
  if (words.takeWord('per')) {
    const per = taken(words, 'a length of time', checkBucket);
    if (!per.ok) return per;
    counted = { ...counted, per: per.value };
  }
  if (words.takeWord('top')) {
    const top = whole(words, MAX_TOP);
    if (!top.ok) return top;
    counted = { ...counted, top: top.value };
  }
  return ok(counted);
}

export function checkBucket(text: string): Checked<Millis> {
  const length = parseDuration(text);
  return length.ok && length.value !== 'never' && length.value <= LONGEST
    ? ok(length.value)
    : bad(`${shown(text)} is not a length of time; write 5m, 1h or 1d`);
}
