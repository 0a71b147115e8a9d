import { parseIp } from '../../../core/base/ip.ts';

/** Addresses remembered; beyond that all are forgotten and learned anew. */
const MAX_KNOWN = 4096;

/** Turns the engine's 4 or 16 bytes into an address's canonical text, and remembers those it has seen. */
export function peerNames(): (address: ArrayBuffer) => string {
  const known = new Map<number | string, string>();
  return (address) => {
    const key = keyOf(address);
    const found = known.get(key);
    if (found !== undefined) return found;
    if (known.size >= MAX_KNOWN) known.clear();
    const name = canonical(address);
    known.set(key, name);
    return name;
  };
}

/** As a number where it fits: there is one lookup for each request. */
const keyOf = (address: ArrayBuffer): number | string =>
  address.byteLength === 4 ? (new Uint32Array(address)[0] ?? 0) : Buffer.from(address).toString('latin1');

function canonical(address: ArrayBuffer): string {
  const bytes = Buffer.from(address);
  const text = bytes.length === 4 ? bytes.join('.') : (bytes.toString('hex').match(/.{4}/g)?.join(':') ?? '');
  const parsed = parseIp(text);
  return parsed.ok ? parsed.value.text : 'unknown';
}
