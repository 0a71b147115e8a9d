import { Rows } from './rows.ts';

/** What one text of a list came to. `wide`: a network wider than is taken, however it is written. */
export type Read = 'good' | 'bad' | 'wide';

/** The shortest prefixes that are taken. */
export interface Widest {
  readonly v4: number;
  readonly v6: number;
}

/**
 * Addresses, networks and ranges as they are read, packed: single addresses of 4 and of 16 bytes, and rows of a first and a
 * last address.
 */
export class Entries {
  readonly addresses = { 4: new Rows(4), 6: new Rows(16) };
  readonly ranges = { 4: new Rows(8), 6: new Rows(32) };
  readonly #widest: Widest;
  readonly #first = new Uint8Array(16);
  readonly #last = new Uint8Array(16);
  readonly #pair = new Uint8Array(32);

  constructor(widest: Widest) {
    this.#widest = widest;
  }

  /** Entries read so far, double ones too. */
  get count(): number {
    const { addresses, ranges } = this;
    return addresses[4].count + addresses[6].count + ranges[4].count + ranges[6].count;
  }

  /**
   * Reads an address, `address/prefix` or `address-address` in ASCII. What `parseIp` and `parseCidr` refuse is bad here
   * too; host bits are cleared, and a mapped address is the IPv4 address it carries.
   */
  read(bytes: Uint8Array, from: number, to: number): Read {
    for (let at = from; at < to; at++) {
      const byte = bytes[at];
      if (byte === SLASH) return this.#network(bytes, from, at, to);
      if (byte === DASH) return this.#range(bytes, from, at, to);
    }
    const quad = v4At(bytes, from, to);
    if (quad >= 0) this.addresses[4].addNumbers(quad);
    else if (!v6At(bytes, from, to, this.#first)) return 'bad';
    else if (carriesV4(this.#first)) this.addresses[4].add(this.#first, 12);
    else this.addresses[6].add(this.#first);
    return 'good';
  }

  /** A network of 4 or 16 bytes that is known to be sound, as other readers find it. */
  add(bytes: Uint8Array, prefix: number): Read {
    const width = bytes.length;
    if (width === 4) return this.#network4(numberAt(bytes, 0), prefix);
    this.#first.set(bytes);
    return this.#network6(prefix);
  }

  #network(bytes: Uint8Array, from: number, slash: number, to: number): Read {
    const prefix = prefixAt(bytes, slash + 1, to);
    if (prefix < 0) return 'bad';
    const quad = v4At(bytes, from, slash);
    if (quad >= 0) return this.#network4(quad, prefix);
    if (!v6At(bytes, from, slash, this.#first)) return 'bad';
    if (!carriesV4(this.#first)) return this.#network6(prefix);
    return prefix < 96 ? 'bad' : this.#network4(numberAt(this.#first, 12), prefix - 96);
  }

  #network4(address: number, prefix: number): Read {
    if (prefix > 32) return 'bad';
    if (prefix < this.#widest.v4) return 'wide';
    if (prefix === 32) {
      this.addresses[4].addNumbers(address);
      return 'good';
    }
    const free = 0xffff_ffff >>> prefix;
    this.ranges[4].addNumbers((address & ~free) >>> 0, (address | free) >>> 0);
    return 'good';
  }

  /** Of the address that was read last. */
  #network6(prefix: number): Read {
    if (prefix > 128) return 'bad';
    if (prefix < this.#widest.v6) return 'wide';
    if (prefix === 128) {
      this.addresses[6].add(this.#first);
      return 'good';
    }
    for (let i = 0; i < 16; i++) {
      const mask = 0xff >> Math.max(0, Math.min(8, prefix - i * 8));
      const byte = this.#first[i] as number;
      this.#pair[i] = byte & ~mask;
      this.#pair[16 + i] = byte | mask;
    }
    this.ranges[6].add(this.#pair);
    return 'good';
  }

  #range(bytes: Uint8Array, from: number, dash: number, to: number): Read {
    const first = v4At(bytes, from, dash);
    const last = v4At(bytes, dash + 1, to);
    if (first >= 0 && last >= 0) return this.#range4(first, last);
    const areSix = v6At(bytes, from, dash, this.#first) && v6At(bytes, dash + 1, to, this.#last);
    if (!areSix || carriesV4(this.#first) || carriesV4(this.#last)) return 'bad';
    return this.#range6();
  }

  #range4(first: number, last: number): Read {
    if (last < first) return 'bad';
    if (last - first >= 2 ** (32 - this.#widest.v4) && this.#widest.v4 > 0) return 'wide';
    if (first === last) this.addresses[4].addNumbers(first);
    else this.ranges[4].addNumbers(first, last);
    return 'good';
  }

  #range6(): Read {
    const [first, last] = [wordOf(this.#first), wordOf(this.#last)];
    if (last < first) return 'bad';
    if (last - first >= 1n << BigInt(128 - this.#widest.v6) && this.#widest.v6 > 0) return 'wide';
    this.#pair.set(this.#first);
    this.#pair.set(this.#last, 16);
    if (first === last) this.addresses[6].add(this.#first);
    else this.ranges[6].add(this.#pair);
    return 'good';
  }
}

const [SLASH, DASH, DOT, COLON] = [0x2f, 0x2d, 0x2e, 0x3a];

const numberAt = (bytes: Uint8Array, at: number): number =>
  (((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)) >>>
  0;

const wordOf = (bytes: Uint8Array): bigint => bytes.reduce((word, byte) => (word << 8n) | BigInt(byte), 0n);

/** A decimal number up to 128 without leading zeros, or -1. */
function prefixAt(bytes: Uint8Array, from: number, to: number): number {
  if (to <= from || to - from > 3 || (bytes[from] === 0x30 && to - from > 1)) return -1;
  let value = 0;
  for (let at = from; at < to; at++) {
    const digit = (bytes[at] as number) - 0x30;
    if (digit < 0 || digit > 9) return -1;
    value = value * 10 + digit;
  }
  return value <= 128 ? value : -1;
}

/** A dotted quad in canonical decimal as an unsigned number, or -1. */
export function v4At(bytes: Uint8Array, from: number, to: number): number {
  if (to - from < 7 || to - from > 15) return -1;
  let [value, octet, digits, dots] = [0, 0, 0, 0];
  for (let at = from; at < to; at++) {
    const byte = bytes[at] as number;
    if (byte >= 0x30 && byte <= 0x39) {
      if (digits > 0 && octet === 0) return -1;
      octet = octet * 10 + byte - 0x30;
      if (octet > 255) return -1;
      digits++;
    } else {
      if (byte !== DOT || digits === 0 || dots === 3) return -1;
      value = value * 256 + octet;
      dots++;
      octet = 0;
      digits = 0;
    }
  }
  return dots === 3 && digits > 0 ? value * 256 + octet : -1;
}

/** An IPv6 address without a zone into 16 bytes; false where it is none. */
export function v6At(bytes: Uint8Array, from: number, to: number, out: Uint8Array): boolean {
  if (to - from < 2 || to - from > 45) return false;
  let [written, gap, at] = [0, -1, from];
  if (bytes[at] === COLON) {
    if (bytes[at + 1] !== COLON) return false;
    at += 2;
    gap = 0;
  }
  while (at < to) {
    const end = groupEnd(bytes, at, to);
    if (end < to && bytes[end] === DOT) {
      const quad = v4At(bytes, at, to);
      if (quad < 0 || written > 12) return false;
      for (let i = 0; i < 4; i++) out[written++] = quad >>> (24 - i * 8);
      at = to;
      break;
    }
    if (end === at || end - at > 4 || written > 14) return false;
    const group = hexAt(bytes, at, end);
    out[written++] = group >> 8;
    out[written++] = group & 0xff;
    at = end;
    if (at === to) break;
    if (bytes[at] !== COLON || at + 1 === to) return false;
    at++;
    if (bytes[at] === COLON) {
      if (gap >= 0) return false;
      gap = written;
      at++;
    }
  }
  return gap < 0 ? written === 16 : fillGap(out, gap, written);
}

/** Where the run of hexadecimal digits ends. */
function groupEnd(bytes: Uint8Array, from: number, to: number): number {
  let at = from;
  while (at < to && nibble(bytes[at] as number) >= 0) at++;
  return at;
}

function hexAt(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let at = from; at < to; at++) value = value * 16 + nibble(bytes[at] as number);
  return value;
}

function nibble(byte: number): number {
  if (byte >= 0x30 && byte <= 0x39) return byte - 0x30;
  const letter = byte | 0x20;
  return letter >= 0x61 && letter <= 0x66 ? letter - 0x57 : -1;
}

/** Moves what was written behind the gap to the end; a gap stands for at least one group. */
function fillGap(out: Uint8Array, gap: number, written: number): boolean {
  if (written > 14) return false;
  out.copyWithin(16 - (written - gap), gap, written);
  out.fill(0, gap, 16 - (written - gap));
  return true;
}

/** As `parseIp` has it: ::ffff:0:0/96, and ::/96 save for `::` and `::1`. */
function carriesV4(bytes: Uint8Array): boolean {
  for (let i = 0; i < 10; i++) if (bytes[i] !== 0) return false;
  if (bytes[10] === 0xff && bytes[11] === 0xff) return true;
  return bytes[10] === 0 && bytes[11] === 0 && (bytes[12] !== 0 || bytes[13] !== 0);
}
