import { type Cidr, contains, makeCidr, type ParsedIp, parseCidr, parseIp } from '../../core/base/ip.ts';
import type { NamedNetwork } from '../../core/base/prefixes.ts';
import { hasPassed, type Millis } from '../../core/base/time.ts';
import { type Allow, allowKey, isPortAllow, type Letting, type PortAllow, portText } from '../../core/respond/allow.ts';

interface Entry {
  readonly allow: Allow;
  readonly net: Cidr;
}

/** The allows in force, in memory. A look-up costs as much as there are lengths of prefix, not entries. */
export class AllowBook {
  /** By canonical network: those that let in everywhere. */
  readonly #entries = new Map<string, Entry>();
  /** How many of them have a family and length of prefix. */
  readonly #lengths: Readonly<Record<4 | 6, Map<number, number>>> = { 4: new Map(), 6: new Map() };
  /** By key: those that let in to one port. */
  readonly #ports = new Map<string, PortAllow>();

  /** Of all, those of ports as well. */
  get size(): number {
    return this.#entries.size + this.#ports.size;
  }

  /** Those that let in everywhere. */
  list(): readonly Allow[] {
    return [...this.#entries.values()].map(({ allow }) => allow);
  }

  networks(): readonly Cidr[] {
    return [...this.#entries.values()].map(({ net }) => net);
  }

  /** Those that let in to one port, each. */
  ports(): readonly PortAllow[] {
    return [...this.#ports.values()];
  }

  of(net: Cidr): Allow | undefined {
    return this.#entries.get(net.text)?.allow;
  }

  has(allow: Pick<Allow, 'subject' | 'port'>): boolean {
    if (allow.port !== undefined) return this.#ports.has(allowKey(allow));
    const net = parseCidr(allow.subject);
    return net.ok && this.#entries.has(net.value.text);
  }

  /** @returns what stood for the same network or port; an allow whose subject is no network is left out */
  put(allow: Allow): Allow | undefined {
    const net = parseCidr(allow.subject);
    if (!net.ok) return undefined;
    if (isPortAllow(allow)) {
      const before = this.#ports.get(allowKey(allow));
      this.#ports.set(allowKey(allow), allow);
      return before;
    }
    const before = this.delete(net.value);
    this.#entries.set(net.value.text, { allow, net: net.value });
    this.#count(net.value, 1);
    return before;
  }

  /** Takes off what lets the network in everywhere. */
  delete(net: Cidr): Allow | undefined {
    const before = this.#entries.get(net.text)?.allow;
    if (before === undefined) return undefined;
    this.#entries.delete(net.text);
    this.#count(net, -1);
    return before;
  }

  /** Takes one off, whichever it is. */
  remove(allow: Allow): void {
    const net = parseCidr(allow.subject);
    if (allow.port !== undefined) this.#ports.delete(allowKey(allow));
    else if (net.ok) this.delete(net.value);
  }

  /** An allow that lets this address in everywhere, the narrowest first. */
  covering({ family, bytes }: ParsedIp): Allow | undefined {
    if (this.#lengths[family].size === 0) return undefined;
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

  /** What no block of a network may hold: whoever blocks one would not know of them. */
  guarded(): readonly NamedNetwork[] {
    const ports = this.ports().flatMap(({ subject, port }): NamedNetwork[] => {
      const net = parseCidr(subject);
      return net.ok ? [{ net: net.value, why: `it holds what is allowed to ${portText(port)}` }] : [];
    });
    return [...this.networks().map((net) => ({ net, why: 'it holds what is allowed' })), ...ports];
  }

  /** What lets a connection in, as of now or without some of it. */
  letting(without: readonly Allow[] = []): Letting {
    const gone = new Set(without.map(allowKey));
    const nets = [...this.#entries.values()].filter(({ allow }) => !gone.has(allowKey(allow))).map(({ net }) => net);
    return {
      covers: (ip) => {
        const address = parseIp(ip);
        return address.ok && nets.some((net) => contains(net, address.value));
      },
      ports: this.ports().filter((allow) => !gone.has(allowKey(allow))),
    };
  }

  /** Those whose time has passed. */
  due(now: Millis): readonly Allow[] {
    return [...this.list(), ...this.#ports.values()].filter(({ expiresAt }) => hasPassed(expiresAt, now));
  }

  #count({ family, prefix }: Cidr, by: 1 | -1): void {
    const lengths = this.#lengths[family];
    const count = (lengths.get(prefix) ?? 0) + by;
    if (count > 0) lengths.set(prefix, count);
    else lengths.delete(prefix);
  }
}
