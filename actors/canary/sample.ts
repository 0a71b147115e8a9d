import { type Cidr, contains, fromBytes, type Ip, type ParsedIp, parseCidr, parseIp } from '../../core/base/ip.ts';
import type { Random } from '../../core/base/ports.ts';
import type { Listed } from './listed.ts';
import type { Canary, Why } from './outcome.ts';

/** What the kernel is to do, by the books. */
export interface CanaryBooks {
  /** Blocked one by one, and not about to end. */
  blocked(): Iterable<Ip>;
  isBlocked(ip: Ip): boolean;
  readonly blockedNetworks: readonly Cidr[];
  /** By bulk lists. */
  listed(ip: Ip): Listed | undefined;
  /** Dropped by the settings. */
  readonly denied: readonly Cidr[];
  /** Let in ahead of all of these. */
  readonly letIn: readonly Cidr[];
}

/** Addresses of each kind that one round tries. */
const SAMPLES: Readonly<Record<Exclude<Why, 'control' | 'listed'>, number>> = {
  blocked: 16,
  'blocked network': 8,
  denied: 4,
  'let in': 4,
};

/** Networks that are looked at for those: of some no packet may come, and some are wholly let in or on a list. */
const LOOKED_AT = 64;

/** Nobody blocks networks of benchmarks; where somebody does, another address is looked for as often as this. */
const CONTROLS = ['198.18.0.0/15', '2001:2::/48'].flatMap(cidr);
const TRIES = 20;
/** Addresses looked at in one go: a book may hold half a million. */
const STRETCH = 5000;

/** @param rest lets others have their turn */
export async function sample(
  books: CanaryBooks,
  random: Random,
  rest: () => Promise<void>,
): Promise<readonly Canary[]> {
  const below = (n: number): number => new DataView(random.bytes(4).buffer).getUint32(0) % n;
  const blocked = await some(books.blocked(), SAMPLES.blocked, below, rest);
  const within = (why: 'blocked network' | 'denied' | 'let in', networks: readonly Cidr[]): readonly Canary[] => {
    const found: Canary[] = [];
    for (const net of shuffled(networks, below).slice(0, LOOKED_AT)) {
      if (found.length === SAMPLES[why]) break;
      found.push(...addressIn(net, random, (ip) => whyOf(books, ip) === why).map((ip) => ({ ip, why })));
    }
    return found;
  };
  const chosen: readonly Canary[] = [
    // One that is allowed as well is to get through.
    ...blocked.flatMap((ip) => nameOf(books, ip)),
    ...within('blocked network', books.blockedNetworks),
    ...within('denied', books.denied),
    ...within('let in', books.letIn),
    ...CONTROLS.flatMap((net) => addressIn(net, random, (ip) => whyOf(books, ip) === 'control')).map(
      (ip) => ({ ip, why: 'control' }) as const,
    ),
  ];
  return [...new Map(chosen.map((canary) => [canary.ip, canary])).values()];
}

function nameOf(books: CanaryBooks, ip: Ip): readonly Canary[] {
  const parsed = parseIp(ip);
  const why = parsed.ok && isSource(parsed.value) ? whyOf(books, parsed.value) : undefined;
  return why === undefined ? [] : [{ ip, why }];
}

/** Whether the books still say of an address why it is tried. */
export function isWhy(books: CanaryBooks, ip: Ip, why: Why): boolean {
  const parsed = parseIp(ip);
  return parsed.ok && whyOf(books, parsed.value) === why;
}

/** What the books say of any address, in the order in which the kernel asks; nothing while a list of it is on its way there. */
function whyOf(books: CanaryBooks, ip: ParsedIp): Why | undefined {
  const among = (networks: readonly Cidr[]): boolean => networks.some((net) => contains(net, ip));
  if (among(books.letIn)) return 'let in';
  const listed = books.listed(ip.text);
  if (listed === 'open') return undefined;
  if (listed === 'allow') return 'let in';
  if (books.isBlocked(ip.text)) return 'blocked';
  if (among(books.blockedNetworks)) return 'blocked network';
  if (listed === 'block') return 'listed';
  return among(books.denied) ? 'denied' : 'control';
}

/** So many of them, each as likely as any other. */
async function some(
  all: Iterable<Ip>,
  count: number,
  below: (n: number) => number,
  rest: () => Promise<void>,
): Promise<readonly Ip[]> {
  const kept: Ip[] = [];
  let seen = 0;
  for (const ip of all) {
    if (kept.length < count) kept.push(ip);
    else {
      const at = below(seen + 1);
      if (at < count) kept[at] = ip;
    }
    if (++seen % STRETCH === 0) await rest();
  }
  return kept;
}

function shuffled<T>(all: readonly T[], below: (n: number) => number): readonly T[] {
  const copy = [...all];
  for (let i = copy.length - 1; i > 0; i--) {
    const j = below(i + 1);
    [copy[i], copy[j]] = [copy[j] as T, copy[i] as T];
  }
  return copy;
}

/** One address of a network that packets may come from and that serves, or none where none was found. */
function addressIn(net: Cidr, random: Random, serves: (ip: ParsedIp) => boolean): readonly Ip[] {
  for (let i = 0; i < TRIES; i++) {
    const bytes = random.bytes(net.bytes.length).map((byte, at) => {
      const mask = 0xff >> Math.max(0, Math.min(8, net.prefix - at * 8));
      return (net.bytes[at] ?? 0) | (byte & mask);
    });
    const ip = fromBytes(bytes);
    if (ip.family === net.family && isSource(ip) && serves(ip)) return [ip.text];
  }
  return [];
}

/** Not loopback, nor a group, nor of a link alone: the kernel sends nothing with such a source, or looks at none. */
function isSource({ family, bytes: [first = 0, second = 0] }: ParsedIp): boolean {
  if (family === 4) return first > 0 && first < 224 && first !== 127;
  return first !== 0xff && first !== 0 && !(first === 0xfe && second >= 0x80);
}

function cidr(text: string): readonly Cidr[] {
  const net = parseCidr(text);
  return net.ok ? [net.value] : [];
}
