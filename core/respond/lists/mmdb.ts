import { fail, ok, type Result } from '../../base/result.ts';

/** What stands before the metadata, near the end of the file. */
const MARK = Uint8Array.from([0xab, 0xcd, 0xef, ...new TextEncoder().encode('MaxMind.com')]);
/** The metadata are within so many bytes of the end. */
const METADATA_WITHIN = 128 * 1024;
/** Zeros between the tree and the data. */
const SEPARATOR = 16;
/** Deeper data are none that this product reads. */
const DEEPEST = 16;

/** A network as the tree holds it: `bytes` of 4 or 16, good until the next one. */
export type Visit = (bytes: Uint8Array, prefix: number) => void;

/**
 * A MaxMind DB (version 2) of countries: which networks belong to one. Every offset is checked, so that a damaged file is
 * a refusal or gives fewer networks, and never an error or an endless walk.
 */
export class CountryTree {
  readonly #bytes: Uint8Array;
  readonly #nodes: number;
  readonly #recordBits: number;
  readonly #width: 4 | 16;
  readonly #dataAt: number;

  private constructor(bytes: Uint8Array, { nodes, recordBits, width }: TreeShape) {
    this.#bytes = bytes;
    this.#nodes = nodes;
    this.#recordBits = recordBits;
    this.#width = width;
    this.#dataAt = (nodes * recordBits) / 4 + SEPARATOR;
  }

  static open(bytes: Uint8Array): Result<CountryTree, 'damaged'> {
    const mark = lastMark(bytes);
    const data = mark < 0 ? undefined : new DataReader(bytes, mark + MARK.length).value(mark + MARK.length);
    const shape = shapeOf(data);
    if (shape === undefined) return fail('damaged', 'it is no MaxMind DB of a kind that is known');
    if ((shape.nodes * shape.recordBits) / 4 + SEPARATOR > bytes.length) return fail('damaged', 'it was cut short');
    return ok(new CountryTree(bytes, shape));
  }

  /**
   * Visits every network of the country, in order.
   * @param country ISO 3166 code in capitals
   */
  networks(country: string, visit: Visit): void {
    const data = new DataReader(this.#bytes, this.#dataAt);
    /** Whether what stands at an offset names the country; there are a few hundred in all. */
    const known = new Map<number, boolean>();
    const isMeant = (record: number): boolean => {
      const at = this.#dataAt + record - this.#nodes - SEPARATOR;
      const meant = known.get(at) ?? countryIn(data.value(at)) === country;
      known.set(at, meant);
      return meant;
    };
    const address = new Uint8Array(this.#width);
    // In a sound tree every node is reached once.
    let left = this.#nodes;
    const walk = (node: number, depth: number): void => {
      if (left-- <= 0) return;
      for (const side of [0, 1] as const) {
        const record = this.#record(node, side);
        if (side === 1) address[depth >> 3] = (address[depth >> 3] as number) | (0x80 >> (depth & 7));
        if (record < this.#nodes && depth + 1 < this.#width * 8) walk(record, depth + 1);
        else if (record > this.#nodes && isMeant(record)) visit(address, depth + 1);
      }
      address[depth >> 3] = (address[depth >> 3] as number) & ~(0x80 >> (depth & 7));
    };
    walk(0, 0);
  }

  #record(node: number, side: 0 | 1): number {
    const size = this.#recordBits / 4;
    const at = node * size;
    const byte = (i: number): number => this.#bytes[at + i] as number;
    if (this.#recordBits === 24) return (byte(side * 3) << 16) | (byte(side * 3 + 1) << 8) | byte(side * 3 + 2);
    if (this.#recordBits === 28) {
      const high = side === 0 ? byte(3) >> 4 : byte(3) & 0x0f;
      return high * 2 ** 24 + ((byte(side * 4) << 16) | (byte(side * 4 + 1) << 8) | byte(side * 4 + 2));
    }
    const from = side * 4;
    return byte(from) * 2 ** 24 + ((byte(from + 1) << 16) | (byte(from + 2) << 8) | byte(from + 3));
  }
}

interface TreeShape {
  readonly nodes: number;
  readonly recordBits: number;
  readonly width: 4 | 16;
}

function shapeOf(metadata: unknown): TreeShape | undefined {
  if (!(metadata instanceof Map)) return undefined;
  const [nodes, recordBits, version, major] = [
    'node_count',
    'record_size',
    'ip_version',
    'binary_format_major_version',
  ].map((key) => metadata.get(key));
  if (typeof nodes !== 'number' || nodes < 1 || major !== 2) return undefined;
  if (recordBits !== 24 && recordBits !== 28 && recordBits !== 32) return undefined;
  if (version !== 4 && version !== 6) return undefined;
  return { nodes, recordBits, width: version === 4 ? 4 : 16 };
}

/** `country_code` as this data set has it, or `country.iso_code` as others do. */
function countryIn(value: unknown): unknown {
  if (!(value instanceof Map)) return undefined;
  const country: unknown = value.get('country');
  return value.get('country_code') ?? (country instanceof Map ? country.get('iso_code') : undefined);
}

function lastMark(bytes: Uint8Array): number {
  for (let at = bytes.length - MARK.length; at >= Math.max(0, bytes.length - METADATA_WITHIN); at--) {
    if (MARK.every((byte, i) => bytes[at + i] === byte)) return at;
  }
  return -1;
}

/** The data section's maps, arrays, texts and unsigned numbers; what is of another type, or wrong, reads as undefined. */
class DataReader {
  readonly #bytes: Uint8Array;
  /** Where pointers count from. */
  readonly #base: number;
  #at = 0;
  /** Values left to read, so that pointers to pointers come to an end. */
  #left = 0;

  constructor(bytes: Uint8Array, base: number) {
    this.#bytes = bytes;
    this.#base = base;
  }

  value(at: number): unknown {
    this.#at = at;
    this.#left = 10_000;
    return this.#value(0);
  }

  #byte(): number {
    return this.#bytes[this.#at++] ?? 0;
  }

  #number(length: number): number {
    let value = 0;
    for (let i = 0; i < length; i++) value = value * 256 + this.#byte();
    return value;
  }

  #value(depth: number): unknown {
    if (this.#left-- <= 0 || depth > DEEPEST || this.#at < 0 || this.#at >= this.#bytes.length) return undefined;
    const control = this.#byte();
    const type = control >> 5 === 0 ? this.#byte() + 7 : control >> 5;
    if (type === 1) return this.#pointed(control, depth);
    const size = this.#size(control & 0x1f);
    if (type === 2) return this.#text(size);
    if (type === 7) return this.#map(size, depth);
    if (type === 11) return this.#array(size, depth);
    if (type === 14) return size !== 0;
    const number = this.#number(Math.min(size, 16));
    return type === 5 || type === 6 || type === 9 ? number : undefined;
  }

  #size(short: number): number {
    if (short < 29) return short;
    if (short === 29) return 29 + this.#number(1);
    return short === 30 ? 285 + this.#number(2) : 65_821 + this.#number(3);
  }

  #pointed(control: number, depth: number): unknown {
    const length = (control >> 3) & 3;
    const high = length === 3 ? 0 : (control & 7) * 256 ** (length + 1);
    const offset = high + this.#number(length + 1) + ([0, 2048, 526_336, 0][length] as number);
    const back = this.#at;
    this.#at = this.#base + offset;
    const value = this.#value(depth + 1);
    this.#at = back;
    return value;
  }

  #text(size: number): string {
    const from = this.#at;
    this.#at += size;
    return new TextDecoder().decode(this.#bytes.subarray(from, this.#at));
  }

  #map(size: number, depth: number): ReadonlyMap<unknown, unknown> {
    const map = new Map<unknown, unknown>();
    for (let i = 0; i < size && this.#left > 0; i++) {
      const key = this.#value(depth + 1);
      map.set(key, this.#value(depth + 1));
    }
    return map;
  }

  #array(size: number, depth: number): readonly unknown[] {
    const all: unknown[] = [];
    for (let i = 0; i < size && this.#left > 0; i++) all.push(this.#value(depth + 1));
    return all;
  }
}
