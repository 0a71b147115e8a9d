/** What cannot be read as it was written: cut short, overwritten, or of another format. Caught where a block is read. */
export class Damage extends Error {}

const SMALL = 4096;

/** Appends little-endian numbers and bytes to a buffer that grows. */
export class ByteWriter {
  #bytes = Buffer.allocUnsafe(SMALL);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** What was written; good until the next write. */
  get bytes(): Buffer {
    return this.#bytes.subarray(0, this.#length);
  }

  clear(): void {
    this.#length = 0;
  }

  u8(value: number): void {
    this.#room(1);
    this.#bytes[this.#length++] = value;
  }

  u16(value: number): void {
    this.#room(2);
    this.#length = this.#bytes.writeUInt16LE(value, this.#length);
  }

  u32(value: number): void {
    this.#room(4);
    this.#length = this.#bytes.writeUInt32LE(value, this.#length);
  }

  f64(value: number): void {
    this.#room(8);
    this.#length = this.#bytes.writeDoubleLE(value, this.#length);
  }

  /** A whole number from 0 to 2^53 − 1, seven bits a byte. */
  varint(value: number): void {
    this.#room(8);
    let left = value;
    while (left >= 0x80) {
      this.#bytes[this.#length++] = (left & 0x7f) | 0x80;
      // Past 31 bits there is no shifting.
      left = left > 0x7fffffff ? Math.floor(left / 128) : left >>> 7;
    }
    this.#bytes[this.#length++] = left;
  }

  raw(bytes: Uint8Array): void {
    this.#room(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** UTF-8. @returns bytes written */
  text(text: string): number {
    this.#room(text.length * 3);
    const written = this.#bytes.write(text, this.#length, 'utf8');
    this.#length += written;
    return written;
  }

  /** Sets a number that was left open. */
  setU32(at: number, value: number): void {
    this.#bytes.writeUInt32LE(value, at);
  }

  setU8(at: number, value: number): void {
    this.#bytes[at] = value;
  }

  #room(needed: number): void {
    if (this.#length + needed <= this.#bytes.length) return;
    const grown = Buffer.allocUnsafe(Math.max(this.#bytes.length * 2, this.#length + needed));
    grown.set(this.bytes);
    this.#bytes = grown;
  }
}

/** Reads what `ByteWriter` wrote. @throws Damage past the end or for a value that cannot be */
export class ByteReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  get left(): number {
    return this.#bytes.length - this.#at;
  }

  u8(): number {
    return this.#bytes[this.#take(1)] as number;
  }

  u16(): number {
    return this.#bytes.readUInt16LE(this.#take(2));
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  f64(): number {
    return this.#bytes.readDoubleLE(this.#take(8));
  }

  varint(): number {
    const bytes = this.#bytes;
    let value = 0;
    let weight = 1;
    for (let i = 0; i < 8; i++) {
      const byte = bytes[this.#take(1)] as number;
      value += (byte & 0x7f) * weight;
      if (byte < 0x80) {
        if (value > Number.MAX_SAFE_INTEGER) break;
        return value;
      }
      weight *= 128;
    }
    throw new Damage('a number is too large');
  }

  /** So many numbers in a row. Columns are made of them, so the usual one to four bytes are read without a call. */
  varints(count: number): Float64Array {
    const bytes = this.#bytes;
    const values = new Float64Array(count);
    let at = this.#at;
    for (let i = 0; i < count; i++) {
      const low = bytes[at] ?? 0x80;
      if (low < 0x80) {
        values[i] = low;
        at += 1;
        continue;
      }
      const high = bytes[at + 1] ?? 0x80;
      if (high < 0x80) {
        values[i] = (low & 0x7f) | (high << 7);
        at += 2;
        continue;
      }
      const third = bytes[at + 2] ?? 0x80;
      const fourth = bytes[at + 3] ?? 0x80;
      const two = (low & 0x7f) | ((high & 0x7f) << 7);
      if (third < 0x80) {
        values[i] = two | (third << 14);
        at += 3;
      } else if (fourth < 0x80) {
        values[i] = two | ((third & 0x7f) << 14) | (fourth << 21);
        at += 4;
      } else {
        this.#at = at;
        values[i] = this.varint();
        at = this.#at;
      }
    }
    this.#at = at;
    return values;
  }

  raw(length: number): Buffer {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  #take(length: number): number {
    const at = this.#at;
    if (length > this.#bytes.length - at) throw new Damage('cut short');
    this.#at = at + length;
    return at;
  }
}
