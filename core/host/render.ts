import { parseIp } from '../base/ip.ts';
import { parseInterfaceAddress } from '../config/host-addresses.ts';
import type { HostInterface, HostSettings } from '../config/settings.ts';

/**
 * What `systemd/host` makes files of systemd out of: one text, so that a power cut leaves the old one or the new. The same
 * settings give the same text, however their addresses are spelled. Its vocabulary is that of `systemd/host.awk`.
 */
export function renderHost(settings: HostSettings): string {
  const { hostname, timezone, dns, search, ntp, interfaces } = settings;
  const files = interfaces.length === 0 ? [ANY_WIRED] : interfaces.map((one, n) => fileOf(one, n, settings));
  return [
    'bartizan-host 1',
    '= hostname',
    word(hostname),
    '= timezone',
    word(timezone),
    ...files.flatMap(({ name, groups }) => [`= network ${name}`, ...linesOf(groups)]),
    '= resolved',
    ...linesOf([{ name: 'Resolve', pairs: [list('DNS', dns.map(canonical)), list('Domains', search)] }]),
    '= timesyncd',
    ...linesOf([{ name: 'Time', pairs: [list('NTP', ntp.map(canonical))] }]),
    '',
  ].join('\n');
}

/** A key with its value, or nothing where there is none to say. */
type Pair = readonly [key: string, value: string] | undefined;

interface Group {
  readonly name: string;
  readonly pairs: readonly Pair[];
}

interface NetworkFile {
  readonly name: string;
  readonly groups: readonly Group[];
}

/** The machine's name is its own, whatever a network calls it. */
const OWN_NAME: Pair = ['UseHostname', 'no'];

/** A machine that nobody has set up is found where it is plugged in. What is no device of its own, a bridge say, is not ours. */
const ANY_WIRED: NetworkFile = {
  name: '80-bartizan-any.network',
  groups: [
    {
      name: 'Match',
      pairs: [
        ['Type', 'ether'],
        ['Kind', '!*'],
      ],
    },
    { name: 'Network', pairs: [['DHCP', 'yes']] },
    { name: 'DHCPv4', pairs: [OWN_NAME] },
    { name: 'DHCPv6', pairs: [OWN_NAME] },
  ],
};

function fileOf(one: HostInterface, n: number, { ntp }: HostSettings): NetworkFile {
  const { match, mtu, method, ipv6_ra: accepts } = one;
  const isDhcp = method === 'dhcp';
  // What is set here wins over what a network offers.
  const offered: readonly Pair[] = [OWN_NAME, ntp.length === 0 ? undefined : ['UseNTP', 'no']];
  return {
    name: `${n + 10}-bartizan-${n}.network`,
    groups: [
      { name: 'Match', pairs: [[match.includes(':') ? 'MACAddress' : 'Name', match]] },
      { name: 'Link', pairs: [mtu === undefined ? undefined : ['MTUBytes', String(mtu)]] },
      { name: 'Network', pairs: networkPairs(one) },
      ...one.gateways.map((gateway) => routeTo(gateway, one)),
      { name: 'DHCPv4', pairs: isDhcp ? offered : [] },
      { name: 'DHCPv6', pairs: isDhcp && accepts ? offered : [] },
    ],
  };
}

function networkPairs({ method, ipv6_ra: accepts, addresses, dns, search }: HostInterface): readonly Pair[] {
  return [
    // Without announcements nobody says that there is DHCP over IPv6.
    ['DHCP', method === 'static' ? 'no' : accepts ? 'yes' : 'ipv4'],
    ['IPv6AcceptRA', accepts ? 'yes' : 'no'],
    ...addresses.map((text): Pair => ['Address', canonicalAddress(text)]),
    ...dns.map((text): Pair => ['DNS', canonical(text)]),
    list('Domains', search),
  ];
}

const routeTo = (gateway: string, { gateway_on_link: onLink }: HostInterface): Group => ({
  name: 'Route',
  pairs: [['Gateway', canonical(gateway)], onLink ? ['GatewayOnLink', 'yes'] : undefined],
});

const list = (key: string, values: readonly string[]): Pair =>
  values.length === 0 ? undefined : [key, values.join(' ')];

const linesOf = (groups: readonly Group[]): readonly string[] =>
  groups.flatMap(({ name, pairs }) => {
    const lines = pairs.flatMap((pair) => (pair === undefined ? [] : [`${pair[0]}=${safe(pair[1])}`]));
    return lines.length === 0 ? [] : [`[${name}]`, ...lines];
  });

const canonical = (text: string): string => {
  const ip = parseIp(text);
  return ip.ok ? ip.value.text : text;
};

function canonicalAddress(text: string): string {
  const read = parseInterfaceAddress(text);
  if (read === undefined) throw new Error('an address that was never checked');
  return `${read.ip.text}/${read.network.prefix}`;
}

/** Neither the end of a line nor anything that systemd reads as more than text: a quote, an escape, a specifier, a comment. */
function safe(value: string): string {
  if (value === '!*' || /^[A-Za-z0-9.:/_-]+(?: [A-Za-z0-9.:/_-]+)*$/.test(value)) return value;
  throw new Error('a value that was never checked');
}

function word(value: string): string {
  if (/^[A-Za-z0-9./_+-]+$/.test(value)) return value;
  throw new Error('a value that was never checked');
}
