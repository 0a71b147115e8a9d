import type { TSchema } from 'typebox';
import type { FieldProblem } from './problem.ts';

/** What Ajv says of the first thing that is wrong. */
export interface ValidationError {
  /** JSON pointer to the value. */
  readonly instancePath: string;
  readonly keyword: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly message?: string;
}

/** A compiled schema. `errors` belongs to the last call that said false. */
export interface Validate {
  (value: unknown): boolean;
  readonly errors?: readonly ValidationError[] | null;
}

/** Finds a compiled schema; `undefined` when the build made none of that name. */
export type Validators = (name: string) => Validate | undefined;

/** A schema to be compiled at build. `unknownField` holds for every object in it that does not say itself. */
export interface NamedSchema {
  /** A JavaScript identifier, unique in the build. */
  readonly name: string;
  readonly schema: TSchema;
  readonly unknownField: 'refuse' | 'ignore';
}

/** What is wrong with one field, and the same as one sentence: `field "ip": must be a string`, `unknown field "foo"`. */
export interface Explained {
  readonly problem: FieldProblem;
  readonly sentence: string;
}

/** Puts the first error in plain words; `what` is what a client calls the thing: `field` of a body, `parameter`. */
export function explain(errors: readonly ValidationError[] | null | undefined, what: string): Explained {
  const error = errors?.[0] ?? { instancePath: '', keyword: '', params: {} };
  const { keyword, params } = error;
  const where = pathOf(error.instancePath);
  const inside = (name: unknown) => (where === '' ? String(name) : `${where}.${String(name)}`).slice(0, 128);
  if (keyword === 'required') {
    const field = inside(params['missingProperty']);
    return { problem: { field, message: 'is missing' }, sentence: `${what} ${JSON.stringify(field)} is missing` };
  }
  if (keyword === 'additionalProperties') {
    const field = inside(params['additionalProperty']);
    return { problem: { field, message: 'is unknown' }, sentence: `unknown ${what} ${JSON.stringify(field)}` };
  }
  const problem = { field: where.slice(0, 128), message: sayKeyword(error) };
  const subject = problem.field === '' ? 'body' : `${what} ${JSON.stringify(problem.field)}:`;
  return { problem, sentence: `${subject} ${problem.message}` };
}

function sayKeyword({ keyword, params, message }: ValidationError): string {
  const limit = String(params['limit'] ?? '');
  switch (keyword) {
    case 'type':
      return `must be ${withArticle(String(params['type']))}`;
    case 'enum':
      return `must be one of ${list(params['allowedValues'])}`;
    case 'const':
      return `must be ${JSON.stringify(params['allowedValue'])}`;
    case 'minLength':
      return limit === '1' ? 'must not be empty' : `must have at least ${limit} characters`;
    case 'maxLength':
      return `must have at most ${limit} characters`;
    case 'minItems':
      return limit === '1' ? 'must not be empty' : `must have at least ${limit} entries`;
    case 'maxItems':
      return `must have at most ${limit} entries`;
    case 'minimum':
      return `must be ${limit} or more`;
    case 'maximum':
      return `must be ${limit} or less`;
    default:
      return message ?? 'is not valid';
  }
}

const withArticle = (type: string): string => `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`;

const list = (values: unknown): string =>
  Array.isArray(values) ? values.map((value) => JSON.stringify(value)).join(', ') : '';

/** `/rules/2/name` → `rules[2].name` */
const pathOf = (pointer: string): string =>
  pointer
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce((path, part) => (/^\d+$/.test(part) ? `${path}[${part}]` : path === '' ? part : `${path}.${part}`), '');
