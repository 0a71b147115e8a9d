import { fromBytes, parseIp } from '../../core/base/ip.ts';

/**
 * One of the many ways to write an address that inet_pton reads as the same (or, for IPv4, as its mapped or compatible
 * form): case, leading zeros, where the `::` stands, hexadecimal or dotted tail.
 */
export function spell(address: string, random: () => number): string {
  const parsed = parseIp(address);
  if (!parsed.ok) throw new Error(parsed.public);
  const { family, bytes } = parsed.value;
  if (family === 6) return spell6(bytes, random);
  const roll = random();
  if (roll < 0.2) return address;
  const wide = new Uint8Array(16);
  wide.set(bytes, 12);
  if (roll < 0.85) wide.fill(0xff, 10, 12);
  else if (bytes[0] === 0 && bytes[1] === 0) return address;
  return spell6(wide, random);
}

/** A random address inside `network`, spelled at random. */
export function spellWithin(network: Uint8Array, prefix: number, random: () => number): string {
  const bytes = network.map((byte, i) => {
    const free = 0xff >> Math.max(0, Math.min(8, prefix - i * 8));
    return byte | (Math.floor(random() * 256) & free);
  });
  return spell(fromBytes(bytes).text, random);
}

function spell6(bytes: Uint8Array, random: () => number): string {
  const dotted = random() < 0.4;
  const groups: string[] = [];
  for (let i = 0; i < (dotted ? 12 : 16); i += 2) {
    const hex = (((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)).toString(16);
    const padded = hex.padStart(hex.length + Math.floor(random() * (5 - hex.length)), '0');
    groups.push(random() < 0.5 ? padded.toUpperCase() : padded);
  }
  if (dotted) groups.push(bytes.slice(12).join('.'));
  const runs = zeroRuns(groups);
  const run = runs[Math.floor(random() * runs.length)];
  if (run === undefined || random() < 0.3) return groups.join(':');
  return `${groups.slice(0, run.at).join(':')}::${groups.slice(run.at + run.length).join(':')}`;
}

function zeroRuns(groups: readonly string[]): { at: number; length: number }[] {
  const runs: { at: number; length: number }[] = [];
  for (let at = 0; at < groups.length; at++) {
    for (let length = 1; at + length <= groups.length && /^0+$/.test(groups[at + length - 1] ?? ''); length++) {
      runs.push({ at, length });
    }
  }
  return runs;
}
