import assert from 'node:assert/strict';
import type { NftElement, TableDeclaration } from '../../native/nft/declaration.ts';
import type { NftFailure, NftOp, NftPort, NftResult } from '../../native/nft/port.ts';

/** A kernel to test against: the real one in a namespace of its own, or the fake. */
export interface NftBench {
  /** Another port on the same kernel. */
  open(): Promise<NftPort>;
  /** Lets `length` ms pass, then waits until it holds; fails when it never does. */
  eventually(length: number, holds: () => Promise<boolean>): Promise<void>;
  /**
   * Changes so many elements of a large set at once, by somebody else, that whoever watches cannot be told of all. The set
   * takes 200,000 with timeouts.
   */
  overwhelm(table: string, set: string): Promise<void>;
  /** Sends a UDP datagram of one byte from 127.0.0.1 to its port 9. */
  knock(): Promise<void>;
  /** How many random sequences to try. */
  readonly runs: number;
  /** What the largest numbers of elements are multiplied with: they cost the fake much and show little of it. */
  readonly scale: 1 | 0.1;
  dispose(): Promise<void>;
}

/** What each group of cases gets: one port for all, and a table of its own for each case. */
export interface Ground {
  readonly bench: NftBench;
  readonly port: NftPort;
  /** Ensures a fresh table with the four usual sets and hands its name over. */
  table(): Promise<string>;
}

/** Hash sets `v4` and `v6` with timeouts, `plain` without and for four elements, interval sets `net4` and `net6`. */
export const usual = (name: string): TableDeclaration => ({
  name,
  sets: [
    { name: 'v4', family: 4, interval: false, timeout: true, size: 65_536 },
    { name: 'v6', family: 6, interval: false, timeout: true },
    { name: 'plain', family: 4, interval: false, timeout: false, size: 4 },
    { name: 'net4', family: 4, interval: true, timeout: false },
    { name: 'net6', family: 6, interval: true, timeout: true },
  ],
  chains: [],
});

export const add = (set: string, key: string, more: Partial<NftElement> = {}): NftOp => ({
  kind: 'add',
  set,
  key,
  timeout: 'never',
  ...more,
});
export const remove = (set: string, key: string): NftOp => ({ kind: 'delete', set, key });
export const flush = (set: string): NftOp => ({ kind: 'flush', set });

export function done<V>(result: NftResult<V>): V {
  assert.ok(result.ok, result.ok ? '' : `${result.code}: ${result.public}`);
  return result.value;
}

/** The refusal, whose code and op are as expected and whose text says something. */
export function refused<V>(result: NftResult<V>, code: NftFailure['code'], failedOp?: number): NftFailure {
  assert.ok(!result.ok, `expected ${code}, but it succeeded`);
  assert.equal(result.code, code, result.public);
  if (failedOp !== undefined) assert.equal(result.failedOp, failedOp, result.public);
  assert.ok(result.public.length > 10);
  assert.equal(result.code === 'invalid', result.errno === 0 && result.code !== 'closed');
  return result;
}

export async function keys(port: NftPort, table: string, set: string): Promise<string[]> {
  return done(await port.list(table, set))
    .map(({ key }) => key)
    .sort();
}

/** Address number `i` of 10.0.0.0/8. */
export const tenth = (i: number): string => `10.${(i >> 16) & 255}.${(i >> 8) & 255}.${i & 255}`;
