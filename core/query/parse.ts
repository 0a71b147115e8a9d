import { fail, type Ok, ok } from '../base/result.ts';
import { parseClause } from './clauses.ts';
import { among, type Checked, checkField, checkText, compared, type Reading, shown } from './leaf.ts';
import { tokensOf } from './lexer.ts';
import { DEFAULT_LIMIT, type Leaf, MAX_DEPTH, MAX_NODES, MAX_QUERY, type Node, type Query } from './tree.ts';
import { Words } from './words.ts';

/** Where and why a query could not be understood; `public` holds both, in words. */
export interface BadQuery {
  readonly ok: false;
  readonly code: 'bad_query';
  readonly public: string;
  /** UTF-16 units from the start. */
  readonly at: number;
}

/** Reads the text form of a query: see `GRAMMAR`. `parseQuery(printQuery(q))` is `q`. */
export const parseQuery = <R>(text: string, reading: Reading<R>): Ok<Query> | BadQuery =>
  parsed(text, reading, (parser) => parser.query());

/** Reads what a record must be, without any clauses: for searches that have other ways to say time and page. */
export const parseConditions = <R>(text: string, reading: Reading<R>): Ok<Node> | BadQuery =>
  parsed(text, reading, (parser) => parser.conditions());

function parsed<R, T>(text: string, reading: Reading<R>, parse: (parser: Parser<R>) => Checked<T>): Ok<T> | BadQuery {
  if (text.length > MAX_QUERY) return badAt(0, `a query has ${MAX_QUERY} characters at most`);
  const tokens = tokensOf(text);
  if (!tokens.ok) return badAt(tokens.misread?.at ?? 0, tokens.public);
  const words = new Words(tokens.value);
  const result = parse(new Parser(words, reading));
  return result.ok ? result : badAt(words.failedAt, result.public);
}

const badAt = (at: number, why: string): BadQuery => ({
  ...fail('bad_query', `${why} (at character ${at + 1})`),
  at,
});

const SIGNS: Readonly<Record<string, 'eq' | 'ne' | 'lt' | 'le' | 'gt' | 'ge'>> = {
  '=': 'eq',
  '!=': 'ne',
  '<': 'lt',
  '<=': 'le',
  '>': 'gt',
  '>=': 'ge',
};

const PATTERNS: Readonly<Record<string, 'contains' | 'prefix' | 'suffix' | 'glob' | 'regex'>> = {
  contains: 'contains',
  starts: 'prefix',
  ends: 'suffix',
  like: 'glob',
  matches: 'regex',
};

/** Words that cannot be looked for without quotes. */
const RESERVED: ReadonlySet<string> = new Set(['and', 'or', 'not', 'in', 'exists', 'cased', ...Object.keys(PATTERNS)]);

class Parser<R> {
  readonly #words: Words;
  readonly #reading: Reading<R>;
  #nodes = 0;

  constructor(words: Words, reading: Reading<R>) {
    this.#words = words;
    this.#reading = reading;
  }

  conditions(): Checked<Node> {
    const where = this.#where();
    if (!where.ok) return where;
    if (this.#words.isSign('|')) return this.#words.fail('clauses behind | are not taken here');
    return this.#words.isAt('end') ? where : this.#unexpected();
  }

  query(): Checked<Query> {
    const words = this.#words;
    const where = this.#where();
    if (!where.ok) return where;
    let query: Query = { where: where.value, order: 'newest', limit: DEFAULT_LIMIT };
    const given = new Set<string>();
    while (words.takeSign('|')) {
      const clause = parseClause(words, this.#reading, given);
      if (!clause.ok) return clause;
      query = { ...query, ...clause.value };
    }
    return words.isAt('end') ? ok(query) : this.#unexpected();
  }

  #where(): Checked<Node> {
    return this.#words.isAt('end') || this.#words.isSign('|') ? ok<Node>({ op: 'all' }) : this.#any(0);
  }

  #unexpected() {
    return this.#words.fail(`${shown(this.#words.token.value)} is not expected here`);
  }

  #any(depth: number): Checked<Node> {
    return this.#joined('or', depth, () => this.#every(depth));
  }

  #every(depth: number): Checked<Node> {
    return this.#joined('and', depth, () => this.#one(depth));
  }

  #joined(op: 'and' | 'or', depth: number, part: () => Checked<Node>): Checked<Node> {
    if (depth > MAX_DEPTH) return this.#words.fail(`a query nests ${MAX_DEPTH} deep at most`);
    const parts: Node[] = [];
    do {
      const one = part();
      if (!one.ok) return one;
      parts.push(one.value);
    } while (op === 'or' ? this.#words.takeWord('or') : this.#goesOn());
    const [first] = parts;
    return ok(first !== undefined && parts.length === 1 ? first : { op, of: parts });
  }

  /** Whether another part follows; `and` between them may be left out. */
  #goesOn(): boolean {
    const words = this.#words;
    if (words.takeWord('and')) return true;
    return !(words.isAt('end') || words.isSign('|') || words.isSign(')') || words.isWord('or'));
  }

  #one(depth: number): Checked<Node> {
    const words = this.#words;
    if (++this.#nodes > MAX_NODES) return words.fail(`a query has ${MAX_NODES} parts at most`);
    if (words.takeWord('not')) {
      if (depth >= MAX_DEPTH) return words.fail(`a query nests ${MAX_DEPTH} deep at most`);
      const part = this.#one(depth + 1);
      return part.ok ? ok({ op: 'not', of: part.value }) : part;
    }
    if (words.takeSign('(')) {
      const inner = this.#any(depth + 1);
      if (!inner.ok) return inner;
      return words.takeSign(')') ? inner : words.fail('a ")" is missing');
    }
    if (words.takeWord('*')) return ok({ op: 'all' });
    return this.#leaf();
  }

  #leaf(): Checked<Leaf> {
    const words = this.#words;
    const first = words.token;
    if (first.kind === 'sign' || first.kind === 'end') return words.fail(expected(first.value));
    const next = words.next;
    const isTest = next.kind === 'sign' ? next.value in SIGNS : next.kind === 'word' && isTestWord(next.value);
    if (first.kind === 'word' && isTest) return this.#test();
    if (first.kind === 'word' && RESERVED.has(first.value)) {
      return words.fail(`${shown(first.value)} has a meaning of its own; put it into quotes to look for it`);
    }
    const mistake = first.kind === 'word' ? this.#likelyMistake(first.value) : undefined;
    if (mistake !== undefined) return words.fail(mistake);
    const value = words.checked(() => checkText(first.value));
    if (!value.ok) return value;
    words.advance();
    return ok({ op: 'text', value: value.value });
  }

  /** Forms of other query languages that would silently find nothing here. */
  #likelyMistake(word: string): string | undefined {
    if (word.includes('*'))
      return `for a pattern write e.g. message like ${JSON.stringify(word)}; quote it to look for a *`;
    const [name = '', ...rest] = word.split(':');
    if (rest.length === 0 || !checkField(this.#reading, name).ok) return undefined;
    return `write ${name} = ${rest.join(':') || 'VALUE'}; quote it to look for the text`;
  }

  #test(): Checked<Leaf> {
    const words = this.#words;
    const reading = this.#reading;
    const field = words.token.value;
    const known = words.checked(() => checkField(reading, field));
    if (!known.ok) return known;
    words.advance();
    const { value: how } = words.token;
    words.advance();
    if (how === 'exists') return ok({ op: 'exists', field: known.value.name });
    const at = words.mark();
    if (how === 'in') {
      const values = this.#values();
      if (!values.ok) return values;
      const cased = words.takeWord('cased');
      return words.checked(() => among(reading, { field, values: values.value, cased }), at);
    }
    const op = SIGNS[how] ?? PATTERNS[how] ?? 'eq';
    const value = this.#value();
    if (!value.ok) return value;
    const cased = words.takeWord('cased');
    return words.checked(() => compared(reading, op, { field, value: value.value, cased }), at);
  }

  #values(): Checked<readonly string[]> {
    const words = this.#words;
    const isList = words.takeSign('(');
    const values: string[] = [];
    do {
      const value = this.#value();
      if (!value.ok) return value;
      values.push(value.value);
    } while (isList && words.takeSign(','));
    if (isList && !words.takeSign(')')) return words.fail('a ")" or "," is missing');
    return ok(values);
  }

  #value(): Checked<string> {
    const { kind, value } = this.#words.token;
    if (kind !== 'word' && kind !== 'text') return this.#words.fail('a value is missing');
    this.#words.advance();
    return ok(value);
  }
}

const isTestWord = (word: string): boolean => word === 'in' || word === 'exists' || Object.hasOwn(PATTERNS, word);

const expected = (sign: string): string =>
  sign === '' ? 'the query ends where more was expected' : `${shown(sign)} is not expected here`;
