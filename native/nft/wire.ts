import { fromBytes, makeCidr } from '../../core/base/ip.ts';
import { millis } from '../../core/base/time.ts';
import { CODES } from './failure.ts';
import type { ChainDeclaration, NftCode, NftElement, RuleCounter, TableDeclaration } from './port.ts';
import type { ParsedKey, ParsedOp } from './validate.ts';

/**
 * Calls as bytes for the engine, answers back: the format is written down in engine/wire.h, and the two change together.
 * One buffer a call instead of an object an element: 10,000 ops cross in one step.
 */
const VERB = { enter: 0, ensure: 1, drop: 2, commit: 3, list: 4, counters: 5, addresses: 6 } as const;
const HOOK: Readonly<Record<ChainDeclaration['hook'], number>> = { prerouting: 0, input: 1, forward: 2, output: 3 };
const NO_PREFIX = 255;

export interface WireRefusal {
  readonly ok: false;
  readonly code: NftCode;
  readonly errno: number;
  readonly failedOp: number | undefined;
  /** Empty unless the engine itself refused. */
  readonly reason: string;
}
export type WireAnswer = { readonly ok: true; readonly body: Source } | WireRefusal;

export const encodeEnter = (netns: string): Uint8Array => new Sink().u8(VERB.enter).text(netns).finish();
export const encodeDrop = (table: string): Uint8Array => new Sink().u8(VERB.drop).text(table).finish();
export const encodeList = (table: string, set: string): Uint8Array =>
  new Sink().u8(VERB.list).text(table).text(set).finish();
export const encodeCounters = (table: string): Uint8Array => new Sink().u8(VERB.counters).text(table).finish();
export const encodeAddresses = (): Uint8Array => new Sink().u8(VERB.addresses).finish();

export function encodeEnsure(table: TableDeclaration): Uint8Array {
  const out = new Sink().u8(VERB.ensure).text(table.name).u16(table.sets.length);
  for (const set of table.sets) {
    const flags = (set.interval ? 1 : 0) | (set.timeout ? 2 : 0);
    out
      .text(set.name)
      .u8(set.family === 4 ? 4 : 16)
      .u8(flags)
      .u32(set.size ?? 0);
  }
  out.u16(table.chains.length);
  for (const chain of table.chains) {
    out.text(chain.name).u8(HOOK[chain.hook]).u32(chain.priority).u16(chain.rules.length);
    for (const rule of chain.rules) {
      out.u8(rule.match === 'iif' ? 0 : 1).u8(rule.verdict === 'accept' ? 1 : 0);
      out.text(rule.match === 'iif' ? rule.name : rule.set).text(rule.match === 'iif' ? '' : (rule.counter ?? ''));
    }
  }
  return out.finish();
}

/** @returns undefined when the ops name more sets than a batch may (255) */
export function encodeCommit(table: string, ops: readonly ParsedOp[]): Uint8Array | undefined {
  const sets = new Map<string, number>();
  for (const op of ops) if (!sets.has(op.set)) sets.set(op.set, sets.size);
  if (sets.size > 255) return undefined;
  const out = new Sink(64 + ops.length * 72).u8(VERB.commit).text(table).u8(sets.size);
  for (const name of sets.keys()) out.text(name);
  out.u32(ops.length);
  for (const op of ops) {
    out.u8(op.kind === 'add' ? 0 : op.kind === 'delete' ? 1 : 2).u8(sets.get(op.set) ?? 0);
    if (op.kind === 'flush') continue;
    out.key(op.key);
    if (op.kind === 'delete') continue;
    out.u64(op.timeout === 'never' ? 0 : op.timeout).u8(op.comment === undefined ? 0 : 1);
    if (op.comment !== undefined) out.text(op.comment);
  }
  return out.finish();
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
    failedOp: op === 0xffff_ffff ? undefined : op,
    reason: body.text(),
  };
}

export const decodeElements = (body: Source): NftElement[] =>
  body.many(() => {
    const key = body.key();
    const flags = body.u8();
    const left = body.u64();
    const comment = body.text();
    const timeout = flags & 1 ? millis(left) : 'never';
    return flags & 2 ? { key, timeout, comment } : { key, timeout };
  });

export const decodeCounters = (body: Source): RuleCounter[] =>
  body.many(() => ({ name: body.text(), packets: body.u64(), bytes: body.u64() }));

export const decodeAddresses = (body: Source): string[] => body.many(() => body.key());

/** Grows by doubling; the fields are those of engine/cursor.h. */
class Sink {
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
class Source {
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
  /** An address, or a network where a prefix came with it, in canonical text. */
  key(): string {
    const width = this.u8();
    const prefix = this.u8();
    const from = this.#step(width);
    const bytes = this.#bytes.subarray(from, from + width);
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

export type { Source };
