import { makeCidr, parseCidr, parseIp } from '../../base/ip.ts';
import { NO_TEXT, type Texts } from './texts.ts';

/** How keys of 64 bits come from events' texts, and how they are written down. */
export interface KeyForm {
  /** The key that was read last. */
  readonly high: number;
  readonly low: number;
  /** Reads a text's key to look it up. @returns false when nothing can be known of it */
  look(text: string): boolean;
  /** Reads a text's key for a row that is made for it. */
  hold(text: string): void;
  /** The row is gone. */
  release(high: number, low: number): void;
  /** As it is written down; `read` reads it back like `hold`. */
  text(high: number, low: number): string;
  /** @returns false when it is no such text */
  read(text: string): boolean;
}

/** What addresses count as one source: networks of these lengths. */
export interface SourceGroups {
  /** 8 to 32. */
  readonly v4: number;
  /** 16 to 64: whoever has one address of a /64 has all of them. */
  readonly v6: number;
}

export const SOURCE_GROUPS: SourceGroups = { v4: 32, v6: 64 };

/** Stands where an IPv6 network has its first 32 bits; `0:ffff::/32` is nobody's. */
const IS_V4 = 0xffff;

/** Addresses, each by its network. */
export class SourceKeys implements KeyForm {
  readonly #groups: SourceGroups;
  readonly #v4Mask: number;
  #address = '';
  high = 0;
  low = 0;

  constructor(groups: SourceGroups) {
    this.#groups = groups;
    this.#v4Mask = maskOf(groups.v4);
  }

  look(ip: string): boolean {
    // Lines about one connection come one behind the other.
    if (ip === this.#address) return true;
    if (ip.includes(':')) {
      if (!this.#lookV6(ip)) return false;
    } else {
      this.high = IS_V4;
      this.low = quadOf(ip) & this.#v4Mask;
    }
    this.#address = ip;
    return true;
  }

  hold(ip: string): void {
    this.look(ip);
  }

  release(): void {}

  text(high: number, low: number): string {
    if (high === IS_V4) {
      const quad = `${low >>> 24}.${(low >>> 16) & 255}.${(low >>> 8) & 255}.${low & 255}`;
      return this.#groups.v4 === 32 ? quad : `${quad}/${this.#groups.v4}`;
    }
    const bytes = new Uint8Array(16);
    const view = new DataView(bytes.buffer);
    view.setInt32(0, high);
    view.setInt32(4, low);
    return makeCidr(6, bytes, this.#groups.v6).text;
  }

  read(text: string): boolean {
    const net = parseCidr(text);
    if (!net.ok) return false;
    const { family, prefix } = net.value;
    if (prefix !== (family === 4 ? this.#groups.v4 : this.#groups.v6)) return false;
    return this.look(text.split('/', 1).join());
  }

  /** The source that the address belongs to, as text; what is no address, as it is. */
  nameOf(ip: string): string {
    if (this.#groups.v4 === 32 && !ip.includes(':')) return ip;
    return this.look(ip) ? this.text(this.high, this.low) : ip;
  }

  #lookV6(ip: string): boolean {
    const parsed = parseIp(ip);
    if (!parsed.ok) return false;
    const view = new DataView(parsed.value.bytes.buffer, parsed.value.bytes.byteOffset);
    this.high = view.getInt32(0) & maskOf(Math.min(32, this.#groups.v6));
    this.low = view.getInt32(4) & maskOf(Math.max(0, this.#groups.v6 - 32));
    return true;
  }
}

const maskOf = (bits: number): number => (bits === 0 ? 0 : -1 << (32 - bits));

/** Of a canonical dotted quad, as 32 bits. */
function quadOf(ip: string): number {
  let quad = 0;
  let octet = 0;
  for (let i = 0; i < ip.length; i++) {
    const code = ip.charCodeAt(i);
    if (code === 46) {
      quad = (quad << 8) | octet;
      octet = 0;
    } else octet = octet * 10 + code - 48;
  }
  return (quad << 8) | octet;
}

/** Names of any kind, held in the detector's texts. */
export class TextKeys implements KeyForm {
  readonly #texts: Texts;
  readonly high = 0;
  low = 0;

  constructor(texts: Texts) {
    this.#texts = texts;
  }

  look(name: string): boolean {
    this.low = this.#texts.find(name);
    return true;
  }

  hold(name: string): void {
    this.low = this.#texts.hold(name);
  }

  release(_high: number, low: number): void {
    this.#texts.release(low);
  }

  text(_high: number, low: number): string {
    return `=${low === NO_TEXT ? '' : this.#texts.of(low)}`;
  }

  read(text: string): boolean {
    if (!text.startsWith('=')) return false;
    this.hold(text.slice(1));
    return true;
  }
}
