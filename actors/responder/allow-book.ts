import { type Cidr, makeCidr, type ParsedIp, parseCidr } from '../../core/base/ip.ts';
import { hasPassed, type Millis } from '../../core/base/time.ts';
import type { Allow } from '../../core/respond/allow.ts';

interface Entry {
  readonly allow: Allow;
  readonly net: Cidr;
}

/** The allows in force, in memory. A look-up costs as much as there are lengths of prefix, not entries. */
export class AllowBook {
  /** By canonical network. */
  readonly #entries = new Map<string, Entry>();
  /** How many entries have a family and length of prefix. */
  readonly #lengths: Readonly<Record<4 | 6, Map<number, number>>> = { 4: new Map(), 6: new Map() };

  get size(): number {
    return this.#entries.size;
  }

  list(): readonly Allow[] {
    return [...this.#entries.values()].map(({ allow }) => allow);
  }

  networks(): readonly Cidr[] {
    return [...this.#entries.values()].map(({ net }) => net);
  }

  of(net: Cidr): Allow | undefined {
    return this.#entries.get(net.text)?.allow;
  }

  /** @returns what stood for the same network; an allow whose subject is no network is left out */
  put(allow: Allow): Allow | undefined {
    const net = parseCidr(allow.subject);
    if (!net.ok) return undefined;
    const before = this.delete(net.value);
    this.#entries.set(net.value.text, { allow, net: net.value });
    this.#count(net.value, 1);
    return before;
  }

  delete(net: Cidr): Allow | undefined {
    const before = this.#entries.get(net.text)?.allow;
    if (before === undefined) return undefined;
    this.#entries.delete(net.text);
    this.#count(net, -1);
    return before;
  }

  /** An allow that lets this address in, the narrowest first. */
  covering({ family, bytes }: ParsedIp): Allow | undefined {
    const lengths = [...this.#lengths[family].keys()].sort((a, b) => b - a);
    for (const prefix of lengths) {
      const entry = this.#entries.get(makeCidr(family, bytes, prefix).text);
      if (entry !== undefined) return entry.allow;
    }
    return undefined;
  }

  /** Whether all of a network is let in by one entry. */
  coversNetwork(text: string): boolean {
    const net = parseCidr(text);
    if (!net.ok) return false;
    const { family, bytes, prefix } = net.value;
    const lengths = [...this.#lengths[family].keys()].filter((length) => length <= prefix);
    return lengths.some((length) => this.#entries.has(makeCidr(family, bytes, length).text));
  }

  /** Takes out and returns those whose time has passed. */
  expire(now: Millis): readonly Allow[] {
    const due = [...this.#entries.values()].filter(({ allow }) => hasPassed(allow.expiresAt, now));
    for (const { net } of due) this.delete(net);
    return due.map(({ allow }) => allow);
  }

  #count({ family, prefix }: Cidr, by: 1 | -1): void {
    const lengths = this.#lengths[family];
    const count = (lengths.get(prefix) ?? 0) + by;
    if (count > 0) lengths.set(prefix, count);
    else lengths.delete(prefix);
  }
}
