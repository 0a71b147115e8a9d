import { parseCidr, parseIp } from '../../core/base/ip.ts';
import { LONGEST } from '../../core/base/time.ts';
import { refuse } from './failure.ts';
import type {
  BaseChain,
  ChainDeclaration,
  NftFailure,
  NftOp,
  NftResult,
  RuleDeclaration,
  SetDeclaration,
  TableDeclaration,
} from './port.ts';

/** The most ops of one transaction: a larger one would hold every other block back too long. */
export const MAX_OPS = 10_000;
export const MAX_COMMENT_BYTES = 128;
export const MAX_SET_SIZE = 16_777_216;
/** Of one table, and so of one batch. */
export const MAX_SETS = 512;
const MAX_CHAINS = 16;
const MAX_RULES = 256;
/** Elements that the sets of one table begin with. */
const MAX_BEGINNINGS = 65_536;

const NAME = /^[A-Za-z0-9_]{1,31}$/;
const INTERFACE = /^(?!\.{1,2}$)[A-Za-z0-9_.@-]{1,15}$/;
/** What stands between quotes in `nft list` and can be read back by `nft -f`: no quote, no control character. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what it looks for
const UNSPEAKABLE = /["\u0000-\u001f\u007f]/;
const HOOKS: readonly string[] = ['prerouting', 'input', 'forward', 'output'] satisfies BaseChain['hook'][];
type GotoRule = Extract<RuleDeclaration, { readonly match: 'family' }>;

/** The elements of a set of `either`, as NFPROTO_*. */
const FAMILY_KEYS: ReadonlyMap<string, number> = new Map([
  ['ipv4', 2],
  ['ipv6', 10],
]);

export interface ParsedKey {
  readonly family: SetDeclaration['family'];
  /** 4 or 16, network order; 1 of a family. */
  readonly bytes: Uint8Array;
  /** Absent for a single address. */
  readonly prefix?: number;
  /** Canonical. */
  readonly text: string;
}

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
    checkBeginnings(table.sets) ??
    firstRefusal(table.chains, (chain) => checkChain(chain, table)) ??
    checkDistinct('chain', table.chains) ??
    checkDistinct('counter', countersOf(table))
  );
}

function checkSet(set: SetDeclaration): NftFailure | undefined {
  const { name, size } = set;
  if (set.family !== 4 && set.family !== 6 && set.family !== 'either') {
    return refuse(`set ${shorten(name)}: family must be 4, 6 or "either"`);
  }
  if (set.interval && set.family === 'either') return refuse(`set ${shorten(name)}: families are no intervals`);
  if (size !== undefined) {
    if (set.interval) return refuse(`set ${shorten(name)}: an interval set has no size`);
    if (!Number.isInteger(size) || size < 1 || size > MAX_SET_SIZE) {
      return refuse(`set ${shorten(name)}: size must be a whole number from 1 to ${MAX_SET_SIZE}`);
    }
  }
  return checkName('set name', name);
}

const checkBeginnings = (sets: readonly SetDeclaration[]): NftFailure | undefined =>
  sets.reduce((count, { elements }) => count + (elements?.length ?? 0), 0) > MAX_BEGINNINGS
    ? refuse(`the sets of a table begin with at most ${MAX_BEGINNINGS} elements`)
    : undefined;

function checkChain(chain: ChainDeclaration, table: TableDeclaration): NftFailure | undefined {
  const name = shorten(chain.name);
  if (chain.hook !== undefined) {
    if (!HOOKS.includes(chain.hook)) return refuse(`chain ${name}: hook must be one of ${HOOKS.join(', ')}`);
    if (chain.priority !== (chain.priority | 0)) return refuse(`chain ${name}: priority must be a 32-bit whole number`);
  }
  if (chain.rules.length > MAX_RULES) return refuse(`chain ${name}: at most ${MAX_RULES} rules`);
  return (
    checkName('chain name', chain.name) ??
    firstRefusal(chain.rules, (rule) => {
      const fault = rule.match === 'family' ? gotoFault(rule, chain, table) : ruleFault(rule, table);
      return fault === undefined ? undefined : refuse(`chain ${name}: ${fault}`);
    })
  );
}

function ruleFault(rule: Exclude<RuleDeclaration, GotoRule>, table: TableDeclaration): string | undefined {
  if (rule.verdict !== 'accept' && rule.verdict !== 'drop') return 'a verdict is accept or drop';
  if (rule.match === 'iif') {
    return INTERFACE.test(rule.name) ? undefined : `"${shorten(rule.name)}" is not an interface name`;
  }
  const set = table.sets.find((each) => each.name === rule.set);
  if (set === undefined) return `the table declares no set "${shorten(rule.set)}"`;
  if (set.family === 'either') return `set ${set.name} holds no addresses`;
  if (rule.counter === undefined || NAME.test(rule.counter)) return undefined;
  return `counter name "${shorten(rule.counter)}" must be 1-31 of A-Z a-z 0-9 _`;
}

/** A packet goes from a base chain to a chain without a hook, and from there nowhere else: no loops. */
function gotoFault(rule: GotoRule, chain: ChainDeclaration, table: TableDeclaration): string | undefined {
  if (rule.verdict !== 'goto') return 'the verdict on a family is goto';
  if (chain.hook === undefined) return 'a chain without a hook goes to no other';
  const set = table.sets.find((each) => each.name === rule.set);
  if (set?.family !== 'either') return `the table declares no set "${shorten(rule.set)}" of either family`;
  const target = table.chains.find((each) => each.name === rule.chain);
  if (target !== undefined && target.hook === undefined) return undefined;
  return `the table declares no chain "${shorten(rule.chain)}" without a hook`;
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

/** Bytes of a key. */
export const widthOf = (family: SetDeclaration['family']): number => (family === 'either' ? 1 : family === 4 ? 4 : 16);

/** @throws RangeError on a number that is no family: the engine takes none */
export function familyOfKey([number]: Uint8Array): string {
  for (const [name, each] of FAMILY_KEYS) if (each === number) return name;
  throw new RangeError(`${number} is no family`);
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

function parseKey(text: string, index: number): NftResult<ParsedKey> {
  const number = FAMILY_KEYS.get(text);
  if (number !== undefined) return { ok: true, value: { family: 'either', bytes: Uint8Array.of(number), text } };
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
