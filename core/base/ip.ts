import { fail, ok, type Result } from './result.ts';

/**
 * An address in canonical text: dotted quad, or RFC 5952 IPv6 without a zone. IPv4-mapped (`::ffff:a.b.c.d`) and
 * IPv4-compatible forms are the IPv4 address they carry, because that is the address the kernel sees on the wire.
 */
export type Ip = string & { readonly kind: 'ip' };

export interface ParsedIp {
  readonly family: 4 | 6;
  readonly text: Ip;
  /** 4 or 16 bytes, network order. */
  readonly bytes: Uint8Array;
}

export interface Cidr {
  readonly family: 4 | 6;
  /** Network address, host bits cleared. */
  readonly bytes: Uint8Array;
  readonly prefix: number;
  /** Canonical text, always with `/prefix`. */
  readonly text: string;
}

/**
 * Reads one address. Refuses what inet_aton(3) would guess at (octal, hexadecimal, short forms), so that nobody can
 * write an address that this check and the kernel understand differently. A zone (`%eth0`) is refused too.
 */
export function parseIp(text: string): Result<ParsedIp, 'bad_ip'> {
  const quad = parseV4(text);
  if (quad !== undefined) return ok({ family: 4, text: text as Ip, bytes: quad });
  const bytes = text.length <= 64 && text.includes(':') ? parseV6(text) : undefined;
  if (bytes === undefined) return fail('bad_ip', `"${text.slice(0, 64)}" is not an IPv4 or IPv6 address`);
  return ok(fromBytes(bytes));
}

/**
 * The canonical text of an address, or undefined when it is none: `parseIp` for who does not want the bytes. An IPv4
 * address costs no allocation, and every log line that names a source comes through here.
 */
export function canonicalIp(text: string): Ip | undefined {
  if (isQuad(text)) return text as Ip;
  const ip = text.includes(':') ? parseIp(text) : undefined;
  return ip?.ok ? ip.value.text : undefined;
}

/** Address from its 4 or 16 bytes; a mapped or compatible IPv6 address becomes IPv4. */
export function fromBytes(raw: Uint8Array): ParsedIp {
  const bytes = raw.length === 16 && carriesV4(raw) ? raw.slice(12) : raw;
  return bytes.length === 4
    ? { family: 4, text: bytes.join('.') as Ip, bytes }
    : { family: 6, text: formatV6(bytes) as Ip, bytes };
}

/** Reads `address` or `address/prefix`; the host bits are cleared. A mapped prefix must be at least /96. */
export function parseCidr(text: string): Result<Cidr, 'bad_cidr'> {
  const bad = fail('bad_cidr', `"${text.slice(0, 64)}" is not an address or a network in CIDR form`);
  const slash = text.indexOf('/');
  const address = parseIp(slash < 0 ? text : text.slice(0, slash));
  if (!address.ok) return bad;
  const { family, bytes } = address.value;
  const width = bytes.length * 8;
  if (slash < 0) return ok(makeCidr(family, bytes, width));
  const digits = text.slice(slash + 1);
  if (!/^(?:0|[1-9]\d{0,2})$/.test(digits)) return bad;
  const written = Number(digits);
  const prefix = family === 4 && text.includes(':') ? written - 96 : written;
  if (prefix < 0 || prefix > width) return bad;
  return ok(makeCidr(family, bytes, prefix));
}

export const contains = (net: Cidr, ip: ParsedIp): boolean =>
  net.family === ip.family && samePrefix(net.bytes, ip.bytes, net.prefix);

/** Whether the two networks share an address. */
export const overlaps = (a: Cidr, b: Cidr): boolean =>
  a.family === b.family && samePrefix(a.bytes, b.bytes, Math.min(a.prefix, b.prefix));

export function makeCidr(family: 4 | 6, bytes: Uint8Array, prefix: number): Cidr {
  const masked = bytes.map((byte, i) => byte & (0xff << Math.max(0, Math.min(8, (i + 1) * 8 - prefix))));
  const text = `${family === 4 ? masked.join('.') : formatV6(masked)}/${prefix}`;
  return { family, bytes: masked, prefix, text };
}

function samePrefix(a: Uint8Array, b: Uint8Array, prefix: number): boolean {
  const whole = prefix >> 3;
  for (let i = 0; i < whole; i++) if (a[i] !== b[i]) return false;
  const rest = prefix & 7;
  return rest === 0 || ((a[whole] ?? 0) ^ (b[whole] ?? 0)) >> (8 - rest) === 0;
}

function parseV4(text: string): Uint8Array | undefined {
  if (!isQuad(text)) return undefined;
  const bytes = new Uint8Array(4);
  let at = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0) at++;
    else bytes[at] = (bytes[at] as number) * 10 + digit;
  }
  return bytes;
}

/** Whether the text is four octets in canonical decimal. Scanned by hand, for speed. */
function isQuad(text: string): boolean {
  if (text.length < 7 || text.length > 15) return false;
  let octet = 0;
  let digits = 0;
  let dots = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit >= 0 && digit <= 9) {
      if (digits > 0 && octet === 0) return false;
      octet = octet * 10 + digit;
      if (octet > 255) return false;
      digits++;
    } else {
      if (digit !== -2 || digits === 0 || dots === 3) return false;
      dots++;
      octet = 0;
      digits = 0;
    }
  }
  return dots === 3 && digits > 0;
}

function parseV6(text: string): Uint8Array | undefined {
  const gap = text.indexOf('::');
  if (gap !== text.lastIndexOf('::')) return undefined;
  const head = groupsOf(gap < 0 ? text : text.slice(0, gap), gap < 0);
  const tail = gap < 0 ? [] : groupsOf(text.slice(gap + 2), true);
  if (head === undefined || tail === undefined) return undefined;
  const missing = 16 - head.length - tail.length;
  if (gap < 0 ? missing !== 0 : missing < 2) return undefined;
  return Uint8Array.from([...head, ...new Array<number>(missing).fill(0), ...tail]);
}

/** The bytes of colon-separated groups; a dotted quad may stand last where `quadAllowed`. */
function groupsOf(text: string, quadAllowed: boolean): number[] | undefined {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [i, group] of groups.entries()) {
    if (quadAllowed && i === groups.length - 1 && group.includes('.')) {
      const quad = parseV4(group);
      if (quad === undefined) return undefined;
      bytes.push(...quad);
    } else {
      if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return undefined;
      const value = Number.parseInt(group, 16);
      bytes.push(value >> 8, value & 0xff);
    }
  }
  return bytes;
}

/** ::ffff:0:0/96 (mapped), and ::/96 (compatible) save for `::` and `::1`. */
function carriesV4(bytes: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false;
  if (bytes[10] === 0xff && bytes[11] === 0xff) return true;
  return bytes[10] === 0 && bytes[11] === 0 && (bytes[12] !== 0 || bytes[13] !== 0);
}

function formatV6(bytes: Uint8Array): string {
  const groups: string[] = [];
  for (let i = 0; i < 16; i += 2) groups.push((((bytes[i] ?? 0) << 8) | (bytes[i + 1] ?? 0)).toString(16));
  let best = { at: -1, length: 1 };
  for (let i = 0; i < 8; i++) {
    let length = 0;
    while (groups[i + length] === '0') length++;
    if (length > best.length) best = { at: i, length };
    i += length;
  }
  if (best.at < 0) return groups.join(':');
  return `${groups.slice(0, best.at).join(':')}::${groups.slice(best.at + best.length).join(':')}`;
}
