import { LONGEST } from '../../core/base/time.ts';
import type { SetDeclaration, TableDeclaration } from './declaration.ts';
import { refuse } from './failure.ts';
import { FAMILIES, hasIntervals, type ParsedKey, parseKey, shorten } from './keys.ts';
import type { NftFailure, NftOp, NftResult } from './port.ts';
import { checkDistinct, checkName, firstRefusal, NAME } from './validate-names.ts';
import { checkChains } from './validate-rules.ts';

/** The most ops of one transaction: a larger one would hold every other block back too long. */
export const MAX_OPS = 10_000;
export const MAX_COMMENT_BYTES = 128;
export const MAX_SET_SIZE = 16_777_216;
/** Of one table, and so of one batch. */
export const MAX_SETS = 512;
/** Elements that the sets of one table begin with. */
const MAX_BEGINNINGS = 65_536;

/** What stands between quotes in `nft list` and can be read back by `nft -f`: no quote, no control character. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const UNSPEAKABLE = /["\u0000-\u001f\u007f]/;
export interface ParsedAdd {
  readonly kind: 'add';
  readonly set: string;
  readonly key: ParsedKey;
  readonly timeout: number | 'never';
  readonly comment?: string;
}

export type ParsedOp =
  | ParsedAdd
  | { readonly kind: 'delete'; readonly set: string; readonly key: ParsedKey }
  | { readonly kind: 'flush'; readonly set: string };

/** A declaration that the engine would refuse, in words; `undefined` when it is sound. */
export function checkTable(table: TableDeclaration): NftFailure | undefined {
  if (table.sets.length > MAX_SETS) return refuse(`a table has at most ${MAX_SETS} sets`);
  return (
    checkName('table name', table.name) ??
    firstRefusal(table.sets, checkSet) ??
    checkDistinct('set', table.sets) ??
    checkBeginnings(table.sets) ??
    checkChains(table)
  );
}

function checkSet(set: SetDeclaration): NftFailure | undefined {
  const { name, size } = set;
  const fault = kindFault(set) ?? (set.dynamic ? meterFault(set) : undefined);
  if (fault !== undefined) return refuse(`set ${shorten(name)}: ${fault}`);
  if (size !== undefined) {
    if (set.interval) return refuse(`set ${shorten(name)}: an interval set has no size`);
    if (!Number.isInteger(size) || size < 1 || size > MAX_SET_SIZE) {
      return refuse(`set ${shorten(name)}: size must be a whole number from 1 to ${MAX_SET_SIZE}`);
    }
  }
  return checkName('set name', name);
}

function kindFault({ family, interval }: SetDeclaration): string | undefined {
  if (!FAMILIES.includes(family)) return `family must be one of ${FAMILIES.join(', ')}`;
  return interval && !hasIntervals(family) ? `there are no intervals of the family ${family}` : undefined;
}

function meterFault({ family, interval, size, elements, counters }: SetDeclaration): string | undefined {
  if ((family !== 4 && family !== 6) || interval) return 'a dynamic set holds single addresses';
  if (size === undefined) return 'a dynamic set needs a size';
  if (elements !== undefined) return 'a dynamic set begins empty: rules fill it';
  return counters ? 'a dynamic set counts by the rule that fills it' : undefined;
}

const checkBeginnings = (sets: readonly SetDeclaration[]): NftFailure | undefined =>
  sets.reduce((count, { elements }) => count + (elements?.length ?? 0), 0) > MAX_BEGINNINGS
    ? refuse(`the sets of a table begin with at most ${MAX_BEGINNINGS} elements`)
    : undefined;

export const checkCount = (ops: readonly NftOp[]): NftFailure | undefined =>
  ops.length <= MAX_OPS
    ? undefined
    : refuse(`a batch has at most ${MAX_OPS} ops, this one ${ops.length}: send it in chunks`);

/** One op with its key read, or why it is unsound. */
export function parseOp(op: NftOp, index: number): NftResult<ParsedOp> {
  if (!NAME.test(op.set)) return refuse(`op ${index}: "${shorten(op.set)}" is not a set name`, index);
  if (op.kind === 'flush') return { ok: true, value: op };
  const key = parseKey(op.key, index);
  if (!key.ok) return key;
  if (op.kind === 'delete') return { ok: true, value: { kind: 'delete', set: op.set, key: key.value } };
  const { timeout, comment } = op;
  if (timeout !== 'never' && !(Number.isInteger(timeout) && timeout >= 1 && timeout <= LONGEST)) {
    return refuse(`op ${index}: timeout must be "never" or whole milliseconds from 1 to ${LONGEST}`, index);
  }
  const bad = comment === undefined ? undefined : commentFault(comment);
  if (bad !== undefined) return refuse(`op ${index}: the comment ${bad}`, index);
  const value = { kind: op.kind, set: op.set, key: key.value, timeout };
  return { ok: true, value: comment === undefined ? value : { ...value, comment } };
}

/** What a set is declared to begin with, read and found to fit it. */
export function parseBeginning(set: SetDeclaration): NftResult<readonly ParsedAdd[]> {
  const all: ParsedAdd[] = [];
  for (const [i, element] of (set.elements ?? []).entries()) {
    const parsed = parseOp({ kind: 'add', set: set.name, ...element }, i);
    const fault = parsed.ok ? checkFit(parsed.value, i, set) : parsed;
    if (fault !== undefined) return refuse(`set ${set.name}: ${fault.public}`);
    if (parsed.ok && parsed.value.kind === 'add') all.push(parsed.value);
  }
  return { ok: true, value: all };
}

function commentFault(comment: string): string | undefined {
  if (!comment.isWellFormed()) return 'is not well-formed Unicode';
  if (UNSPEAKABLE.test(comment)) return 'has a quote or a control character';
  const length = comment.length > MAX_COMMENT_BYTES ? comment.length : Buffer.byteLength(comment);
  return length > MAX_COMMENT_BYTES ? `is longer than ${MAX_COMMENT_BYTES} bytes` : undefined;
}

/** Whether an op fits the set it names; the engine makes the same check against the kernel's own set. */
export function checkFit(op: ParsedOp, index: number, set: SetDeclaration): NftFailure | undefined {
  if (op.kind === 'flush') return undefined;
  const fault = keyFault(op.key, set) ?? (op.kind === 'add' ? addFault(op, set) : undefined);
  return fault === undefined ? undefined : refuse(`op ${index}: ${fault}`, index);
}

function keyFault({ family, prefix, last }: ParsedKey, set: SetDeclaration): string | undefined {
  if (family !== set.family) return "the key is not of the set's family";
  if (family === 'port') return last !== undefined && !set.interval ? 'the set takes single ports' : undefined;
  if ((prefix !== undefined) === set.interval) return undefined;
  return set.interval ? 'an interval set takes networks (address/prefix)' : 'the set takes single addresses';
}

function addFault({ timeout }: ParsedAdd, set: SetDeclaration): string | undefined {
  if (set.dynamic) return 'the set is filled by a rule alone';
  return timeout !== 'never' && !set.timeout ? 'the set is declared without timeouts' : undefined;
}
