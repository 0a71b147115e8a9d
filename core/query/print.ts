import type { Millis } from '../base/time.ts';
import { rfc3339 } from '../base/time.ts';
import { type Catalogue, fieldNamed } from './catalogue.ts';
import {
  DEFAULT_LIMIT,
  type Equal,
  type Leaf,
  type Node,
  type Order,
  type Pattern,
  type Query,
  type Value,
} from './tree.ts';

const SIGNS: { readonly [K in Equal['op'] | Order['op'] | Pattern['op']]: string } = {
  eq: '=',
  ne: '!=',
  lt: '<',
  le: '<=',
  gt: '>',
  ge: '>=',
  prefix: 'starts',
  suffix: 'ends',
  contains: 'contains',
  glob: 'like',
  regex: 'matches',
};

/** The text form of a query; `parseQuery` makes the same query of it. */
export function printQuery<R>(query: Query, catalogue: Catalogue<R>): string {
  const { where, from, to, order, limit, after, fields, count } = query;
  const clauses = [
    where.op === 'all' ? '' : printNode(where, catalogue, 'any'),
    from === undefined ? '' : `since ${rfc3339(from)}`,
    to === undefined ? '' : `until ${rfc3339(to)}`,
    order === 'newest' ? '' : order,
    limit === DEFAULT_LIMIT ? '' : `limit ${limit}`,
    after === undefined ? '' : `after ${after}`,
    fields === undefined ? '' : `fields ${fields.join(', ')}`,
    count === undefined ? '' : printCount(count),
  ];
  const [filter = '', ...rest] = clauses;
  const said = rest.filter((clause) => clause !== '').map((clause) => `| ${clause}`);
  return [...(filter === '' ? [] : [filter]), ...said].join(' ');
}

function printCount({ by, per, top }: NonNullable<Query['count']>): string {
  const parts = ['count'];
  if (by.length > 0) parts.push(`by ${by.join(', ')}`);
  if (per !== undefined) parts.push(`per ${per}ms`);
  if (top !== undefined) parts.push(`top ${top}`);
  return parts.join(' ');
}

/** @param place what the part stands in: there it needs parentheses or not */
function printNode<R>(node: Node, catalogue: Catalogue<R>, place: 'any' | 'or' | 'and' | 'not'): string {
  switch (node.op) {
    case 'all':
      return '*';
    case 'not':
      return `not ${printNode(node.of, catalogue, 'not')}`;
    case 'and':
    case 'or': {
      const parts = node.of.map((part) => printNode(part, catalogue, node.op)).join(` ${node.op} `);
      // A part of its own kind keeps its parentheses too: without them the two would be read as one.
      return place === 'any' || (place === 'or' && node.op === 'and') ? parts : `(${parts})`;
    }
    default:
      return printLeaf(node, catalogue);
  }
}

function printLeaf<R>(leaf: Leaf, catalogue: Catalogue<R>): string {
  if (leaf.op === 'text') return JSON.stringify(leaf.value);
  if (leaf.op === 'exists') return `${leaf.field} exists`;
  if (leaf.op === 'within') return `${leaf.field} in (${leaf.networks.map((net) => JSON.stringify(net)).join(', ')})`;
  const value = printer(catalogue, leaf.field);
  if (leaf.op === 'in') return `${leaf.field} in (${leaf.values.map(value).join(', ')})${casedWord(leaf)}`;
  return `${leaf.field} ${SIGNS[leaf.op]} ${value(leaf.value)}${casedWord(leaf)}`;
}

const casedWord = (leaf: Leaf): string => ('cased' in leaf && leaf.cased === true ? ' cased' : '');

function printer<R>(catalogue: Catalogue<R>, name: string): (value: Value) => string {
  const isTime = fieldNamed(catalogue, name)?.kind === 'time';
  return (value) => {
    if (typeof value === 'string') return JSON.stringify(value);
    return isTime ? rfc3339(value as Millis) : String(value);
  };
}
