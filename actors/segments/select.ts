import { ok, type Result } from '../../core/base/result.ts';
import { compileLeaf, type LeafTest, type RegexEngine, type ValueTest } from '../../core/query/evaluate.ts';
import { fold, hasWords, isWordUnit } from '../../core/query/text.ts';
import type { Leaf, Node, Query } from '../../core/query/tree.ts';
import type { Block } from './block.ts';
import { type Dictionary, textAt } from './column-readers.ts';
import { COLUMNS, type ColumnName, columnOfField, FLAGS } from './layout.ts';

/** One byte a row: 1 where it matches. */
export type Mask = Uint8Array;

/** Rows that match. */
export function countOf(mask: Mask): number {
  let count = 0;
  for (let row = 0; row < mask.length; row++) count += mask[row] as number;
  return count;
}

/**
 * The rows of a block that a query is true of. Reads only the columns that it needs.
 * @param among the only rows that it can be true of, where that is known
 */
export type Selection = (block: Block, among?: Mask) => Mask;

/** A part of the tree, with what it costs to ask. @param among rows that matter; others may come out either way */
interface Part {
  readonly cost: number;
  readonly select: (block: Block, among: Mask) => Mask;
}

/**
 * Compiles a query for whole columns: a test runs once for each distinct value of a dictionary, not once a row, and
 * messages are searched as one run of bytes. Agrees row by row with `compileFilter`.
 */
export function compileSelection(
  { where, from, to }: Pick<Query, 'where' | 'from' | 'to'>,
  regex?: RegexEngine,
): Result<Selection, 'bad_regex'> {
  const part = partOf(where, regex);
  if (!part.ok) return part;
  return ok((block, among) => {
    const inRange = rangeMask(block, from, to);
    if (among !== undefined) intersect(inRange, among);
    return intersect(part.value.select(block, inRange), inRange);
  });
}

/** Takes out of a mask what the other has not. */
export function intersect(mask: Mask, other: Mask): Mask {
  for (let row = 0; row < mask.length; row++) mask[row] = (mask[row] as number) & (other[row] as number);
  return mask;
}

function rangeMask(block: Block, from = Number.NEGATIVE_INFINITY, to = Number.POSITIVE_INFINITY): Mask {
  const mask = new Uint8Array(block.rows);
  if (block.header.minAt >= from && block.header.maxAt < to) return mask.fill(1);
  const { moments } = block;
  for (let row = 0; row < mask.length; row++) {
    const at = moments[row] as number;
    mask[row] = at >= from && at < to ? 1 : 0;
  }
  return mask;
}

const COST = { free: 0, column: 1, message: 10 } as const;

/** Long texts are rarer than short ones, and what they leave is quicker to look through. */
const costOfText = (needle: string): number => COST.message + 1 / (1 + needle.length);

function partOf(node: Node, regex?: RegexEngine): Result<Part, 'bad_regex'> {
  switch (node.op) {
    case 'all':
      return ok({ cost: COST.free, select: (block) => new Uint8Array(block.rows).fill(1) });
    case 'not': {
      const inner = partOf(node.of, regex);
      return inner.ok ? ok(inverted(inner.value)) : inner;
    }
    case 'and':
    case 'or': {
      const parts: Part[] = [];
      for (const one of node.of) {
        const part = partOf(one, regex);
        if (!part.ok) return part;
        parts.push(part.value);
      }
      parts.sort((a, b) => a.cost - b.cost);
      return ok(node.op === 'and' ? conjunction(parts) : disjunction(parts));
    }
    default:
      return leafPart(node, regex);
  }
}

const inverted = ({ cost, select }: Part): Part => ({
  cost,
  select: (block, among) => {
    const mask = select(block, among);
    for (let row = 0; row < mask.length; row++) mask[row] = 1 - (mask[row] as number);
    return mask;
  },
});

const costOf = (parts: readonly Part[]): number => parts.reduce((sum, { cost }) => sum + cost, 0);

/** Cheap parts first; what they rule out the dear ones need not look at, and where nothing is left they are not asked. */
const conjunction = (parts: readonly Part[]): Part => ({
  cost: costOf(parts),
  select: (block, among) => {
    const left = among.slice();
    for (const { select } of parts) {
      if (!left.includes(1)) break;
      intersect(left, select(block, left));
    }
    return left;
  },
});

const disjunction = (parts: readonly Part[]): Part => ({
  cost: costOf(parts),
  select: (block, among) => {
    const found = new Uint8Array(block.rows);
    const open = among.slice();
    for (const { select } of parts) {
      if (!open.includes(1)) break;
      const mask = select(block, open);
      for (let row = 0; row < found.length; row++) {
        if (((open[row] as number) & (mask[row] as number)) === 0) continue;
        found[row] = 1;
        open[row] = 0;
      }
    }
    return found;
  },
});

function leafPart(leaf: Leaf, regex?: RegexEngine): Result<Part, 'bad_regex'> {
  const compiled = compileLeaf(leaf, regex);
  if (!compiled.ok) return compiled;
  const { value: test } = compiled;
  if (test.kind === 'text') return ok({ cost: costOfText(test.needle), select: freeText(test) });
  if (test.field === 'message') return ok({ cost: COST.message, select: messagePart(leaf, test) });
  return ok({ cost: COST.column, select: columnPart(test) });
}

const EVERY: ValueTest = () => true;
const testIn = (test: LeafTest): ValueTest => (test.kind === 'exists' ? EVERY : test.test);

function columnPart(leaf: Exclude<LeafTest, { kind: 'text' }>): Part['select'] {
  const { field } = leaf;
  const test = testIn(leaf);
  const only = leaf.kind === 'value' && leaf.only !== '' ? leaf.only : undefined;
  if (field.startsWith(DECLARED_FIELD)) {
    const name = field.slice(DECLARED_FIELD.length);
    return (block) => dictionaryMask(block.declared(name), block.rows, { test, only });
  }
  const name = nameOf(field);
  if (name === 'flags') return (block) => flagMask(block, test);
  if (COLUMNS[name].storage === 'dictionary') {
    return (block) => dictionaryMask(block.dictionary(name), block.rows, { test, only });
  }
  return (block) => {
    const values = block.numbers(name);
    const mask = new Uint8Array(block.rows);
    if (values === undefined) return mask;
    for (let row = 0; row < mask.length; row++) {
      const value = values[row] as number;
      mask[row] = !Number.isNaN(value) && test(value) ? 1 : 0;
    }
    return mask;
  };
}

/** Before the names of a declared parser's fields. */
export const DECLARED_FIELD = 'fields.';

const NAMES = Object.keys(COLUMNS) as readonly ColumnName[];

/** @throws RangeError for a field that is not stored: the catalogue and the layout are out of step */
export function nameOf(field: string): ColumnName {
  const column = columnOfField(field);
  const name = NAMES.find((one) => COLUMNS[one] === column);
  if (name === undefined) throw new RangeError(`no column holds ${field}`);
  return name;
}

interface TextTest {
  readonly test: ValueTest;
  readonly only: string | undefined;
}

function dictionaryMask(dictionary: Dictionary | undefined, rows: number, { test, only }: TextTest): Mask {
  const mask = new Uint8Array(rows);
  if (dictionary === undefined) return mask;
  if (only !== undefined) {
    const wanted = dictionary.numberOf(only);
    const { ids } = dictionary;
    if (wanted > 0) for (let row = 0; row < rows; row++) if (ids[row] === wanted) mask[row] = 1;
    return mask;
  }
  const { ids, texts } = dictionary;
  const hits = new Uint8Array(texts.length);
  let any = 0;
  for (let id = 1; id < texts.length; id++) {
    const hit = test(texts[id] as string) ? 1 : 0;
    hits[id] = hit;
    any |= hit;
  }
  if (any === 0) return mask;
  for (let row = 0; row < rows; row++) mask[row] = hits[ids[row] as number] as number;
  return mask;
}

function flagMask(block: Block, test: ValueTest): Mask {
  const mask = new Uint8Array(block.rows);
  const flags = block.numbers('flags');
  if (flags === undefined || !test('yes')) return mask;
  for (let row = 0; row < mask.length; row++) {
    const value = flags[row] as number;
    mask[row] = !Number.isNaN(value) && (value & FLAGS.userUnknown) !== 0 ? 1 : 0;
  }
  return mask;
}

function freeText({ needle, test }: Extract<LeafTest, { kind: 'text' }>): Part['select'] {
  if (!isAscii(needle) || needle === '') return (block, among) => testRows(block, among, test);
  return (block, among) => literalMask(block, among, { needle, isWords: true });
}

function messagePart(leaf: Leaf, test: LeafTest): Part['select'] {
  if (test.kind === 'exists') return (block) => new Uint8Array(block.rows).fill(1);
  const literal = literalOf(leaf);
  if (literal === undefined) return (block, among) => testRows(block, among, testIn(test));
  const isExact = leaf.op === 'contains' && leaf.cased !== true;
  return (block, among) => {
    const mask = literalMask(block, among, { needle: literal, isWords: false });
    return isExact ? mask : testRows(block, mask, testIn(test));
  };
}

/** An ASCII text without which no message can match, folded. */
function literalOf(leaf: Leaf): string | undefined {
  const isLiteral = leaf.op === 'eq' || leaf.op === 'prefix' || leaf.op === 'suffix' || leaf.op === 'contains';
  const literal = isLiteral ? fold(String(leaf.value)) : '';
  return literal !== '' && isAscii(literal) ? literal : undefined;
}

interface Wanted {
  readonly needle: string;
  readonly isWords: boolean;
}

/** Below this share of the rows each is looked at by itself; folding all messages would cost more. */
const FEW = 1 / 8;

/** Looks for a folded ASCII text in messages: where it is met is decided by their bytes alone. */
function literalMask(block: Block, among: Mask, { needle, isWords }: Wanted): Mask {
  if (countOf(among) < block.rows * FEW) {
    const isMet = isWords ? hasWords : (text: string) => text.includes(needle);
    return testRows(block, among, (text) => isMet(fold(String(text)), needle));
  }
  const mask = new Uint8Array(block.rows);
  const { ends } = block.messages;
  const everything = block.foldedMessages;
  const opens = isWords && isWordUnit(needle.charCodeAt(0));
  const closes = isWords && isWordUnit(needle.charCodeAt(needle.length - 1));
  let row = 0;
  for (let at = everything.indexOf(needle); at >= 0; ) {
    while (at >= (ends[row] as number)) row++;
    const end = ends[row] as number;
    const after = at + needle.length;
    const isMet =
      after <= end &&
      !(opens && at > startOf(ends, row) && isWordUnit(everything.charCodeAt(at - 1))) &&
      !(closes && after < end && isWordUnit(everything.charCodeAt(after)));
    if (isMet) mask[row] = among[row] as number;
    // Once met, the rest of the row says nothing new; nor does a match that runs on into the next one.
    at = everything.indexOf(needle, isMet || after > end ? end : at + 1);
  }
  return mask;
}

const startOf = (ends: Uint32Array, row: number): number => (row === 0 ? 0 : (ends[row - 1] as number));

function testRows(block: Block, among: Mask, test: ValueTest): Mask {
  const mask = new Uint8Array(block.rows);
  if (!among.includes(1)) return mask;
  const { messages } = block;
  for (let row = 0; row < mask.length; row++) {
    if (among[row] === 1) mask[row] = test(textAt(messages, row)) ? 1 : 0;
  }
  return mask;
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: it means what it says, nothing beyond ASCII
const isAscii = (text: string): boolean => /^[\x00-\x7f]*$/.test(text);
