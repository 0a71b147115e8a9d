import type { NftElement } from './declaration.ts';
import type { NftChange, NftResult, PackedKeys, StandingBaseChain } from './port.ts';
import { parseOp } from './validate.ts';
import { decodeElement } from './wire.ts';
import { Sink, Source } from './wire-bytes.ts';

/** The calls for many keys and for what others do, as bytes: see engine/wire.h. */
const VERB = { load: 7, find: 8, count: 9, fingerprint: 10, baseChains: 11, watch: 12, unwatch: 13 } as const;
const FAMILIES: ReadonlyMap<number, StandingBaseChain['family']> = new Map([
  [1, 'inet'],
  [2, 'ip'],
  [3, 'arp'],
  [5, 'netdev'],
  [7, 'bridge'],
  [10, 'ip6'],
]);
const INET_HOOKS = ['prerouting', 'input', 'forward', 'output', 'postrouting', 'ingress'] as const;
const HOOKS: Readonly<Record<string, readonly StandingBaseChain['hook'][]>> = {
  arp: ['input', 'output', 'forward'],
  netdev: ['ingress', 'egress'],
};
const IS_LITTLE_ENDIAN = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

export const encodeCount = (table: string, set: string): Uint8Array =>
  new Sink().u8(VERB.count).text(table).text(set).finish();
export const encodeFingerprint = (table: string): Uint8Array => new Sink().u8(VERB.fingerprint).text(table).finish();
export const encodeBaseChains = (): Uint8Array => new Sink().u8(VERB.baseChains).finish();
export const encodeWatch = (table: string): Uint8Array => new Sink().u8(VERB.watch).text(table).finish();
export const encodeUnwatch = (table: string): Uint8Array => new Sink().u8(VERB.unwatch).text(table).finish();

/** The columns go as they are: nothing is copied but by who carries the pieces over. */
export function encodeLoad(table: string, set: string, keys: PackedKeys): readonly Uint8Array[] {
  const { family, bytes, prefixes, timeouts, ids } = keys;
  const width = family === 4 ? 4 : 16;
  const flags = (prefixes === undefined ? 0 : 1) | (timeouts === undefined ? 0 : 2) | (ids === undefined ? 0 : 4);
  const head = new Sink().u8(VERB.load).text(table).text(set).u8(width).u8(flags);
  const times = timeouts === undefined ? undefined : littleEndian(timeouts);
  const columns = [bytes, prefixes, times, ids].filter((column) => column !== undefined);
  return [head.u32(bytes.length / width).finish(), ...columns];
}

function littleEndian(numbers: Float64Array): Uint8Array {
  const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
  return IS_LITTLE_ENDIAN ? bytes : Buffer.from(bytes).swap64();
}

/** Refused where a key is none. */
export function encodeFind(table: string, set: string, keys: readonly string[]): NftResult<Uint8Array> {
  const out = new Sink(64 + keys.length * 18).u8(VERB.find).text(table).text(set).u32(keys.length);
  for (const [i, key] of keys.entries()) {
    const parsed = parseOp({ kind: 'delete', set, key }, i);
    if (!parsed.ok) return parsed;
    if (parsed.value.kind === 'delete') out.key(parsed.value.key);
  }
  return { ok: true, value: out.finish() };
}

export const decodeFound = (body: Source): (NftElement | undefined)[] =>
  body.many(() => (body.u8() === 0 ? undefined : decodeElement(body)));

export const decodeCount = (body: Source): number | 'unknown' => (body.u8() === 0 ? 'unknown' : body.u32());

export const decodeFingerprint = (body: Source): string => body.text();

export const decodeBaseChains = (body: Source): StandingBaseChain[] =>
  body.many(() => {
    const family = FAMILIES.get(body.u8()) ?? 'unknown';
    const [table, name] = [body.text(), body.text()];
    const hook = (HOOKS[family] ?? INET_HOOKS)[body.u32()] ?? 'unknown';
    const priority = body.u32() | 0;
    return { family, table, name, hook, priority, policy: body.u8() === 0 ? 'drop' : 'accept', type: body.text() };
  });

/** What came up unasked, and which watched table it is about. */
export function decodeNotice(notice: Uint8Array): { readonly table: string; readonly change: NftChange } {
  const body = new Source(notice);
  const kind = body.u8();
  const table = body.text();
  if (kind === 1) return { table, change: { kind: 'lost' } };
  const by = { pid: body.u32(), program: body.text() };
  const flags = body.u8();
  const sets = body.many(() => body.text());
  const gone = body.many(() => ({ set: body.text(), key: body.key() }));
  const [tables, rules, elsewhere, isAll] = [1, 2, 4, 8].map((bit) => (flags & bit) !== 0) as [
    boolean,
    boolean,
    boolean,
    boolean,
  ];
  return { table, change: { kind: 'changed', by, tables, rules, sets, gone, isAll, elsewhere } };
}
