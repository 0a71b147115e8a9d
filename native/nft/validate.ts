import { parseCidr, parseIp } from '../../core/base/ip.ts';
import { LONGEST } from '../../core/base/time.ts';
import { refuse } from './failure.ts';
import type { ChainDeclaration, NftFailure, NftOp, NftResult, SetDeclaration, TableDeclaration } from './port.ts';

/** The most ops of one transaction: a larger one would hold every other block back too long. */
export const MAX_OPS = 10_000;
export const MAX_COMMENT_BYTES = 128;
export const MAX_SET_SIZE = 16_777_216;
/** Of one table, and so of one batch. */
export const MAX_SETS = 64;
const MAX_CHAINS = 16;
const MAX_RULES = 256;

const NAME = /^[A-Za-z0-9_]{1,31}$/;
const INTERFACE = /^(?!\.{1,2}$)[A-Za-z0-9_.@-]{1,15}$/;
/** What stands between quotes in `nft list` and can be read back by `nft -f`: no quote, no control character. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const UNSPEAKABLE = /["\u0000-\u001f\u007f]/;
const HOOKS: readonly string[] = ['prerouting', 'input', 'forward', 'output'] satisfies ChainDeclaration['hook'][];

export interface ParsedKey {
  readonly family: 4 | 6;
  /** 4 or 16, network order. */
  readonly bytes: Uint8Array;
  /** Absent for a single address. */
  readonly prefix?: number;
  /** Canonical. */
  readonly text: string;
}

export type ParsedOp =
  | {
      readonly kind: 'add';
      readonly set: string;
      readonly key: ParsedKey;
      readonly timeout: number | 'never';
      readonly comment?: string;
    }
  | { readonly kind: 'delete'; readonly set: string; readonly key: ParsedKey }
  | { readonly kind: 'flush'; readonly set: string };

export const checkName = (what: string, name: string): NftFailure | undefined =>
  NAME.test(name) ? undefined : refuse(`${what} "${shorten(name)}" must be 1-31 of A-Z a-z 0-9 _`);

/** A declaration that the engine would refuse, in words; `undefined` when it is sound. */
export function checkTable(table: TableDeclaration): NftFailure | undefined {
  if (table.sets.length > MAX_SETS) return refuse(`a table has at most ${MAX_SETS} sets`);
  if (table.chains.length > MAX_CHAINS) return refuse(`a table has at most ${MAX_CHAINS} chains`);
  return (
    checkName('table name', table.name) ??
    firstRefusal(table.sets, checkSet) ??
    checkDistinct('set', table.sets) ??
    firstRefusal(table.chains, (chain) => checkChain(chain, new Set(table.sets.map((set) => set.name)))) ??
    checkDistinct('chain', table.chains) ??
    checkDistinct('counter', countersOf(table))
  );
}

function checkSet(set: SetDeclaration): NftFailure | undefined {
  const { name, size } = set;
  if (set.family !== 4 && set.family !== 6) return refuse(`set ${shorten(name)}: family must be 4 or 6`);
  if (size !== undefined) {
    if (set.interval) return refuse(`set ${shorten(name)}: an interval set has no size`);
    if (!Number.isInteger(size) || size < 1 || size > MAX_SET_SIZE) {
      return refuse(`set ${shorten(name)}: size must be a whole number from 1 to ${MAX_SET_SIZE}`);
    }
  }
  return checkName('set name', name);
}

function checkChain(chain: ChainDeclaration, sets: ReadonlySet<string>): NftFailure | undefined {
  const name = shorten(chain.name);
  if (!HOOKS.includes(chain.hook)) return refuse(`chain ${name}: hook must be one of ${HOOKS.join(', ')}`);
  if (chain.priority !== (chain.priority | 0)) return refuse(`chain ${name}: priority must be a 32-bit whole number`);
  if (chain.rules.length > MAX_RULES) return refuse(`chain ${name}: at most ${MAX_RULES} rules`);
  return (
    checkName('chain name', chain.name) ??
    firstRefusal(chain.rules, (rule) => {
      if (rule.verdict !== 'accept' && rule.verdict !== 'drop') {
        return refuse(`chain ${name}: a verdict is accept or drop`);
      }
      if (rule.match === 'iif') {
        return INTERFACE.test(rule.name)
          ? undefined
          : refuse(`chain ${name}: "${shorten(rule.name)}" is not an interface name`);
      }
      if (!sets.has(rule.set)) return refuse(`chain ${name}: the table declares no set "${shorten(rule.set)}"`);
      return rule.counter === undefined ? undefined : checkName('counter name', rule.counter);
    })
  );
}

/** The counters a table declares, in the order of evaluation. */
export const countersOf = (table: TableDeclaration): { readonly name: string }[] =>
  table.chains.flatMap((chain) =>
    chain.rules.flatMap((rule) =>
      rule.match === 'saddr' && rule.counter !== undefined ? [{ name: rule.counter }] : [],
    ),
  );

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

function parseKey(text: string, index: number): NftResult<ParsedKey> {
  const slash = text.indexOf('/');
  const address = parseIp(slash < 0 ? text : text.slice(0, slash));
  if (!address.ok) return refuse(`op ${index}: ${address.public}`, index);
  if (slash < 0) return { ok: true, value: address.value };
  const net = parseCidr(text);
  if (!net.ok) return refuse(`op ${index}: ${net.public}`, index);
  const { family, bytes, prefix } = net.value;
  if (address.value.bytes.some((byte, i) => byte !== bytes[i])) {
    return refuse(`op ${index}: ${shorten(text)} has host bits set; the network is ${net.value.text}`, index);
  }
  return { ok: true, value: { family, bytes, prefix, text: net.value.text } };
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
  if (op.key.family !== set.family) return refuse(`op ${index}: the address is not of the set's family`, index);
  if ((op.key.prefix !== undefined) !== set.interval) {
    const wanted = set.interval ? 'an interval set takes networks (address/prefix)' : 'the set takes single addresses';
    return refuse(`op ${index}: ${wanted}`, index);
  }
  if (op.kind === 'add' && op.timeout !== 'never' && !set.timeout) {
    return refuse(`op ${index}: the set is declared without timeouts`, index);
  }
  return undefined;
}

function checkDistinct(what: string, named: readonly { readonly name: string }[]): NftFailure | undefined {
  const seen = new Set<string>();
  return firstRefusal(named, ({ name }) => {
    if (seen.has(name)) return refuse(`two ${what}s are named ${shorten(name)}`);
    seen.add(name);
    return undefined;
  });
}

function firstRefusal<T>(all: readonly T[], check: (one: T) => NftFailure | undefined): NftFailure | undefined {
  for (const one of all) {
    const refused = check(one);
    if (refused !== undefined) return refused;
  }
  return undefined;
}

const shorten = (text: string): string => text.slice(0, 64);
