import { millis } from '../../core/base/time.ts';
import type { NftElement, SetDeclaration } from './declaration.ts';
import { ERRNO } from './failure.ts';
import type { Meter } from './fake-meter.ts';
import type { ParsedKey } from './keys.ts';
import type { ParsedAdd, ParsedOp } from './validate.ts';

interface Held {
  readonly key: ParsedKey;
  readonly expires: number | 'never';
  readonly comment: string | undefined;
  /** Of a dynamic set. */
  readonly meter?: Meter;
  /** What found it; of a set that counts. */
  readonly tally?: { packets: number; bytes: number };
}

/** A range of keys as fixed-width hexadecimal, which sorts as they do. */
interface Range {
  readonly first: string;
  readonly last: string;
}

/** One set of the fake kernel. Errors are errnos, 0 is success; every change can be taken back. */
export class FakeSet {
  readonly declaration: SetDeclaration;
  /** What its meter allows; of a dynamic set. */
  readonly allows: string | undefined;
  #held = new Map<string, Held>();
  /** Of an interval set, by first address. */
  #ranges: Range[] = [];
  /** Nothing expires before. */
  #earliest = Number.POSITIVE_INFINITY;

  constructor(declaration: SetDeclaration, allows?: string) {
    this.declaration = declaration;
    this.allows = allows;
  }

  /** Whether a declared set is this one, so that its elements stay. */
  isLike(other: FakeSet): boolean {
    const [a, b] = [this.declaration, other.declaration];
    const sameFlags = a.interval === b.interval && a.timeout === b.timeout;
    const sameUse = (a.dynamic ?? false) === (b.dynamic ?? false) && (a.counters ?? false) === (b.counters ?? false);
    return a.family === b.family && sameFlags && sameUse && a.size === b.size && this.allows === other.allows;
  }

  /** The source's meter, made where there is none, with its life renewed; `undefined` when the set is full. */
  meter(key: ParsedKey, life: number | 'never', now: number, make: () => Meter): Meter | undefined {
    this.#forgetIfExpired(key.text, now);
    const held = this.#held.get(key.text);
    if (held === undefined && this.#isFull()) this.#forgetExpired(now);
    if (held === undefined && this.#isFull()) return undefined;
    const meter = held?.meter ?? make();
    this.#insert({ key, expires: life === 'never' ? life : now + life, comment: undefined, meter });
    return meter;
  }

  /** Of all sources. */
  meters(): Iterable<Meter> {
    return [...this.#held.values()].flatMap(({ meter }) => meter ?? []);
  }

  /** @param undo receives what takes the change back, to be run in reverse order */
  apply(op: ParsedOp, now: number, undo: (() => void)[]): number {
    if (op.kind === 'flush') return this.#flush(undo);
    this.#forgetIfExpired(op.key.text, now);
    if (op.kind === 'delete') {
      const held = this.#held.get(op.key.text);
      if (held === undefined) return ERRNO.ENOENT;
      this.#remove(held);
      undo.push(() => this.#insert(held));
      return 0;
    }
    if (this.#held.has(op.key.text)) return 0;
    if (this.declaration.interval || this.#isFull()) this.#forgetExpired(now);
    if (this.#overlaps(op.key)) return ERRNO.ENOTEMPTY;
    if (this.#isFull()) return ERRNO.ENFILE;
    const expires = op.timeout === 'never' ? op.timeout : now + op.timeout;
    const counted = this.declaration.counters ? { tally: { packets: 0, bytes: 0 } } : undefined;
    const held = { key: op.key, expires, comment: op.comment, ...counted };
    this.#insert(held);
    undo.push(() => this.#remove(held));
    return 0;
  }

  /** An element that the set is made with: there is nothing it could be there already for. */
  begin(element: ParsedAdd, now: number): number {
    return this.#held.has(element.key.text) ? ERRNO.EEXIST : this.apply(element, now, []);
  }

  elements(now: number): NftElement[] {
    this.#forgetExpired(now);
    return [...this.#held.values()].map((held) => elementOf(held, now));
  }

  find(key: ParsedKey, now: number): NftElement | undefined {
    this.#forgetIfExpired(key.text, now);
    const held = this.#held.get(key.text);
    return held === undefined ? undefined : elementOf(held, now);
  }

  size(now: number): number {
    this.#forgetExpired(now);
    return this.#held.size;
  }

  /** Whether a packet of so many bytes finds its key; the element counts it, in a set that does. */
  isFound(key: ParsedKey, now: number, bytes: number): boolean {
    if (!this.has(key, now)) return false;
    const tally = this.declaration.counters ? this.#covering(key)?.tally : undefined;
    if (tally !== undefined) {
      tally.packets++;
      tally.bytes += bytes;
    }
    return true;
  }

  has(key: ParsedKey, now: number): boolean {
    if (key.family !== this.declaration.family) return false;
    if (!this.declaration.interval) {
      this.#forgetIfExpired(key.text, now);
      return this.#held.has(key.text);
    }
    this.#forgetExpired(now);
    return this.#overlaps(key);
  }

  #flush(undo: (() => void)[]): number {
    const [held, ranges, earliest] = [this.#held, this.#ranges, this.#earliest];
    this.#held = new Map();
    this.#ranges = [];
    this.#earliest = Number.POSITIVE_INFINITY;
    undo.push(() => {
      this.#held = held;
      this.#ranges = ranges;
      this.#earliest = earliest;
    });
    return 0;
  }

  #isFull(): boolean {
    return this.#held.size >= (this.declaration.size ?? Number.POSITIVE_INFINITY);
  }

  #forgetExpired(now: number): void {
    if (now < this.#earliest) return;
    this.#earliest = Number.POSITIVE_INFINITY;
    for (const [text, { expires }] of this.#held) {
      this.#forgetIfExpired(text, now);
      if (expires !== 'never' && expires > now) this.#earliest = Math.min(this.#earliest, expires);
    }
  }

  #forgetIfExpired(text: string, now: number): void {
    const held = this.#held.get(text);
    if (held !== undefined && held.expires !== 'never' && held.expires <= now) this.#remove(held);
  }

  #insert(held: Held): void {
    this.#held.set(held.key.text, held);
    if (held.expires !== 'never') this.#earliest = Math.min(this.#earliest, held.expires);
    if (this.declaration.interval) {
      const range = rangeOf(held.key);
      this.#ranges.splice(this.#after(range.first), 0, range);
    }
  }

  #remove(held: Held): void {
    this.#held.delete(held.key.text);
    if (this.declaration.interval) this.#ranges.splice(this.#after(rangeOf(held.key).first) - 1, 1);
  }

  #covering(key: ParsedKey): Held | undefined {
    if (!this.declaration.interval) return this.#held.get(key.text);
    const { first } = rangeOf(key);
    return [...this.#held.values()].find((held) => {
      const range = rangeOf(held.key);
      return range.first <= first && first <= range.last;
    });
  }

  #overlaps(key: ParsedKey): boolean {
    if (!this.declaration.interval) return false;
    const { first, last } = rangeOf(key);
    const before = this.#ranges[this.#after(last) - 1];
    return before !== undefined && before.last >= first;
  }

  /** Index of the first range that begins behind `key`. */
  #after(key: string): number {
    let [low, high] = [0, this.#ranges.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ranges[middle]?.first ?? '') <= key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function elementOf({ key, expires, comment, tally }: Held, now: number): NftElement {
  const timeout = expires === 'never' ? expires : millis(expires - now);
  return { key: key.text, timeout, ...(comment === undefined ? undefined : { comment }), ...tally };
}

function rangeOf({ bytes, prefix = bytes.length * 8, last }: ParsedKey): Range {
  const end = last ?? bytes.map((byte, i) => byte | (0xff >> Math.max(0, Math.min(8, prefix - i * 8))));
  return { first: Buffer.from(bytes).toString('hex'), last: Buffer.from(end).toString('hex') };
}
