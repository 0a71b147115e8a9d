import { millis } from '../../core/base/time.ts';
import type { NftElement, SetDeclaration, TableDeclaration } from './declaration.ts';
import { CODES, refuse } from './failure.ts';
import { widthOf } from './keys.ts';
import type { NftCode, NftOp, NftResult, RuleCounter } from './port.ts';
import { checkCount, MAX_SETS, type ParsedAdd, type ParsedOp, parseBeginning, parseOp } from './validate.ts';
import { Sink, Source } from './wire-bytes.ts';
import { writeChain } from './wire-rules.ts';

/**
 * Calls as bytes for the engine, answers back: the format is written down in engine/wire.h, and the two change together.
 * One buffer a call instead of an object an element: 10,000 ops cross in one step.
 */
const VERB = { enter: 0, ensure: 1, drop: 2, commit: 3, list: 4, counters: 5, addresses: 6 } as const;

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
  const flags = (set.interval ? 1 : 0) | (set.timeout ? 2 : 0) | (set.counters ? 4 : 0) | (set.dynamic ? 8 : 0);
  out
    .text(set.name)
    .u8(widthOf(set.family))
    .u8(flags)
    .u32(set.size ?? 0)
    .u32(beginning.length);
  for (const element of beginning) writeAdded(out, element);
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
