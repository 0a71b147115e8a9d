/** A copy with bytes changed all over its first nine tenths, and nothing at the end, where a bundle has its signature. */
export function flipped(bytes: Uint8Array): Uint8Array {
  const copy = Uint8Array.from(bytes);
  const end = Math.floor(copy.length * 0.9);
  for (let at = Math.floor(copy.length / 20); at < end; at += Math.max(1, Math.floor(copy.length / 20)))
    copy[at] = (copy[at] ?? 0) ^ 0xff;
  return copy;
}
