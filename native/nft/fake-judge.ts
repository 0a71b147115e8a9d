import { type ParsedIp, parseIp } from '../../core/base/ip.ts';
import type { ChainDeclaration, CtState, Match, Protocol, Rate, RuleDeclaration } from './declaration.ts';
import { Bucket, Connections, type Meter } from './fake-meter.ts';
import type { FakeSet } from './fake-set.ts';
import { joinedKey, type ParsedKey, portKey, textOfKey } from './keys.ts';
import { type MeterMatch, meterLife, targetOf } from './rules.ts';

export type TcpFlag = 'syn' | 'ack' | 'fin' | 'rst';

/** A packet as the fake kernel judges it. */
export interface FakePacket {
  readonly iif: string;
  readonly saddr: string;
  /** An address of this host on the input path, of somebody else on the others, unless given. */
  readonly daddr?: string;
  readonly protocol?: Protocol;
  readonly dport?: number;
  /** Of TCP. */
  readonly flags?: readonly TcpFlag[];
  readonly icmpType?: number;
  /** `new` unless given. */
  readonly ct?: CtState;
  /** Names the connection that it is of, until `FakeKernel.end`; one of its own unless given. */
  readonly connection?: string;
  /** Length counted; 60 unless given. */
  readonly bytes?: number;
}

/** A line that a rule has logged. */
export interface FakeLog {
  readonly prefix: string;
  /** Where it went: the nflog group, or the kernel's log. */
  readonly to: number | 'kernel';
  readonly packet: FakePacket;
}

export interface FakeTable {
  readonly sets: ReadonlyMap<string, FakeSet>;
  readonly chains: readonly ChainDeclaration[];
  readonly counters: ReadonlyMap<string, { packets: number; bytes: number }>;
  /** Of all packets that come to a rule; of its logs. */
  readonly buckets: Map<Rate, Bucket>;
}

/** What a packet meets beside the rules. */
export interface Surroundings {
  readonly now: number;
  readonly isLocal: boolean;
  readonly logged: (log: FakeLog) => void;
  /** A name for a connection that has none. */
  readonly connection: () => string;
}

const USUAL_BYTES = 60;

type Outcome = 'accept' | 'drop' | 'through';

/** One packet on its way through the chains of one table, as the kernel goes. */
export class Judge {
  readonly #table: FakeTable;
  readonly #packet: FakePacket;
  readonly #around: Surroundings;
  readonly #saddr: ParsedIp | undefined;
  readonly #daddr: ParsedIp | undefined;

  constructor(table: FakeTable, packet: FakePacket, around: Surroundings) {
    this.#table = table;
    this.#packet = packet;
    this.#around = around;
    this.#saddr = addressOf(packet.saddr);
    this.#daddr = addressOf(packet.daddr);
  }

  through(chain: ChainDeclaration): Outcome {
    for (const rule of chain.rules) {
      if (!rule.when.every((match) => this.#holds(match))) continue;
      const outcome = this.#decide(rule);
      if (outcome !== 'next') return outcome;
    }
    return 'through';
  }

  #decide(rule: RuleDeclaration): Outcome | 'next' {
    const { counter, verdict } = rule;
    const counted = counter === undefined ? undefined : this.#table.counters.get(counter);
    if (counted !== undefined) {
      counted.packets++;
      counted.bytes += this.#packet.bytes ?? USUAL_BYTES;
    }
    this.#log(rule);
    if (verdict === 'accept' || verdict === 'drop') return verdict;
    if (verdict === 'return') return 'through';
    if (verdict === 'continue') return 'next';
    const target = this.#table.chains.find(({ name }) => name === targetOf(verdict));
    const outcome = target === undefined ? 'through' : this.through(target);
    return outcome === 'through' && 'jump' in verdict ? 'next' : outcome;
  }

  #log({ log }: RuleDeclaration): void {
    if (log === undefined || this.#isOverAll(log.rate)) return;
    this.#around.logged({ prefix: log.prefix, to: log.group ?? 'kernel', packet: this.#packet });
  }

  #holds(match: Match): boolean {
    const { iif, protocol, dport, ct = 'new' } = this.#packet;
    switch (match.match) {
      case 'iif':
        return match.name === iif;
      case 'saddr':
        return this.#has(match.set, this.#saddr);
      case 'daddr':
        return this.#has(match.set, this.#daddr);
      case 'saddr+port':
        return this.#has(match.set, this.#joined());
      case 'family':
        return this.#has(match.set, familyKey(this.#saddr));
      case 'nfproto':
        return this.#saddr?.family === match.family;
      case 'protocol':
        return protocol === match.protocol;
      case 'dport':
        if (protocol !== match.protocol || dport === undefined) return false;
        return 'set' in match ? this.#has(match.set, portKey(dport)) : dport === match.port;
      case 'ct':
        return match.states.includes(ct);
      case 'syn':
        return this.#isSyn();
      case 'icmp':
        return this.#isIcmp(match);
      case 'local':
        return this.#around.isLocal;
      case 'over':
        return match.per === undefined ? this.#isOverAll(match.rate) : this.#isOver(match);
      case 'connections':
        return this.#isOver(match);
    }
  }

  #has(set: string, key: ParsedKey | undefined): boolean {
    const bytes = this.#packet.bytes ?? USUAL_BYTES;
    return key !== undefined && (this.#table.sets.get(set)?.isFound(key, this.#around.now, bytes) ?? false);
  }

  #joined(): ParsedKey | undefined {
    const { protocol = '', dport } = this.#packet;
    return this.#saddr === undefined || dport === undefined ? undefined : joinedKey(this.#saddr, protocol, dport);
  }

  #isSyn(): boolean {
    const { protocol, flags = [] } = this.#packet;
    return protocol === 'tcp' && flags.length === 1 && flags[0] === 'syn';
  }

  #isIcmp({ family, types }: Extract<Match, { readonly match: 'icmp' }>): boolean {
    const { protocol, icmpType } = this.#packet;
    if (this.#saddr?.family !== family || protocol !== (family === 4 ? 'icmp' : 'icmpv6')) return false;
    return icmpType !== undefined && types.includes(icmpType);
  }

  #isOverAll(rate: Rate): boolean {
    const { now } = this.#around;
    const bucket = this.#table.buckets.get(rate) ?? new Bucket(rate, now);
    this.#table.buckets.set(rate, bucket);
    return bucket.isOver(now);
  }

  /** Beyond what its source may: a source that finds the meter full is not. */
  #isOver(match: MeterMatch): boolean {
    const { now, connection } = this.#around;
    const set = this.#table.sets.get(match.per);
    const source = this.#saddr === undefined ? undefined : sourceOf(this.#saddr);
    if (set === undefined || source?.family !== set.declaration.family) return false;
    const isRate = match.match === 'over';
    const make = (): Meter => (isRate ? new Bucket(match.rate, now) : new Connections());
    const meter = set.meter(source, isRate ? meterLife(match.rate) : 'never', now, make);
    if (isRate) return meter instanceof Bucket && meter.isOver(now);
    return meter instanceof Connections && meter.isOver(this.#packet.connection ?? connection(), match.over);
  }
}

function addressOf(text: string | undefined): ParsedIp | undefined {
  const parsed = text === undefined ? undefined : parseIp(text);
  return parsed?.ok ? parsed.value : undefined;
}

const familyKey = (address: ParsedIp | undefined): ParsedKey | undefined =>
  address === undefined
    ? undefined
    : { family: 'either', bytes: Uint8Array.of(address.family === 4 ? 2 : 10), text: `ipv${address.family}` };

/** What a meter counts under: an IPv4 address, an IPv6 /64. */
function sourceOf(address: ParsedIp): ParsedKey {
  if (address.family === 4) return address;
  const bytes = address.bytes.map((byte, i) => (i < 8 ? byte : 0));
  return { family: 6, bytes, text: textOfKey(bytes) };
}
