import { millis } from '../../core/base/time.ts';
import type {
  Match,
  NftElement,
  Rate,
  RuleDeclaration,
  SetDeclaration,
  SetFamily,
  TableDeclaration,
} from '../../native/nft/declaration.ts';

const never = (key: string): NftElement => ({ key, timeout: 'never' });
const hash = (name: string, family: SetFamily, ...keys: readonly string[]): SetDeclaration => ({
  name,
  family,
  interval: false,
  timeout: false,
  elements: keys.map(never),
});
const intervals = (name: string, family: SetFamily, ...keys: readonly string[]): SetDeclaration => ({
  ...hash(name, family, ...keys),
  interval: true,
});
export const meterOf = (name: string, family: 4 | 6, timeout: boolean): SetDeclaration => ({
  name,
  family,
  interval: false,
  timeout,
  size: 1000,
  dynamic: true,
});
const rate = (packets: number, per: Rate['per'], burst: number): Rate => ({ packets, per, burst });

/** Sets of every kind; `meters` are for one rule each. */
export const SETS: readonly SetDeclaration[] = [
  hash('v4', 4, '192.0.2.1', '198.51.100.7'),
  { ...hash('timed6', 6), timeout: true, size: 500, elements: [{ key: '2001:db8::1', timeout: millis(3_600_000) }] },
  intervals('net4', 4, '10.0.0.0/8', '240.0.0.0/4'),
  intervals('net6', 6, '2001:db8::/32'),
  { ...hash('family', 'either'), timeout: true },
  hash('port', 'port', '22', '443'),
  intervals('ports', 'port', '25', '30000-40000', '65000-65535'),
  { ...hash('services', 'port'), timeout: true, size: 100 },
  hash('from4', '4+port', '192.0.2.1 . tcp . 443', '192.0.2.1 . udp . 65535'),
  { ...hash('from6', '6+port', '2001:db8::1 . udp . 53'), timeout: true, size: 100 },
];
export const METERS: readonly SetDeclaration[] = [
  meterOf('rate4', 4, true),
  meterOf('rate6', 6, true),
  meterOf('slow4', 4, true),
  meterOf('open4', 4, false),
  meterOf('open6', 6, false),
];

/** Every kind of condition, by a name for it. */
export const MATCHES: Readonly<Record<string, readonly Match[]>> = {
  'every packet': [],
  interface: [{ match: 'iif', name: 'eth0.7' }],
  'IPv4 source': [{ match: 'saddr', set: 'v4' }],
  'IPv6 source': [{ match: 'saddr', set: 'timed6' }],
  'source network': [{ match: 'saddr', set: 'net4' }],
  'IPv4 destination': [{ match: 'daddr', set: 'net4' }],
  'IPv6 destination': [{ match: 'daddr', set: 'net6' }],
  'source and destination': [
    { match: 'saddr', set: 'v4' },
    { match: 'daddr', set: 'net4' },
  ],
  'family in a set': [{ match: 'family', set: 'family' }],
  IPv4: [{ match: 'nfproto', family: 4 }],
  IPv6: [{ match: 'nfproto', family: 6 }],
  'IPv6 by family and source': [
    { match: 'nfproto', family: 6 },
    { match: 'saddr', set: 'net6' },
  ],
  TCP: [{ match: 'protocol', protocol: 'tcp' }],
  UDP: [{ match: 'protocol', protocol: 'udp' }],
  'ICMP as a whole': [{ match: 'protocol', protocol: 'icmp' }],
  'ICMPv6 as a whole': [{ match: 'protocol', protocol: 'icmpv6' }],
  'a TCP port': [{ match: 'dport', protocol: 'tcp', port: 22 }],
  'the last UDP port': [{ match: 'dport', protocol: 'udp', port: 65_535 }],
  'ports of a set': [{ match: 'dport', protocol: 'tcp', set: 'port' }],
  'ports of ranges': [{ match: 'dport', protocol: 'udp', set: 'ports' }],
  'ports with timeouts': [{ match: 'dport', protocol: 'tcp', set: 'services' }],
  'a source’s IPv4 service': [{ match: 'saddr+port', set: 'from4' }],
  'a source’s IPv6 service': [{ match: 'saddr+port', set: 'from6' }],
  'one state': [{ match: 'ct', states: ['new'] }],
  'several states': [{ match: 'ct', states: ['established', 'related'] }],
  'every state': [{ match: 'ct', states: ['invalid', 'established', 'related', 'new'] }],
  SYN: [{ match: 'syn' }],
  'SYN to a port': [
    { match: 'protocol', protocol: 'tcp' },
    { match: 'syn' },
    { match: 'dport', protocol: 'tcp', port: 80 },
  ],
  'an ICMP type': [{ match: 'icmp', family: 4, types: [8] }],
  'ICMP types': [{ match: 'icmp', family: 4, types: [0, 3, 8, 255] }],
  'an ICMPv6 type': [{ match: 'icmp', family: 6, types: [128] }],
  'ICMPv6 types of a network': [
    { match: 'saddr', set: 'net6' },
    { match: 'icmp', family: 6, types: [128, 129] },
  ],
  'an own address': [{ match: 'local' }],
  'over a rate of all': [{ match: 'over', rate: rate(1_000_000, 'second', 1_000_000) }],
  'over a rate of all by the hour': [{ match: 'over', rate: rate(100, 'hour', 200) }],
  'over a rate per source': [
    { match: 'ct', states: ['new'] },
    { match: 'over', rate: rate(10, 'second', 5), per: 'rate4' },
  ],
  'over a rate per network': [
    { match: 'protocol', protocol: 'udp' },
    { match: 'over', rate: rate(300, 'minute', 300), per: 'rate6' },
  ],
  'over an hourly rate per source': [{ match: 'over', rate: rate(7, 'hour', 100), per: 'slow4' }],
  'connections per source': [{ match: 'syn' }, { match: 'connections', over: 20, per: 'open4' }],
  'connections per network': [{ match: 'connections', over: 1_000_000, per: 'open6' }],
  'much at once': [
    { match: 'iif', name: 'wg0' },
    { match: 'local' },
    { match: 'daddr', set: 'net4' },
    { match: 'dport', protocol: 'tcp', set: 'ports' },
    { match: 'ct', states: ['new', 'invalid'] },
    { match: 'saddr', set: 'v4' },
    { match: 'over', rate: rate(3, 'minute', 9) },
  ],
};

/** Every way to end a rule. */
const ENDS: readonly Omit<RuleDeclaration, 'when'>[] = [
  { verdict: 'accept' },
  { verdict: 'drop', counter: 'dropped' },
  { verdict: 'return' },
  { verdict: 'continue', counter: 'seen' },
  { verdict: { jump: 'aside' } },
  { verdict: { goto: 'aside' }, counter: 'dropped' },
  { verdict: 'continue', log: { prefix: 'plain: ', rate: rate(10, 'minute', 5) } },
  { verdict: 'continue', log: { prefix: 'info: ', rate: rate(10, 'minute', 5), level: 'info' } },
  { verdict: 'continue', log: { prefix: 'urgent: ', rate: rate(1, 'second', 7), level: 'err' }, counter: 'logged' },
  { verdict: 'continue', log: { prefix: 'group: ', rate: rate(10, 'hour', 20), group: 65_535 } },
];

/** A table in which every condition and every end of a rule stands, at every hook. */
export const everything = (name: string): TableDeclaration => ({
  name,
  sets: [...SETS, ...METERS],
  chains: [
    {
      name: 'first',
      hook: 'prerouting',
      priority: -190,
      rules: Object.values(MATCHES).map((when) => ({ when, verdict: 'drop', counter: 'matched' })),
    },
    {
      name: 'host',
      hook: 'input',
      priority: -5,
      rules: ENDS.map((end) => ({ when: [{ match: 'saddr', set: 'v4' }], ...end })),
    },
    { name: 'others', hook: 'forward', priority: 2_000_000_000, rules: ENDS.map((end) => ({ when: [], ...end })) },
    { name: 'own', hook: 'output', priority: 0, rules: [] },
    { name: 'aside', rules: [{ when: [{ match: 'syn' }], verdict: { jump: 'further' } }] },
    { name: 'further', rules: [{ when: [], verdict: 'return', counter: 'further' }] },
  ],
});
