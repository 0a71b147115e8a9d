import type { Match, Rate, SetDeclaration } from '../../native/nft/declaration.ts';
import type { FakePacket } from '../../native/nft/fake-judge.ts';
import { meterOf } from './nft-vocabulary.ts';

/** The addresses of the host that packets come to, by an interface of this name. */
export const HOST = { 4: '192.0.2.1', 6: '2001:db8::1' } as const;
export const INTERFACE = 'eth0';

/** Packets, and of which of them the conditions of a rule hold. */
export interface PacketCase {
  readonly when: readonly Match[];
  readonly sets?: readonly SetDeclaration[];
  /** In their order: whether all conditions hold of each. */
  readonly packets: readonly (readonly [FakePacket, boolean])[];
}

type Sent = Omit<FakePacket, 'iif'>;
const packet = (sent: Sent): FakePacket => ({
  iif: INTERFACE,
  daddr: HOST[sent.saddr.includes(':') ? 6 : 4],
  ...sent,
});
const hit = (sent: Sent): readonly [FakePacket, boolean] => [packet(sent), true];
const miss = (sent: Sent): readonly [FakePacket, boolean] => [packet(sent), false];
const times = <T>(count: number, one: (i: number) => T): readonly T[] =>
  Array.from({ length: count }, (_, i) => one(i));

const udp = (saddr: string, dport = 9): Sent => ({ saddr, protocol: 'udp', dport });
const tcp = (saddr: string, dport = 80, flags: FakePacket['flags'] = ['syn']): Sent => ({
  saddr,
  protocol: 'tcp',
  dport,
  flags,
});
const echo = (saddr: string, icmpType = saddr.includes(':') ? 128 : 8): Sent => ({
  saddr,
  protocol: saddr.includes(':') ? 'icmpv6' : 'icmp',
  icmpType,
});
const hash = (name: string, family: SetDeclaration['family'], ...keys: readonly string[]): SetDeclaration => ({
  name,
  family,
  interval: false,
  timeout: false,
  elements: keys.map((key) => ({ key, timeout: 'never' })),
});
const ranges = (...set: Parameters<typeof hash>): SetDeclaration => ({ ...hash(...set), interval: true });
/** No token comes back while a test runs. */
const rare = (burst: number): Rate => ({ packets: 1, per: 'hour', burst });
const [A, B, A6, B6] = ['192.0.2.2', '192.0.2.66', '2001:db8::2', '2001:db8:0:9::2'];

export const PACKET_CASES: Readonly<Record<string, PacketCase>> = {
  'every packet': { when: [], packets: [hit(udp(A)), hit(tcp(A6)), hit(echo(A))] },
  'the interface': { when: [{ match: 'iif', name: INTERFACE }], packets: [hit(udp(A)), hit(echo(A6))] },
  'another interface': { when: [{ match: 'iif', name: 'eth' }], packets: [miss(udp(A)), miss(echo(A6))] },
  'a source': {
    when: [{ match: 'saddr', set: 's' }],
    sets: [hash('s', 4, A)],
    packets: [hit(udp(A)), hit(tcp(A)), hit(echo(A)), miss(udp(B)), miss(udp(A6))],
  },
  'an IPv6 network of sources': {
    when: [{ match: 'saddr', set: 's' }],
    sets: [ranges('s', 6, '2001:db8:0:9::/64')],
    packets: [hit(udp(B6)), hit(echo(B6)), miss(udp(A6)), miss(udp(A))],
  },
  'a destination': {
    when: [{ match: 'daddr', set: 's' }],
    sets: [ranges('s', 4, '203.0.113.0/24')],
    packets: [hit({ ...udp(A), daddr: '203.0.113.200' }), miss(udp(A)), miss({ ...udp(A), daddr: '198.51.100.1' })],
  },
  'an IPv6 destination': {
    when: [{ match: 'daddr', set: 's' }],
    sets: [hash('s', 6, HOST[6])],
    packets: [hit(tcp(A6)), miss({ ...tcp(A6), daddr: '2001:db8:ffff::1' })],
  },
  'a family of a set': {
    when: [{ match: 'family', set: 's' }],
    sets: [hash('s', 'either', 'ipv6')],
    packets: [hit(udp(A6)), miss(udp(A))],
  },
  IPv4: { when: [{ match: 'nfproto', family: 4 }], packets: [hit(udp(A)), miss(udp(A6))] },
  IPv6: { when: [{ match: 'nfproto', family: 6 }], packets: [hit(tcp(A6)), miss(tcp(A))] },
  TCP: {
    when: [{ match: 'protocol', protocol: 'tcp' }],
    packets: [hit(tcp(A)), hit(tcp(A6)), miss(udp(A)), miss(echo(A))],
  },
  UDP: { when: [{ match: 'protocol', protocol: 'udp' }], packets: [hit(udp(A)), hit(udp(A6)), miss(tcp(A))] },
  ICMP: { when: [{ match: 'protocol', protocol: 'icmp' }], packets: [hit(echo(A)), miss(echo(A6)), miss(udp(A))] },
  ICMPv6: { when: [{ match: 'protocol', protocol: 'icmpv6' }], packets: [hit(echo(A6)), miss(echo(A)), miss(udp(A6))] },
  'a TCP port': {
    when: [{ match: 'dport', protocol: 'tcp', port: 22 }],
    packets: [hit(tcp(A, 22)), hit(tcp(A6, 22)), miss(tcp(A, 23)), miss(tcp(A, 5632)), miss(udp(A, 22))],
  },
  'a UDP port of a set': {
    when: [{ match: 'dport', protocol: 'udp', set: 's' }],
    sets: [hash('s', 'port', '53', '65535')],
    packets: [hit(udp(A, 53)), hit(udp(A6, 65_535)), miss(udp(A, 54)), miss(tcp(A, 53))],
  },
  'a port of ranges': {
    when: [{ match: 'dport', protocol: 'tcp', set: 's' }],
    sets: [ranges('s', 'port', '22', '1000-1999', '65000-65535')],
    packets: [
      ...[22, 1000, 1500, 1999, 65_000, 65_535].map((dport) => hit(tcp(A, dport))),
      ...[21, 23, 999, 2000, 64_999].map((dport) => miss(tcp(A, dport))),
      miss(udp(A, 22)),
    ],
  },
  'a source’s service': {
    when: [{ match: 'saddr+port', set: 's' }],
    sets: [hash('s', '4+port', `${A} . tcp . 443`, `${B} . udp . 53`)],
    packets: [
      hit(tcp(A, 443)),
      hit(udp(B, 53)),
      miss(udp(A, 443)),
      miss(tcp(B, 443)),
      miss(tcp(A, 444)),
      miss(tcp(A6, 443)),
      miss(echo(A)),
    ],
  },
  'a source’s IPv6 service': {
    when: [{ match: 'saddr+port', set: 's' }],
    sets: [hash('s', '6+port', `${A6} . udp . 5353`)],
    packets: [hit(udp(A6, 5353)), miss(udp(B6, 5353)), miss(tcp(A6, 5353)), miss(udp(A6, 5354))],
  },
  SYN: {
    when: [{ match: 'syn' }],
    packets: [
      hit(tcp(A, 22)),
      hit(tcp(A6, 80)),
      ...([['syn', 'ack'], ['ack'], ['fin'], ['rst'], ['syn', 'fin'], ['fin', 'ack'], []] as const).map((flags) =>
        miss(tcp(A, 22, flags)),
      ),
      miss(udp(A, 22)),
    ],
  },
  'an ICMP type': {
    when: [{ match: 'icmp', family: 4, types: [8] }],
    packets: [hit(echo(A)), miss(echo(A, 0)), miss(echo(A, 13)), miss(echo(A6)), miss(udp(A))],
  },
  'ICMP types': {
    when: [{ match: 'icmp', family: 4, types: [0, 13, 17] }],
    packets: [hit(echo(A, 0)), hit(echo(A, 13)), hit(echo(A, 17)), miss(echo(A, 8)), miss(echo(A6, 13))],
  },
  'ICMPv6 types': {
    when: [{ match: 'icmp', family: 6, types: [128, 129] }],
    packets: [hit(echo(A6)), hit(echo(A6, 129)), miss(echo(A6, 200)), miss(echo(A))],
  },
  'an own address': {
    when: [{ match: 'local' }],
    packets: [hit(udp(A)), hit(udp(A6)), miss({ ...udp(A), daddr: '203.0.113.1' })],
  },
  'a new connection': { when: [{ match: 'ct', states: ['new'] }], packets: [hit(udp(A)), hit(tcp(A)), hit(echo(A6))] },
  'no connection': {
    when: [{ match: 'ct', states: ['established', 'related'] }],
    packets: [miss(udp(A)), miss(tcp(A))],
  },
  'what belongs to no connection': {
    when: [{ match: 'ct', states: ['invalid'] }],
    packets: [hit({ ...tcp(A, 80, ['rst']), ct: 'invalid' }), miss(tcp(A)), miss(udp(A6))],
  },
  'over a rate of all': {
    when: [{ match: 'over', rate: rare(3) }],
    packets: [miss(udp(A)), miss(udp(B)), miss(udp(A6)), hit(udp(A)), hit(udp(B6)), hit(tcp(B))],
  },
  'over a rate per source': {
    when: [
      { match: 'protocol', protocol: 'udp' },
      { match: 'over', rate: rare(4), per: 's' },
    ],
    sets: [meterOf('s', 4, true)],
    packets: [
      ...times(3, () => miss(udp(A))),
      ...times(9, () => miss(tcp(A))),
      miss(udp(A)),
      ...times(5, () => hit(udp(A))),
      ...times(4, () => miss(udp(B))),
      hit(udp(B)),
      ...times(6, () => miss(udp(A6))),
    ],
  },
  'over a rate per /64': {
    when: [{ match: 'over', rate: rare(4), per: 's' }],
    sets: [meterOf('s', 6, true)],
    packets: [
      ...times(4, (i) => miss(udp(`2001:db8::2:${i}`))),
      ...times(3, (i) => hit(udp(`2001:db8::ffff:${i}:0:3`))),
      ...times(4, () => miss(udp(B6))),
      hit(udp(B6)),
    ],
  },
  'a meter that is full': {
    when: [{ match: 'over', rate: rare(1), per: 's' }],
    sets: [{ ...meterOf('s', 4, true), size: 2 }],
    packets: [
      ...[2, 3].map((host) => miss(udp(`192.0.2.${host}`))),
      ...[2, 3].map((host) => hit(udp(`192.0.2.${host}`))),
      ...times(5, () => miss(udp('192.0.2.4'))),
      hit(udp('192.0.2.2')),
    ],
  },
  'a rate that counts what comes to it': {
    when: [
      { match: 'dport', protocol: 'udp', port: 53 },
      { match: 'over', rate: rare(2), per: 's' },
      { match: 'saddr', set: 'a' },
    ],
    sets: [meterOf('s', 4, true), hash('a', 4, A)],
    packets: [
      ...times(5, () => miss(udp(A, 54))),
      ...times(2, () => miss(udp(A, 53))),
      hit(udp(A, 53)),
      ...times(4, () => miss(udp(B, 53))),
    ],
  },
  'connections of a source': {
    when: [{ match: 'connections', over: 3, per: 's' }],
    sets: [meterOf('s', 4, false)],
    packets: [
      ...times(3, (i) => miss(udp(A, 1000 + i))),
      ...times(2, (i) => hit(udp(A, 2000 + i))),
      ...times(3, (i) => miss(udp(B, 3000 + i))),
      hit(udp(B, 4000)),
    ],
  },
  'connections of a /64': {
    when: [{ match: 'connections', over: 2, per: 's' }],
    sets: [meterOf('s', 6, false)],
    packets: [
      miss(udp(A6, 1000)),
      miss(udp('2001:db8::77', 1001)),
      hit(udp('2001:db8::78', 1002)),
      miss(udp(B6, 1000)),
    ],
  },
};
