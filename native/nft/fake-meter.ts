import type { Rate } from './declaration.ts';
import { SPAN_MS } from './rules.ts';

/** The kernel counts in nanoseconds; an hour of them is a safe integer. */
const NS = 1_000_000;

/** A bucket of tokens as the kernel's `limit`: full at first, a token a packet, one more each `per / packets`. */
export class Bucket {
  readonly #cost: number;
  readonly #most: number;
  #tokens: number;
  #last: number;

  constructor({ packets, per, burst }: Rate, now: number) {
    this.#cost = Math.floor((SPAN_MS[per] * NS) / packets);
    this.#most = this.#cost * burst;
    this.#tokens = this.#most;
    this.#last = now;
  }

  /** Whether a packet finds no token any more. */
  isOver(now: number): boolean {
    this.#tokens = Math.min(this.#most, this.#tokens + (now - this.#last) * NS);
    this.#last = now;
    if (this.#tokens < this.#cost) return true;
    this.#tokens -= this.#cost;
    return false;
  }
}

/** The connections of a source that conntrack knows. */
export class Connections {
  readonly #open = new Set<string>();

  /** Whether there are more than `most` with this one; one that is beyond is not kept, as its packet will be dropped. */
  isOver(connection: string, most: number): boolean {
    if (this.#open.has(connection)) return this.#open.size > most;
    if (this.#open.size >= most) return true;
    this.#open.add(connection);
    return false;
  }

  end(connection: string): boolean {
    return this.#open.delete(connection);
  }
}

export type Meter = Bucket | Connections;
