import { millis } from '../../core/base/time.ts';
import type { Catalogue } from '../../core/query/catalogue.ts';
import { EVENT_FIELDS } from '../../core/query/event-fields.ts';
import type { Leaf, Node, Query, Value } from '../../core/query/tree.ts';
import { ADDRESSES, MESSAGES, START, TEXTS } from './kept-lines.ts';
import { fc } from './random.ts';

/** As the product makes them: with a prototype. */
const record: typeof fc.record = (model: object, constraints: object = {}) =>
  fc.record(model as never, { ...constraints, noNullPrototype: true } as never) as never;

const names = (kind: 'text' | 'ip' | 'number'): string[] => [
  ...EVENT_FIELDS.fields.filter((field) => field.kind === kind).map(({ name }) => name),
  ...(kind === 'text' ? ['fields.one', 'fields.other'] : []),
];

const word = fc.oneof(
  fc.constantFrom(...TEXTS, 'yes', 'ssh_accepted', 'failure', 'other-program'),
  fc
    .constantFrom(...MESSAGES)
    .chain((message) =>
      fc.tuple(fc.nat(message.length), fc.nat(20)).map(([from, length]) => message.slice(from, from + length)),
    ),
  fc.string({ unit: 'binary', maxLength: 6 }),
);
const number = fc.oneof(
  fc.constantFrom(0, 200, 404, 4242),
  fc.nat(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
);
const moment = fc.integer({ min: START, max: START + 86_400_000 });
const cased = fc.constantFrom({}, { cased: true as const });

const zeroed = (value: Value): Value => (typeof value === 'number' ? value + 0 : value);

const textLeaf = fc.oneof(
  record({ op: fc.constantFrom('eq', 'ne'), field: fc.constantFrom(...names('text')), value: word }),
  record({
    op: fc.constantFrom('prefix', 'suffix', 'contains', 'glob'),
    field: fc.constantFrom(...names('text'), 'message', 'ip'),
    value: fc.oneof(
      word,
      word.map((text) => `${text}*`),
      word.map((text) => `*${text}?`),
    ),
  }),
  record({
    op: fc.constant('in'),
    field: fc.constantFrom(...names('text')),
    values: fc.array(word, { minLength: 1, maxLength: 3 }),
  }),
);

const casedLeaf = fc
  .tuple(textLeaf, cased)
  .map(([leaf, more]) => (leaf.field === 'ip' ? leaf : { ...leaf, ...more }) as Leaf);

const otherLeaf = fc.oneof(
  record({ op: fc.constant('text'), value: word }),
  record({ op: fc.constant('exists'), field: fc.constantFrom(...names('text'), ...names('ip'), ...names('number')) }),
  record({
    op: fc.constantFrom('eq', 'ne'),
    field: fc.constantFrom(...names('ip')),
    value: fc.constantFrom(...ADDRESSES),
  }),
  record({
    op: fc.constant('in'),
    field: fc.constantFrom(...names('ip')),
    values: fc.array(fc.constantFrom(...ADDRESSES), { minLength: 1, maxLength: 3 }),
  }),
  record({
    op: fc.constant('within'),
    field: fc.constantFrom(...names('ip')),
    networks: fc.array(
      fc.constantFrom(
        '203.0.113.0/24',
        '203.0.113.5/32',
        '203.0.0.0/16',
        '2001:db8::/32',
        '2001:db8::/64',
        '0.0.0.0/0',
      ),
      { minLength: 1, maxLength: 2 },
    ),
  }),
  record({
    op: fc.constantFrom('eq', 'ne', 'lt', 'le', 'gt', 'ge'),
    field: fc.constantFrom(...names('number')),
    value: number.map((value) => zeroed(value)),
  }),
  record({ op: fc.constantFrom('lt', 'ge', 'eq'), field: fc.constant('at'), value: moment }),
) as fc.Arbitrary<Leaf>;

/** Any canonical tree over the fields of events. */
export const eventNode: fc.Arbitrary<Node> = fc.letrec<{ node: Node }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    { weight: 4, arbitrary: fc.oneof(casedLeaf, otherLeaf) },
    { weight: 1, arbitrary: fc.constant<Node>({ op: 'all' }) },
    { weight: 1, arbitrary: record({ op: fc.constant('not' as const), of: tie('node') }) },
    {
      weight: 2,
      arbitrary: record({
        op: fc.constantFrom('and', 'or' as const),
        of: fc.array(tie('node'), { minLength: 2, maxLength: 3 }),
      }),
    },
  ),
})).node;

const fieldNames = EVENT_FIELDS.fields.map(({ name }) => name);
const fieldList = (minLength: number) => fc.uniqueArray(fc.constantFrom(...fieldNames), { minLength, maxLength: 3 });

/** Any canonical query, without the members that were left out. */
export const eventQuery: fc.Arbitrary<Query> = record(
  {
    where: eventNode,
    order: fc.constantFrom('newest', 'oldest' as const),
    limit: fc.integer({ min: 1, max: 10_000 }),
    from: moment.map(millis),
    to: moment.map(millis),
    after: fc.constantFrom('k1.2.3', 'a.b.c'),
    fields: fieldList(1),
    count: record(
      {
        by: fieldList(0),
        per: fc.integer({ min: 1, max: 86_400_000 }).map(millis),
        top: fc.integer({ min: 1, max: 1000 }),
      },
      { requiredKeys: ['by'] },
    ),
  },
  { requiredKeys: ['where', 'order', 'limit'] },
) as fc.Arbitrary<Query>;

/** ASCII letters alone have case: said once more, and differently, than the product says it. */
const lower = (text: string): string =>
  [...text].map((char) => (char >= 'A' && char <= 'Z' ? char.toLowerCase() : char)).join('');

/** A second evaluator, as slow and plain as it can be. */
export function holdsPlainly<R>(node: Node, record: R, catalogue: Catalogue<R>): boolean {
  switch (node.op) {
    case 'all':
      return true;
    case 'not':
      return !holdsPlainly(node.of, record, catalogue);
    case 'and':
      return node.of.every((part) => holdsPlainly(part, record, catalogue));
    case 'or':
      return node.of.some((part) => holdsPlainly(part, record, catalogue));
    case 'text':
      return catalogue.fields
        .filter(({ isFreeText }) => isFreeText)
        .some((field) => standsInWords(String(field.of(record) ?? ''), node.value));
    default: {
      const field = catalogue.fields.find(({ name }) => name === node.field) ?? catalogue.open?.(node.field);
      const value = field?.of(record);
      return value !== undefined && leafHolds(node, value);
    }
  }
}

function standsInWords(text: string, needle: string): boolean {
  const isWord = (char: string | undefined): boolean => char !== undefined && /[A-Za-z0-9_]|[^\0-\x7f]/.test(char);
  if (needle === '') return true;
  for (let i = 0; i + needle.length <= text.length; i++) {
    if (lower(text.slice(i, i + needle.length)) !== lower(needle)) continue;
    const [before, first] = [text[i - 1], needle[0]];
    const [last, after] = [needle.at(-1), text[i + needle.length]];
    if (!(isWord(before) && isWord(first)) && !(isWord(last) && isWord(after))) return true;
  }
  return false;
}

function leafHolds(leaf: Exclude<Leaf, { op: 'text' }>, value: Value): boolean {
  const form = (text: Value): string => ('cased' in leaf && leaf.cased ? String(text) : lower(String(text)));
  const same = (other: Value): boolean => (typeof value === 'number' ? value === other : form(value) === form(other));
  switch (leaf.op) {
    case 'exists':
      return true;
    case 'eq':
      return same(leaf.value);
    case 'ne':
      return !same(leaf.value);
    case 'in':
      return leaf.values.some(same);
    case 'lt':
      return Number(value) < leaf.value;
    case 'le':
      return Number(value) <= leaf.value;
    case 'gt':
      return Number(value) > leaf.value;
    case 'ge':
      return Number(value) >= leaf.value;
    case 'prefix':
      return form(value).startsWith(form(leaf.value));
    case 'suffix':
      return form(value).endsWith(form(leaf.value));
    case 'contains':
      return form(value).includes(form(leaf.value));
    case 'glob':
      return globHolds(form(leaf.value), form(value));
    case 'within':
      return leaf.networks.some((network) => isWithin(network, String(value)));
    case 'regex':
      throw new Error('no engine');
  }
}

/** Recursive, for the short texts of a test. */
function globHolds(glob: string, text: string): boolean {
  if (glob === '') return text === '';
  if (glob[0] === '*') return globHolds(glob.slice(1), text) || (text !== '' && globHolds(glob, text.slice(1)));
  if (text === '') return false;
  if (glob[0] === '?') return globHolds(glob.slice(1), text.slice(1));
  const isEscaped = glob[0] === '\\' && glob.length > 1;
  const char = isEscaped ? glob[1] : glob[0];
  return char === text[0] && globHolds(glob.slice(isEscaped ? 2 : 1), text.slice(1));
}

/** By bits of the written address. */
function isWithin(network: string, address: string): boolean {
  const [base = '', prefix = ''] = network.split('/');
  const [a, b] = [bitsOf(base), bitsOf(address)];
  return a.length === b.length && a.slice(0, Number(prefix)) === b.slice(0, Number(prefix));
}

function bitsOf(address: string): string {
  if (!address.includes(':')) {
    return address
      .split('.')
      .map((octet) => Number(octet).toString(2).padStart(8, '0'))
      .join('');
  }
  const [head = '', tail = ''] = address.split('::');
  const groups = (part: string): string[] => (part === '' ? [] : part.split(':'));
  const missing = 8 - groups(head).length - groups(tail).length;
  const all = [
    ...groups(head),
    ...Array.from({ length: address.includes('::') ? missing : 0 }, () => '0'),
    ...groups(tail),
  ];
  return all.map((group) => Number.parseInt(group, 16).toString(2).padStart(16, '0')).join('');
}
