import { type ParsedKey, textOfKey } from './keys.ts';

const NO_PREFIX = 255;
/** In a prefix's place: the last key of a range follows the first. */
const RANGE = 254;

/** Grows by doubling; the fields are those of engine/cursor.h. */
export class Sink {
  #bytes: Buffer;
  #at = 0;

  constructor(size = 256) {
    this.#bytes = Buffer.allocUnsafe(size);
  }

  u8(value: number): this {
    this.#room(1);
    this.#bytes[this.#at++] = value;
    return this;
  }
  u16(value: number): this {
    this.#room(2);
    this.#at = this.#bytes.writeUInt16LE(value, this.#at);
    return this;
  }
  u32(value: number): this {
    this.#room(4);
    this.#at = this.#bytes.writeUInt32LE(value >>> 0, this.#at);
    return this;
  }
  u64(value: number): this {
    return this.u32(value % 2 ** 32).u32(Math.floor(value / 2 ** 32));
  }
  /** At most 255 bytes of UTF-8: every text has been checked for its own, smaller bound. */
  text(text: string): this {
    const length = Buffer.byteLength(text);
    if (length > 255) throw new RangeError('a wire text is at most 255 bytes');
    this.u8(length).#room(length);
    this.#at += this.#bytes.write(text, this.#at);
    return this;
  }
  key({ bytes, prefix, last }: ParsedKey): this {
    const width = bytes.length;
    this.u8(width).u8(last === undefined ? (prefix ?? NO_PREFIX) : RANGE);
    return last === undefined ? this.#raw(bytes) : this.#raw(bytes).#raw(last);
  }
  append(other: Sink): this {
    return this.#raw(other.finish());
  }
  get size(): number {
    return this.#at;
  }
  finish(): Uint8Array {
    return this.#bytes.subarray(0, this.#at);
  }

  #raw(bytes: Uint8Array): this {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#at);
    this.#at += bytes.length;
    return this;
  }

  #room(size: number): void {
    if (this.#at + size <= this.#bytes.length) return;
    const larger = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#at + size));
    larger.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = larger;
  }
}

/** Reads an answer; one that ends early is a bug of the engine and throws. */
export class Source {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#step(1));
  }
  u32(): number {
    return this.#bytes.readUInt32LE(this.#step(4));
  }
  u64(): number {
    const low = this.u32();
    return low + this.u32() * 2 ** 32;
  }
  text(): string {
    const length = this.u8();
    const from = this.#step(length);
    return this.#bytes.toString('utf8', from, from + length);
  }
  /** A key in canonical text. */
  key(): string {
    const width = this.u8();
    const prefix = this.u8();
    const bytes = this.#take(width);
    if (prefix === RANGE) return textOfKey(bytes, undefined, this.#take(width));
    return textOfKey(bytes, prefix === NO_PREFIX ? undefined : prefix);
  }
  many<T>(one: () => T): T[] {
    const count = this.u32();
    const all: T[] = [];
    for (let i = 0; i < count; i++) all.push(one());
    return all;
  }

  #take(size: number): Uint8Array {
    const from = this.#step(size);
    return this.#bytes.subarray(from, from + size);
  }

  #step(size: number): number {
    const from = this.#at;
    this.#at += size;
    return from;
  }
}
