import { Type } from 'typebox';
import {
  featuresOn,
  HOST_FEATURES,
  type HostFeature,
  type HostFeatures,
  joinedRanges,
  type PortFlood,
  type PortRange,
  rateOf,
} from '../respond/host-features.ts';
import { optionalSetting, setting, type ValuesOf } from './setting.ts';

const LIVE = { applies: 'live' } as const;
const OPEN_PORTS = { ...LIVE, fieldGroup: 'open ports' } as const;
const CONNECTIONS = { ...LIVE, fieldGroup: 'connections' } as const;
const FLOODS = { ...LIVE, fieldGroup: 'floods' } as const;
const DROP_LOG = { ...LIVE, fieldGroup: 'log of what is dropped' } as const;

/** At one a second a bucket of so many is full again within the day that the kernel's meters are kept at most. */
const MOST_AT_ONCE = 50_000;
const MOST_PORTS = 1000;
const MOST_PORT_FLOODS = 50;
const portNumber = (description: string) => Type.Integer({ description, minimum: 1, maximum: 65_535 });
const ports = (description: string, examples: readonly number[]) =>
  Type.Array(portNumber('A port.'), { description, default: [], maxItems: MOST_PORTS, examples: [[...examples]] });

const Flood = Type.Object({
  port: portNumber('A port of this host.'),
  proto: Type.Enum(['tcp', 'udp'], { description: 'Whose port it is.' }),
  hits: Type.Integer({ description: 'New connections, or packets without an answer.', minimum: 1, maximum: 1_000_000 }),
  seconds: Type.Integer({ description: 'Within so many seconds.', minimum: 1, maximum: 3600 }),
});

/**
 * What judges packets to this host, none of it on unless it is set. Behind infra and what is allowed, for new connections
 * only: what is established goes on.
 */
export const FIREWALL_FEATURES = {
  default: setting(
    Type.Enum(['accept', 'drop'], {
      description:
        'What becomes of a packet to this host that nothing else judges. drop closes all but tcp_in, udp_in and passive FTP to everybody who is neither in infra_ips nor allowed; answers to what this host asked, ICMP (see icmp) and DHCP get in.',
      default: 'accept',
    }),
    OPEN_PORTS,
  ),
  tcp_in: setting(ports('TCP ports that stay open to everybody where default is drop.', [22, 80, 443]), OPEN_PORTS),
  udp_in: setting(ports('UDP ports that stay open to everybody where default is drop.', [53, 443]), OPEN_PORTS),
  passive_ftp_start: optionalSetting(
    Type.Integer({
      description: 'First of the TCP ports for passive FTP, which stay open where default is drop.',
      minimum: 1024,
      maximum: 65_535,
      examples: [49_152],
    }),
    OPEN_PORTS,
  ),
  passive_ftp_end: optionalSetting(
    Type.Integer({ description: 'Last of them.', minimum: 1024, maximum: 65_535, examples: [65_534] }),
    OPEN_PORTS,
  ),
  restricted_tcp: setting(
    ports('TCP ports that only infra_ips and what is allowed reach, whatever default says.', [2087, 9443]),
    OPEN_PORTS,
  ),
  conn_rate_limit: setting(
    Type.Integer({
      description:
        'New TCP connections that one source may make a minute; as many may come at once. A source is an IPv4 address or an IPv6 /64. 0: no limit.',
      default: 0,
      minimum: 0,
      maximum: 1_000_000,
    }),
    CONNECTIONS,
  ),
  conn_limit: setting(
    Type.Integer({
      description: 'TCP connections that one source may have at a time. 0: no limit.',
      default: 0,
      minimum: 0,
      maximum: 1_000_000,
    }),
    CONNECTIONS,
  ),
  syn_flood_protection: setting(
    Type.Boolean({ description: 'Bound how fast one source may begin TCP connections.', default: false }),
    FLOODS,
  ),
  syn_flood_rate: setting(
    Type.Integer({ description: 'So many SYN a second.', default: 100, minimum: 1, maximum: 1_000_000 }),
    FLOODS,
  ),
  syn_flood_burst: setting(
    Type.Integer({ description: 'So many at once.', default: 200, minimum: 1, maximum: MOST_AT_ONCE }),
    FLOODS,
  ),
  port_flood: setting(
    Type.Array(Flood, {
      description: 'Bounds of single ports, for each source: so many at once, and as many again in the time.',
      default: [],
      maxItems: MOST_PORT_FLOODS,
      examples: [[{ port: 25, proto: 'tcp', hits: 600, seconds: 300 }]],
    }),
    FLOODS,
  ),
  udp_flood: setting(
    Type.Boolean({
      description: 'Bound the UDP packets of one source that belong to no exchange which was answered.',
      default: false,
    }),
    FLOODS,
  ),
  udp_flood_rate: setting(
    Type.Integer({ description: 'So many of them a second.', default: 100, minimum: 1, maximum: 1_000_000 }),
    FLOODS,
  ),
  udp_flood_burst: setting(
    Type.Integer({ description: 'So many at once.', default: 500, minimum: 1, maximum: MOST_AT_ONCE }),
    FLOODS,
  ),
  icmp: setting(
    Type.Enum(['accept', 'limit', 'needed'], {
      description:
        'limit bounds the echo requests of one source. needed drops echo requests and all else of ICMP that is no error and no neighbour discovery; these, and what path MTU discovery needs, always get in.',
      default: 'accept',
    }),
    FLOODS,
  ),
  icmp_rate: setting(
    Type.Integer({
      description: 'Echo requests a second from one source, where icmp is limit.',
      default: 10,
      minimum: 1,
      maximum: 1_000_000,
    }),
    FLOODS,
  ),
  log_dropped: setting(
    Type.Boolean({
      description:
        'Log packets that the settings above drop, as "bartizan-drop NAME: ". From the kernel log the journal carries them to the check port_scan.',
      default: false,
    }),
    DROP_LOG,
  ),
  log_rate: setting(
    Type.Integer({ description: 'So many lines a minute for each of them.', default: 60, minimum: 1, maximum: 60_000 }),
    DROP_LOG,
  ),
  log_group: optionalSetting(
    Type.Integer({
      description: 'A group of nflog to send them to instead of the kernel log; something has to listen there.',
      minimum: 0,
      maximum: 65_535,
      examples: [5],
    }),
    DROP_LOG,
  ),
  count_only: setting(
    Type.Array(
      Type.Enum([...HOST_FEATURES], {
        description: 'default_drop is that of default: drop, icmp_policy that of icmp.',
      }),
      {
        description:
          'Of the above, those that only count what they would have dropped, and let it pass: to see what they would do.',
        default: [],
        maxItems: HOST_FEATURES.length,
        examples: [['conn_rate', 'default_drop']],
      },
    ),
    LIVE,
  ),
} as const;

/** Their values, checked. */
export type FeatureSettings = ValuesOf<typeof FIREWALL_FEATURES>;
type Features = { -readonly [K in keyof HostFeatures]: HostFeatures[K] };

/** What of the settings judges packets; undefined where nothing does. */
export function hostFeaturesOf(values: FeatureSettings): HostFeatures | undefined {
  const features: Features = { ...openOf(values), ...boundsOf(values) };
  const on = featuresOn(features);
  if (on.length === 0) return undefined;
  const counting = HOST_FEATURES.filter((name) => on.includes(name) && isCounted(values, name));
  const { log_dropped: isLogged, log_rate: perMinute, log_group: group } = values;
  if (counting.length > 0) features.counting = counting;
  if (isLogged && counting.length < on.length) {
    features.log = group === undefined ? { perMinute } : { perMinute, group };
  }
  return features;
}

const isCounted = ({ count_only: names }: FeatureSettings, name: HostFeature): boolean => names.includes(name);

function openOf(values: FeatureSettings): Features {
  const restricted = rangesOf(values.restricted_tcp);
  const open = { tcp: joinedRanges([...rangesOf(values.tcp_in), ...passiveOf(values)]), udp: rangesOf(values.udp_in) };
  return {
    ...(restricted.length === 0 ? {} : { restrictedTcp: restricted }),
    ...(values.default === 'drop' ? { open } : {}),
  };
}

function boundsOf(values: FeatureSettings): Features {
  const { conn_rate_limit: rate, conn_limit: limit, icmp, icmp_rate: echoes } = values;
  const floods = floodsOf(values);
  return {
    ...(values.syn_flood_protection ? { synRate: perSecond(values.syn_flood_rate, values.syn_flood_burst) } : {}),
    ...(rate === 0 ? {} : { connRate: { packets: rate, per: 'minute', burst: rate } }),
    ...(limit === 0 ? {} : { connLimit: limit }),
    ...(floods.length === 0 ? {} : { portFlood: floods }),
    ...(values.udp_flood ? { udpRate: perSecond(values.udp_flood_rate, values.udp_flood_burst) } : {}),
    ...(icmp === 'needed' ? { icmp } : icmp === 'limit' ? { icmp: perSecond(echoes, echoes) } : {}),
  };
}

const perSecond = (packets: number, burst: number) => ({ packets, per: 'second', burst }) as const;

const rangesOf = (numbers: readonly number[]): readonly PortRange[] =>
  joinedRanges(numbers.map((port) => ({ first: port, last: port })));

export const passiveOf = ({
  passive_ftp_start: first,
  passive_ftp_end: last,
}: FeatureSettings): readonly PortRange[] => (first === undefined || last === undefined ? [] : [{ first, last }]);

/** Of several bounds of one port the tightest is reached first, so all stand; one that is given twice stands once. */
function floodsOf({ port_flood: given }: FeatureSettings): readonly PortFlood[] {
  const distinct = new Map(given.map((one) => [`${one.proto} ${one.port} ${one.hits} ${one.seconds}`, one]));
  return [...distinct.values()]
    .map(({ proto, port, hits, seconds }) => ({ protocol: proto, port, rate: rateOf(hits, seconds) }))
    .sort((a, b) => a.port - b.port || (a.protocol < b.protocol ? -1 : Number(a.protocol > b.protocol)));
}
