import { type Cidr, fromBytes, makeCidr, parseCidr } from '../../core/base/ip.ts';
import type { PackedKeys } from '../../native/nft/index.ts';

/** Keys of a set that are looked up to see whether it holds what it should. */
const SAMPLES = 64;

const widthOf = ({ family }: PackedKeys): number => (family === 4 ? 4 : 16);
export const countOf = (keys: PackedKeys): number => keys.bytes.length / widthOf(keys);

/** Keys from all over a set, as text. */
export function samplesOf(keys: PackedKeys): readonly string[] {
  const count = countOf(keys);
  const step = Math.max(1, Math.floor(count / SAMPLES));
  const texts: string[] = [];
  for (let i = count - 1; i >= 0; i -= step) texts.push(textAt(keys, i));
  return texts;
}

/** The key of a row, as text. */
export function textAt(keys: PackedKeys, i: number): string {
  const bytes = rowAt(keys, i).slice();
  const prefix = keys.prefixes?.[i];
  return prefix === undefined ? fromBytes(bytes).text : makeCidr(keys.family, bytes, prefix).text;
}

const rowAt = (keys: PackedKeys, i: number): Uint8Array =>
  keys.bytes.subarray(i * widthOf(keys), (i + 1) * widthOf(keys));

/** Whether this address or network is one of the keys, which are sorted, as those of a list are. */
export function isKeyOf(keys: PackedKeys, text: string): boolean {
  const net = parseCidr(text);
  if (!net.ok || net.value.family !== keys.family) return false;
  const at = rowOf(keys, net.value);
  return at !== undefined && net.value.prefix === (keys.prefixes?.[at] ?? widthOf(keys) * 8);
}

function rowOf(keys: PackedKeys, { bytes }: Cidr): number | undefined {
  let [low, high] = [0, countOf(keys) - 1];
  while (low <= high) {
    const middle = (low + high) >> 1;
    const order = Buffer.compare(rowAt(keys, middle), bytes);
    if (order === 0) return middle;
    if (order < 0) low = middle + 1;
    else high = middle - 1;
  }
  return undefined;
}
