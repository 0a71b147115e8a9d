import { type Cidr, contains, parseCidr, parseIp } from '../base/ip.ts';
import { fail, ok, type Result } from '../base/result.ts';
import { type Catalogue, type Field, fieldNamed } from './catalogue.ts';
import { fold, globTest, hasWords } from './text.ts';
import type { Leaf, Node, Query, Value } from './tree.ts';

/** A regular expression engine that takes linear time whatever the pattern: patterns come from whoever may search. */
export interface RegexEngine {
  /** A test that is true where the pattern matches anywhere in the text. */
  compile(pattern: string, options: { readonly ignoreCase: boolean }): Result<(text: string) => boolean, 'bad_regex'>;
}

/** Of a value that is there. */
export type ValueTest = (value: Value) => boolean;

/** Stands for every leaf of a tree: what it is about and the test of it. */
export type LeafTest =
  | { readonly kind: 'exists'; readonly field: string }
  | {
      readonly kind: 'value';
      readonly field: string;
      readonly test: ValueTest;
      /** The one text that passes, where there is just one: it can be looked for instead of testing all. */
      readonly only?: string;
    }
  /** Of any field that free text is looked for in. */
  | { readonly kind: 'text'; readonly needle: string; readonly test: ValueTest };

/**
 * Compiles one leaf. The tree must have been read for the catalogue that it is used with (`readQuery`, `parseQuery`).
 * Only `regex` can fail: with a pattern that the engine refuses, or without an engine.
 */
export function compileLeaf(leaf: Leaf, regex?: RegexEngine): Result<LeafTest, 'bad_regex'> {
  if (leaf.op === 'exists') return ok({ kind: 'exists', field: leaf.field });
  if (leaf.op === 'text') {
    const needle = fold(leaf.value);
    return ok({ kind: 'text', needle, test: (value) => hasWords(fold(String(value)), needle) });
  }
  const { field } = leaf;
  if (leaf.op !== 'regex') return ok({ kind: 'value', field, test: testOf(leaf), ...onlyText(leaf) });
  if (regex === undefined) return fail('bad_regex', 'regular expressions are not available here');
  const compiled = regex.compile(leaf.value, { ignoreCase: leaf.cased !== true });
  if (!compiled.ok) return compiled;
  const { value: matches } = compiled;
  return ok({ kind: 'value', field, test: (value) => matches(String(value)) });
}

/** Without letters there is no other case to write it in: addresses above all. */
function onlyText(leaf: Leaf): { readonly only?: string } {
  // What is stored is UTF-8, which has no halves of characters.
  if (leaf.op !== 'eq' || typeof leaf.value !== 'string' || !leaf.value.isWellFormed()) return {};
  return leaf.cased === true || !/[a-z]/i.test(leaf.value) ? { only: leaf.value } : {};
}

function testOf(leaf: Exclude<Leaf, { op: 'exists' | 'text' }>): ValueTest {
  switch (leaf.op) {
    case 'eq':
      return equals(leaf.value, leaf.cased);
    case 'ne': {
      const equal = equals(leaf.value, leaf.cased);
      return (value) => !equal(value);
    }
    case 'in':
      return amongst(leaf.values, leaf.cased);
    case 'lt':
      return (value) => Number(value) < leaf.value;
    case 'le':
      return (value) => Number(value) <= leaf.value;
    case 'gt':
      return (value) => Number(value) > leaf.value;
    case 'ge':
      return (value) => Number(value) >= leaf.value;
    case 'within':
      return within(leaf.networks);
    default:
      return patternTest(leaf.op, leaf.value, leaf.cased);
  }
}

const asIs = (text: string): string => text;
const letters = (cased: true | undefined): ((text: string) => string) => (cased === true ? asIs : fold);

function equals(wanted: Value, cased: true | undefined): ValueTest {
  if (typeof wanted === 'number') return (value) => value === wanted;
  const form = letters(cased);
  const text = form(wanted);
  return (value) => {
    const given = String(value);
    // Folding keeps the length, and most values differ in it.
    return given.length === text.length && form(given) === text;
  };
}

function amongst(values: readonly Value[], cased: true | undefined): ValueTest {
  const form = letters(cased);
  const wanted = new Set(values.map((value) => (typeof value === 'number' ? value : form(value))));
  return (value) => wanted.has(typeof value === 'number' ? value : form(value));
}

function patternTest(op: 'prefix' | 'suffix' | 'contains' | 'glob' | 'regex', value: string, cased?: true): ValueTest {
  const form = letters(cased);
  const wanted = form(value);
  if (op === 'prefix') return (text) => form(String(text)).startsWith(wanted);
  if (op === 'suffix') return (text) => form(String(text)).endsWith(wanted);
  if (op === 'contains') return (text) => form(String(text)).includes(wanted);
  const matches = globTest(wanted);
  return (text) => matches(form(String(text)));
}

function within(networks: readonly string[]): ValueTest {
  const nets = networks.map(parseCidr).flatMap((net): Cidr[] => (net.ok ? [net.value] : []));
  return (value) => {
    const ip = parseIp(String(value));
    return ip.ok && nets.some((net) => contains(net, ip.value));
  };
}

/** Compiles a query's `where` and range into a test of whole records. */
export function compileFilter<R>(
  { where, from, to }: Pick<Query, 'where' | 'from' | 'to'>,
  catalogue: Catalogue<R>,
  regex?: RegexEngine,
): Result<(record: R) => boolean, 'bad_regex'> {
  const test = compileNode(where, catalogue, regex);
  if (!test.ok || (from === undefined && to === undefined)) return test;
  const [moment] = catalogue.fields;
  const [first, last] = [from ?? Number.NEGATIVE_INFINITY, to ?? Number.POSITIVE_INFINITY];
  return ok((record) => {
    const at = moment?.of(record);
    return typeof at === 'number' && at >= first && at < last && test.value(record);
  });
}

function compileNode<R>(node: Node, catalogue: Catalogue<R>, regex?: RegexEngine): Compiled<R> {
  switch (node.op) {
    case 'all':
      return ok(() => true);
    case 'not': {
      const part = compileNode(node.of, catalogue, regex);
      return part.ok ? ok((record) => !part.value(record)) : part;
    }
    case 'and':
    case 'or': {
      const tests: ((record: R) => boolean)[] = [];
      for (const part of node.of) {
        const test = compileNode(part, catalogue, regex);
        if (!test.ok) return test;
        tests.push(test.value);
      }
      return node.op === 'and'
        ? ok((record) => tests.every((test) => test(record)))
        : ok((record) => tests.some((test) => test(record)));
    }
    default:
      return compileRecordLeaf(node, catalogue, regex);
  }
}

type Compiled<R> = Result<(record: R) => boolean, 'bad_regex'>;

function compileRecordLeaf<R>(leaf: Leaf, catalogue: Catalogue<R>, regex?: RegexEngine): Compiled<R> {
  const compiled = compileLeaf(leaf, regex);
  if (!compiled.ok) return compiled;
  const { value: about } = compiled;
  if (about.kind === 'text') {
    const fields = catalogue.fields.filter(({ isFreeText }) => isFreeText === true);
    return ok((record) => fields.some((field) => holds(field, record, about.test)));
  }
  const field = fieldNamed(catalogue, about.field);
  if (field === undefined) throw new RangeError(`${catalogue.what} have no field ${about.field}`);
  return about.kind === 'exists'
    ? ok((record) => field.of(record) !== undefined)
    : ok((record) => holds(field, record, about.test));
}

function holds<R>(field: Field<R>, record: R, test: ValueTest): boolean {
  const value = field.of(record);
  return value !== undefined && test(value);
}
