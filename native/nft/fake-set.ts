import { millis } from '../../core/base/time.ts';
import { ERRNO } from './failure.ts';
import type { NftElement, SetDeclaration } from './port.ts';
import type { ParsedAdd, ParsedKey, ParsedOp } from './validate.ts';

interface Held {
  readonly key: ParsedKey;
  readonly expires: number | 'never';
  readonly comment: string | undefined;
}

/** A range of addresses as fixed-width hexadecimal, which sorts as addresses do. */
interface Range {
  readonly first: string;
  readonly last: string;
}

/** One set of the fake kernel. Errors are errnos, 0 is success; every change can be taken back. */
export class FakeSet {
  readonly declaration: SetDeclaration;
  #held = new Map<string, Held>();
  /** Of an interval set, by first address. */
  #ranges: Range[] = [];
  /** Nothing expires before. */
  #earliest = Number.POSITIVE_INFINITY;

  constructor(declaration: SetDeclaration) {
    this.declaration = declaration;
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
    const held = { key: op.key, expires, comment: op.comment };
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

  has(address: ParsedKey, now: number): boolean {
    if (address.family !== this.declaration.family) return false;
    if (!this.declaration.interval) {
      this.#forgetIfExpired(address.text, now);
      return this.#held.has(address.text);
    }
    this.#forgetExpired(now);
    return this.#overlaps(address);
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

  #overlaps(key: ParsedKey): boolean {
    if (!this.declaration.interval) return false;
    const { first, last } = rangeOf(key);
    const before = this.#ranges[this.#after(last) - 1];
    return before !== undefined && before.last >= first;
  }

  /** Index of the first range that begins behind `address`. */
  #after(address: string): number {
    let [low, high] = [0, this.#ranges.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ranges[middle]?.first ?? '') <= address) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function elementOf({ key, expires, comment }: Held, now: number): NftElement {
  const element = { key: key.text, timeout: expires === 'never' ? expires : millis(expires - now) };
  return comment === undefined ? element : { ...element, comment };
}

function rangeOf(key: ParsedKey): Range {
  const prefix = key.prefix ?? key.bytes.length * 8;
  const last = key.bytes.map((byte, i) => byte | (0xff >> Math.max(0, Math.min(8, prefix - i * 8))));
  return { first: Buffer.from(key.bytes).toString('hex'), last: Buffer.from(last).toString('hex') };
}
