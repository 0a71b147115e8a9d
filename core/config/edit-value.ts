import { isAlias, isMap, isScalar, isSeq, type ParsedNode, type Scalar, type YAMLMap, type YAMLSeq } from 'yaml';
import { sameValue } from './change.ts';
import { flowText, itemLines, pairLines, type Quoting, scalarText } from './render.ts';
import { columnOf, lineStart, linesAt, nextLine, type Splice } from './splice.ts';

/** The text is written in a way that cannot be edited without losing something; the message says which. */
export class NotEditable extends Error {}

/** A key with its value, and the text they stand in. */
export interface Host {
  readonly text: string;
  readonly pair: { readonly key: Scalar.Parsed; readonly value: ParsedNode | null };
}

/** Turns the value `before`, which stands in the text as `pair`, into `after`. Touches only what differs. */
export function editValue({ text, pair }: Host, before: unknown, after: unknown): readonly Splice[] {
  const { key, value } = pair;
  if (value === null) throw new NotEditable(`"${key.value}:" has no value`);
  if (isSeq(value) && Array.isArray(before) && Array.isArray(after)) {
    return (value as YAMLSeq.Parsed).flow === true
      ? editFlowList(text, key, value as YAMLSeq.Parsed, after)
      : editBlockList(text, key, value as YAMLSeq.Parsed, before, after);
  }
  return editNode(text, value, before, after);
}

function editNode(text: string, node: ParsedNode, before: unknown, after: unknown): readonly Splice[] {
  if (sameValue(before, after)) return [];
  if (isAlias(node)) throw new NotEditable('the value is written as an alias; edit it by hand');
  if (isMap(node) && isObject(before) && isObject(after)) return editMap(text, node as YAMLMap.Parsed, before, after);
  if (!isScalar(node)) return [replaceFlow(text, node, after)];
  if (node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED') {
    throw new NotEditable('the value is written as a block of text; edit it by hand');
  }
  const [start, end] = node.range;
  return [{ start, end, insert: scalarText(after, QUOTING[node.type ?? 'PLAIN']) }];
}

const QUOTING: Readonly<Record<string, Quoting>> = { QUOTE_SINGLE: 'single', QUOTE_DOUBLE: 'double' };

/** An entry of a list, key by key. */
function editMap(text: string, map: YAMLMap.Parsed, before: JsonObject, after: JsonObject): readonly Splice[] {
  if (map.flow === true) return [replaceFlow(text, map, after)];
  const splices: Splice[] = [];
  const kept = new Set<string>();
  for (const { key, value } of map.items) {
    const name = String(isScalar(key) ? key.value : '');
    kept.add(name);
    if (after[name] !== undefined && value !== null) {
      splices.push(...editNode(text, value, before[name], after[name]));
    } else if (value !== null) {
      splices.push(removedPair(text, map, key, value));
    }
  }
  const added = Object.keys(after).filter((name) => !kept.has(name) && !sameValue(before[name], after[name]));
  const indent = columnOf(text, map.range[0]);
  const lines = added.flatMap((name) => pairLines(name, after[name], indent));
  return lines.length === 0 ? splices : [...splices, linesAt(text, nextLine(text, contentEnd(map) - 1), lines)];
}

/** Without its line; the first key of a list entry shares its line with the dash, so that one only gives way to the next. */
function removedPair(text: string, map: YAMLMap.Parsed, key: ParsedNode, value: ParsedNode): Splice {
  const end = nextLine(text, Math.max(key.range[1], contentEnd(value)) - 1);
  const first = map.items[0]?.key === key;
  const next = map.items[1]?.key.range[0];
  if (!first) return { start: lineStart(text, key.range[0]), end, insert: '' };
  if (next === undefined) throw new NotEditable('the entry would lose its only key');
  if (text.slice(key.range[0], next).includes('#'))
    throw new NotEditable('a comment stands in the way; edit it by hand');
  return { start: key.range[0], end: next, insert: '' };
}

/** Aligns the equal entries at both ends; what lies between is edited pairwise, then added or removed. */
function editBlockList(
  text: string,
  key: Scalar.Parsed,
  list: YAMLSeq.Parsed,
  before: readonly unknown[],
  after: readonly unknown[],
): readonly Splice[] {
  const head = sharedPrefix(before, after);
  const tail = sharedPrefix(before.slice(head).reverse(), after.slice(head).reverse());
  const paired = Math.min(before.length, after.length) - head - tail;
  const splices: Splice[] = [];
  for (let i = head; i < head + paired; i++) {
    splices.push(...editNode(text, itemAt(list, i), before[i], after[i]));
  }
  for (let i = head + paired; i < before.length - tail; i++) splices.push(removedItem(text, itemAt(list, i)));
  const added = after.slice(head + paired, after.length - tail);
  if (added.length > 0) splices.push(addedItems(text, list, head + paired, added));
  // With no entry left the key would have no value, while comments between the entries may stay.
  if (after.length === 0) splices.push({ start: colonEnd(text, key), end: colonEnd(text, key), insert: ' []' });
  return splices;
}

function sharedPrefix(a: readonly unknown[], b: readonly unknown[]): number {
  let length = 0;
  while (length < Math.min(a.length, b.length) && sameValue(a[length], b[length])) length++;
  return length;
}

const removedItem = (text: string, item: ParsedNode): Splice => ({
  start: lineStart(text, item.range[0]),
  end: nextLine(text, contentEnd(item) - 1),
  insert: '',
});

function addedItems(text: string, list: YAMLSeq.Parsed, at: number, items: readonly unknown[]): Splice {
  const indent = columnOf(text, list.range[0]);
  const lines = items.flatMap((item) => itemLines(item, indent));
  const offset = at === 0 ? lineStart(text, list.range[0]) : nextLine(text, contentEnd(itemAt(list, at - 1)) - 1);
  return linesAt(text, offset, lines);
}

function itemAt(list: YAMLSeq.Parsed, i: number): ParsedNode {
  const item = list.items[i];
  if (item === undefined) throw new NotEditable('the list holds an entry that only a person should touch');
  return item;
}

/** Brackets on one line become a block when entries of several keys come in; otherwise they are written anew in place. */
function editFlowList(
  text: string,
  key: Scalar.Parsed,
  list: YAMLSeq.Parsed,
  after: readonly unknown[],
): readonly Splice[] {
  const line = lineStart(text, key.range[0]);
  const alone = text.slice(line, key.range[0]).trim() === '';
  if (list.items.length > 0 || after.length === 0 || !alone) return [replaceFlow(text, list, after)];
  const indent = columnOf(text, key.range[0]) + 2;
  const lines = after.flatMap((item) => itemLines(item, indent));
  const [start, end] = list.range;
  if (text.slice(start, end).includes('\n')) return [replaceFlow(text, list, after)];
  const blank = text[start - 1] === ' ' ? 1 : 0;
  return [{ start: start - blank, end, insert: '' }, linesAt(text, nextLine(text, end), lines)];
}

function replaceFlow(text: string, node: ParsedNode, after: unknown): Splice {
  const [start, end] = node.range;
  if (/\n[\s\S]*#|#[\s\S]*\n/.test(text.slice(start, end))) {
    throw new NotEditable('a comment stands inside the value; edit it by hand');
  }
  return { start, end, insert: flowText(after) };
}

export function insertIntoFlowMap(map: YAMLMap.Parsed, key: string, value: unknown): readonly Splice[] {
  const last = map.items.at(-1);
  const insert = `${key}: ${flowText(value)}`;
  if (last === undefined) return [{ start: map.range[0] + 1, end: map.range[0] + 1, insert: ` ${insert} ` }];
  const end = last.value === null ? last.key.range[1] : last.value.range[1];
  return [{ start: end, end, insert: `, ${insert}` }];
}

/** A key with its value gone: its lines, or in brackets its words and one comma. */
export function withoutPair(text: string, map: YAMLMap.Parsed, { key, value }: Host['pair']): Splice {
  const end = value === null ? key.range[1] : contentEnd(value);
  if (map.flow !== true) {
    const line = lineStart(text, key.range[0]);
    // A byte order mark stands in front of the first line and is not part of it.
    const start = text.charCodeAt(line) === 0xfeff ? line + 1 : line;
    return { start, end: nextLine(text, Math.max(key.range[1], end) - 1), insert: '' };
  }
  const at = map.items.findIndex((one) => one.key === key);
  const before = map.items[at - 1];
  const next = map.items[at + 1];
  const from = before === undefined ? key.range[0] : (before.value ?? before.key).range[1];
  const to = before === undefined && next !== undefined ? next.key.range[0] : end;
  if (text.slice(from, to).includes('#')) throw new NotEditable('a comment may stand in the way; edit it by hand');
  return { start: from, end: to, insert: '' };
}

/** The offset behind the last character of a node, without what follows it on its line. */
export function contentEnd(node: ParsedNode): number {
  if (isMap(node) && node.flow !== true) {
    const last = node.items.at(-1);
    if (last !== undefined) return last.value === null ? last.key.range[1] : contentEnd(last.value as ParsedNode);
  }
  if (isSeq(node) && node.flow !== true) {
    const last = node.items.at(-1);
    if (last !== undefined) return contentEnd(last as ParsedNode);
  }
  return node.range[1];
}

const colonEnd = (text: string, key: Scalar.Parsed): number => text.indexOf(':', key.range[1]) + 1;

type JsonObject = Readonly<Record<string, unknown>>;
const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
