import { type Cidr, parseCidr } from '../base/ip.ts';
import { type Catalogue, fieldNamed } from './catalogue.ts';
import { addressTerms, fieldTerm, networkTerm, wordTerms } from './terms.ts';
import { withoutOpenWords } from './text.ts';
import type { Leaf, Node } from './tree.ts';

/** What a block must have to hold a match; where it has not, it need not be read. It may have it and hold none. */
export type Need =
  | { readonly kind: 'anything' }
  | { readonly kind: 'nothing' }
  | { readonly kind: 'all' | 'some'; readonly of: readonly Need[] }
  /** Of an indexed field's value. */
  | { readonly kind: 'term'; readonly term: number }
  /** Of a word of the message, which the matching row itself has. */
  | { readonly kind: 'word'; readonly term: number }
  /** Some row has the field. */
  | { readonly kind: 'field'; readonly field: string }
  /** Some row's number lies within [least, most]. */
  | { readonly kind: 'range'; readonly field: string; readonly least: number; readonly most: number };

/** What is known of a block or a segment without reading its rows. Must not deny what is there. */
export interface Summary {
  mayHave(term: number): boolean;
  /** `absent`: no row has the field; `unknown`: nobody looked. */
  extent(field: string): 'absent' | 'unknown' | { readonly least: number; readonly most: number };
}

const ANYTHING: Need = { kind: 'anything' };
const NOTHING: Need = { kind: 'nothing' };

/** Derived from the tree alone. Free text and `message` are taken to be the words whose terms are stored. */
export function needOf<R>(node: Node, catalogue: Catalogue<R>): Need {
  switch (node.op) {
    case 'all':
      return ANYTHING;
    case 'not':
      return node.of.op === 'all' ? NOTHING : ANYTHING;
    case 'and':
      return all(node.of.map((part) => needOf(part, catalogue)));
    case 'or':
      return some(node.of.map((part) => needOf(part, catalogue)));
    default:
      return leafNeed(node, catalogue);
  }
}

export function mayMatch(need: Need, summary: Summary): boolean {
  switch (need.kind) {
    case 'anything':
      return true;
    case 'nothing':
      return false;
    case 'all':
      return need.of.every((part) => mayMatch(part, summary));
    case 'some':
      return need.of.some((part) => mayMatch(part, summary));
    case 'term':
    case 'word':
      return summary.mayHave(need.term);
    case 'field':
      return summary.extent(need.field) !== 'absent';
    case 'range': {
      const extent = summary.extent(need.field);
      if (extent === 'absent' || extent === 'unknown') return extent === 'unknown';
      return extent.least <= need.most && extent.most >= need.least;
    }
  }
}

function all(needs: readonly Need[]): Need {
  if (needs.some(({ kind }) => kind === 'nothing')) return NOTHING;
  const real = needs.filter(({ kind }) => kind !== 'anything');
  return real.length === 0 ? ANYTHING : { kind: 'all', of: real };
}

function some(needs: readonly Need[]): Need {
  if (needs.some(({ kind }) => kind === 'anything')) return ANYTHING;
  const real = needs.filter(({ kind }) => kind !== 'nothing');
  return real.length === 0 ? NOTHING : { kind: 'some', of: real };
}

const terms = (list: readonly number[]): Need => all(list.map((term) => ({ kind: 'term', term })));

const words = (text: string): Need => all(wordTerms(text).map((term) => ({ kind: 'word', term })));

/** Whether anything about words of messages is in it. */
export const asksWords = (need: Need): boolean =>
  need.kind === 'word' || ((need.kind === 'all' || need.kind === 'some') && need.of.some(asksWords));

function leafNeed<R>(leaf: Leaf, catalogue: Catalogue<R>): Need {
  if (leaf.op === 'text') return words(leaf.value);
  const there: Need = { kind: 'field', field: leaf.field };
  const field = fieldNamed(catalogue, leaf.field);
  if (field === undefined || leaf.op === 'exists') return there;
  if (field.kind === 'number' || field.kind === 'time') return numberNeed(leaf, there);
  if (field.isFreeText === true) return all([there, messageNeed(leaf)]);
  return field.isIndexed === true ? all([there, indexedNeed(leaf, field.kind === 'ip')]) : there;
}

function numberNeed(leaf: Exclude<Leaf, { op: 'text' }>, there: Need): Need {
  const range = (least: number, most: number): Need => ({ kind: 'range', field: leaf.field, least, most });
  switch (leaf.op) {
    case 'eq':
      return range(Number(leaf.value), Number(leaf.value));
    case 'in':
      return some(leaf.values.map((value) => range(Number(value), Number(value))));
    case 'lt':
    case 'le':
      return range(Number.NEGATIVE_INFINITY, leaf.value);
    case 'gt':
    case 'ge':
      return range(leaf.value, Number.POSITIVE_INFINITY);
    default:
      return there;
  }
}

function indexedNeed(leaf: Exclude<Leaf, { op: 'text' }>, isAddress: boolean): Need {
  const one = (value: string | number): Need =>
    terms(isAddress ? addressTerms(leaf.field, String(value)) : [fieldTerm(leaf.field, String(value))]);
  if (leaf.op === 'eq') return one(leaf.value);
  if (leaf.op === 'in') return some(leaf.values.map(one));
  return leaf.op === 'within' ? some(leaf.networks.map((network) => networkNeed(leaf.field, network))) : ANYTHING;
}

function networkNeed(field: string, text: string): Need {
  const network = parseCidr(text);
  if (!network.ok) return ANYTHING;
  const { value } = network;
  const isOne = value.prefix === value.bytes.length * 8;
  const term = isOne ? fieldTerm(field, addressOf(value)) : networkTerm(field, value);
  return term === undefined ? ANYTHING : { kind: 'term', term };
}

const addressOf = ({ text }: Cidr): string => text.slice(0, text.indexOf('/'));

const part = (needle: string, open: { readonly start: boolean; readonly end: boolean }): Need =>
  words(withoutOpenWords(needle, open));

/** A word is a term only where it is whole: at an open edge of the needle it may go on in the message. */
function messageNeed(leaf: Exclude<Leaf, { op: 'text' }>): Need {
  switch (leaf.op) {
    case 'eq':
      return words(String(leaf.value));
    case 'in':
      return some(leaf.values.map((value) => words(String(value))));
    case 'prefix':
      return part(leaf.value, { start: false, end: true });
    case 'suffix':
      return part(leaf.value, { start: true, end: false });
    case 'contains':
      return part(leaf.value, { start: true, end: true });
    default:
      return ANYTHING;
  }
}
