import { fromBytes, makeCidr } from '../../core/base/ip.ts';
import { millis } from '../../core/base/time.ts';
import { CODES, refuse } from './failure.ts';
import type {
  BaseChain,
  ChainDeclaration,
  NftCode,
  NftElement,
  NftOp,
  NftResult,
  RuleCounter,
  RuleDeclaration,
  SetDeclaration,
  TableDeclaration,
} from './port.ts';
import {
  checkCount,
  familyOfKey,
  MAX_SETS,
  type ParsedAdd,
  type ParsedKey,
  type ParsedOp,
  parseBeginning,
  parseOp,
  widthOf,
} from './validate.ts';

/**
 * Calls as bytes for the engine, answers back: the format is written down in engine/wire.h, and the two change together.
 * One buffer a call instead of an object an element: 10,000 ops cross in one step.
 */
const VERB = { enter: 0, ensure: 1, drop: 2, commit: 3, list: 4, counters: 5, addresses: 6 } as const;
const HOOK: Readonly<Record<BaseChain['hook'], number>> = { prerouting: 0, input: 1, forward: 2, output: 3 };
const NO_HOOK = 255;
const MATCH: Readonly<Record<RuleDeclaration['match'], number>> = { iif: 0, saddr: 1, family: 2 };
const VERDICT: Readonly<Record<RuleDeclaration['verdict'], number>> = { drop: 0, accept: 1, goto: 2 };
const NO_PREFIX = 255;

export interface WireRefusal {
  readonly ok: false;
  readonly code: NftCode;
  readonly errno: number;
  readonly failedOp: number | undefined;
  /** Empty unless the engine itself refused. */
  readonly reason: string;
  /** Of a load: keys from the first on that were worked off. */
  readonly loaded: number | undefined;
}
export type WireAnswer = { readonly ok: true; readonly body: Source } | WireRefusal;

export const encodeEnter = (netns: string): Uint8Array => new Sink().u8(VERB.enter).text(netns).finish();
export const encodeDrop = (table: string): Uint8Array => new Sink().u8(VERB.drop).text(table).finish();
export const encodeList = (table: string, set: string): Uint8Array =>
  new Sink().u8(VERB.list).text(table).text(set).finish();
export const encodeCounters = (table: string): Uint8Array => new Sink().u8(VERB.counters).text(table).finish();
export const encodeAddresses = (): Uint8Array => new Sink().u8(VERB.addresses).finish();

/** Refused where an element that a set begins with is unsound. */
export function encodeEnsure(table: TableDeclaration): NftResult<Uint8Array> {
  const out = new Sink().u8(VERB.ensure).text(table.name).u16(table.sets.length);
  for (const set of table.sets) {
    const beginning = parseBeginning(set);
    if (!beginning.ok) return beginning;
    writeSet(out, set, beginning.value);
  }
  out.u16(table.chains.length);
  for (const chain of table.chains) writeChain(out, chain);
  return { ok: true, value: out.finish() };
}

function writeSet(out: Sink, set: SetDeclaration, beginning: readonly ParsedAdd[]): void {
  const flags = (set.interval ? 1 : 0) | (set.timeout ? 2 : 0);
  out
    .text(set.name)
    .u8(widthOf(set.family))
    .u8(flags)
    .u32(set.size ?? 0)
    .u32(beginning.length);
  for (const element of beginning) writeAdded(out, element);
}

function writeChain(out: Sink, chain: ChainDeclaration): void {
  out.text(chain.name);
  if (chain.hook === undefined) out.u8(NO_HOOK).u32(0);
  else out.u8(HOOK[chain.hook]).u32(chain.priority);
  out.u16(chain.rules.length);
  for (const rule of chain.rules) {
    out.u8(MATCH[rule.match]).u8(VERDICT[rule.verdict]);
    out.text(rule.match === 'iif' ? rule.name : rule.set);
    out.text(rule.match === 'saddr' ? (rule.counter ?? '') : '').text(rule.match === 'family' ? rule.chain : '');
  }
}

/** Reads and writes op by op: nothing of a large batch is kept but its bytes. Refused where an op is unsound. */
export function encodeCommit(table: string, ops: readonly NftOp[]): NftResult<Uint8Array> {
  const tooMany = checkCount(ops);
  if (tooMany !== undefined) return tooMany;
  const sets = new Map<string, number>();
  const body = new Sink(64 + ops.length * 72);
  for (const [i, op] of ops.entries()) {
    const parsed = parseOp(op, i);
    if (!parsed.ok) return parsed;
    const set = sets.get(op.set) ?? sets.size;
    if (set === sets.size) sets.set(op.set, set);
    writeOp(body, parsed.value, set);
  }
  if (sets.size > MAX_SETS) return refuse(`a batch touches at most ${MAX_SETS} sets`);
  const out = new Sink(64 + sets.size * 32 + body.size).u8(VERB.commit).text(table).u16(sets.size);
  for (const name of sets.keys()) out.text(name);
  return { ok: true, value: out.u32(ops.length).append(body).finish() };
}

function writeOp(out: Sink, op: ParsedOp, set: number): void {
  out.u8(op.kind === 'add' ? 0 : op.kind === 'delete' ? 1 : 2).u16(set);
  if (op.kind === 'add') writeAdded(out, op);
  else if (op.kind === 'delete') out.key(op.key);
}

function writeAdded(out: Sink, { key, timeout, comment }: ParsedAdd): void {
  out
    .key(key)
    .u64(timeout === 'never' ? 0 : timeout)
    .u8(comment === undefined ? 0 : 1);
  if (comment !== undefined) out.text(comment);
}

export function decodeAnswer(answer: Uint8Array): WireAnswer {
  const body = new Source(answer);
  const status = body.u8();
  if (status === 0) return { ok: true, body };
  const errno = body.u32();
  const op = body.u32();
  return {
    ok: false,
    code: CODES[status] ?? 'rejected',
    errno,
    failedOp: orNothing(op),
    reason: body.text(),
    loaded: orNothing(body.u32()),
  };
}

const orNothing = (index: number): number | undefined => (index === 0xffff_ffff ? undefined : index);

export const decodeElements = (body: Source): NftElement[] => body.many(() => decodeElement(body));

export function decodeElement(body: Source): NftElement {
  const key = body.key();
  const flags = body.u8();
  const timeout = flags & 1 ? millis(body.u64()) : 'never';
  const comment = flags & 2 ? { comment: body.text() } : undefined;
  const counted = flags & 4 ? { packets: body.u64(), bytes: body.u64() } : undefined;
  return { key, timeout, ...comment, ...counted };
}

export const decodeCounters = (body: Source): RuleCounter[] =>
  body.many(() => ({ name: body.text(), packets: body.u64(), bytes: body.u64() }));

export const decodeAddresses = (body: Source): string[] => body.many(() => body.key());

/** Grows by doubling; the fields are those of engine/cursor.h. */
export class Sink {
  #bytes: Buffer;
  #at = 0;

  constructor(size = 256) {
    this.#bytes = Buffer.allocUnsafe(size);
  }

  u8(value: number): this {
    this.#room(1);
    this.#bytes[this.#at++] = value;
    return this;
  }
  u16(value: number): this {
    this.#room(2);
    this.#at = this.#bytes.writeUInt16LE(value, this.#at);
    return this;
  }
  u32(value: number): this {
    this.#room(4);
    this.#at = this.#bytes.writeUInt32LE(value >>> 0, this.#at);
    return this;
  }
  u64(value: number): this {
    return this.u32(value % 2 ** 32).u32(Math.floor(value / 2 ** 32));
  }
  /** At most 255 bytes of UTF-8: every text has been checked for its own, smaller bound. */
  text(text: string): this {
    const length = Buffer.byteLength(text);
    if (length > 255) throw new RangeError('a wire text is at most 255 bytes');
    this.u8(length).#room(length);
    this.#at += this.#bytes.write(text, this.#at);
    return this;
  }
  key(key: ParsedKey): this {
    const { bytes } = key;
    this.u8(bytes.length)
      .u8(key.prefix ?? NO_PREFIX)
      .#room(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }
  append(other: Sink): this {
    this.#room(other.#at);
    this.#bytes.set(other.finish(), this.#at);
    this.#at += other.#at;
    return this;
  }
  get size(): number {
    return this.#at;
  }
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  #room(size: number): void {
    if (this.#at + size <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + size));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }
}

/** Reads an answer; one that ends early is a bug of the engine and throws. */
export class Source {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#step(1));
  }
  u32(): number {
    return this.#bytes.readUInt32LE(this.#step(4));
  }
  u64(): number {
    const low = this.u32();
    return low + this.u32() * 2 ** 32;
  }
  text(): string {
    const length = this.u8();
    const from = this.#step(length);
    return this.#bytes.toString('utf8', from, from + length);
  }
  /** An address, a network where a prefix came with it, or a family, in canonical text. */
  key(): string {
    const width = this.u8();
    const prefix = this.u8();
    const from = this.#step(width);
    const bytes = this.#bytes.subarray(from, from + width);
    if (width === 1) return familyOfKey(bytes);
    if (prefix !== NO_PREFIX) return makeCidr(width === 4 ? 4 : 6, bytes, prefix).text;
    return fromBytes(bytes).text;
  }
  many<T>(one: () => T): T[] {
    const count = this.u32();
    const all: T[] = [];
    for (let i = 0; i < count; i++) all.push(one());
    return all;
  }

  #step(size: number): number {
    const from = this.#at;
    this.#at += size;
    return from;
  }
}
