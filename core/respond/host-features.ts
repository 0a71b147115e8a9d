/**
 * What judges packets to this host by more than who sends them. Off unless it is there; equal values judge alike, so lists
 * are sorted and nothing is in here that has no effect. Plain JSON.
 */
export interface HostFeatures {
  /** TCP ports that only infra and what is allowed reach. */
  readonly restrictedTcp?: readonly PortRange[];
  /** TCP connections begun, a source. */
  readonly synRate?: SourceRate;
  /** New TCP connections, a source. */
  readonly connRate?: SourceRate;
  /** TCP connections that one source may have at a time. */
  readonly connLimit?: number;
  readonly portFlood?: readonly PortFlood[];
  /** UDP packets that belong to no answered exchange, a source. */
  readonly udpRate?: SourceRate;
  /** `needed`: neighbour discovery and errors alone get in. Else how many echo requests a source may send. */
  readonly icmp?: 'needed' | SourceRate;
  /** There: whatever else reaches this host unasked is dropped. */
  readonly open?: { readonly tcp: readonly PortRange[]; readonly udp: readonly PortRange[] };
  /** What is dropped by these is logged, each feature for itself. */
  readonly log?: DropLog;
  /** Of those that are on: they count what they would have dropped, and let it pass. */
  readonly counting?: readonly HostFeature[];
}

/** What can be on, off or counted; the names of their counters. */
export const HOST_FEATURES = [
  'icmp_policy',
  'restricted_tcp',
  'syn_flood',
  'conn_rate',
  'conn_limit',
  'port_flood',
  'udp_flood',
  'default_drop',
] as const;
export type HostFeature = (typeof HOST_FEATURES)[number];

export interface PortRange {
  readonly first: number;
  readonly last: number;
}

/** A bucket of `burst` packets, filled again by so many in a unit of time. */
export interface SourceRate {
  readonly packets: number;
  readonly per: keyof typeof UNITS;
  readonly burst: number;
}

export interface PortFlood {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
  readonly rate: SourceRate;
}

export interface DropLog {
  readonly perMinute: number;
  /** Of nflog; the kernel log unless given. */
  readonly group?: number;
}

/** Seconds. */
export const UNITS = { second: 1, minute: 60, hour: 3600 } as const;

/** Packets a unit, and of a burst. */
const MOST = 1_000_000;

/**
 * So many within so many seconds, as a bucket: `hits` at once, and filled again as fast as it says. The kernel has whole
 * packets a unit; where no unit fits it is a little more, never less.
 * @param hits 1..1,000,000
 */
export function rateOf(hits: number, seconds: number): SourceRate {
  const rates = (Object.entries(UNITS) as [SourceRate['per'], number][])
    .map(([per, unit]) => ({
      per,
      packets: Math.ceil((hits * unit) / seconds),
      isExact: (hits * unit) % seconds === 0,
    }))
    .filter(({ packets }) => packets <= MOST);
  const { per, packets } = rates.find(({ isExact }) => isExact) ?? rates.at(-1) ?? { per: 'second', packets: MOST };
  return { packets, per, burst: hits };
}

/** Which of them are on, those that only count too. */
export function featuresOn(features: HostFeatures): readonly HostFeature[] {
  const on: Readonly<Record<HostFeature, unknown>> = {
    icmp_policy: features.icmp,
    restricted_tcp: features.restrictedTcp,
    syn_flood: features.synRate,
    conn_rate: features.connRate,
    conn_limit: features.connLimit,
    port_flood: features.portFlood,
    udp_flood: features.udpRate,
    default_drop: features.open,
  };
  return HOST_FEATURES.filter((name) => on[name] !== undefined);
}

/** Whether there is one that drops. */
export const dropsAny = (features: HostFeatures | undefined): boolean =>
  features !== undefined && featuresOn(features).some((name) => features.counting?.includes(name) !== true);

/** Sorted, and what overlaps or adjoins joined. */
export function joinedRanges(ranges: readonly PortRange[]): readonly PortRange[] {
  const joined: PortRange[] = [];
  for (const next of [...ranges].sort((a, b) => a.first - b.first || a.last - b.last)) {
    const last = joined.at(-1);
    if (last === undefined || next.first > last.last + 1) joined.push(next);
    else joined[joined.length - 1] = { first: last.first, last: Math.max(last.last, next.last) };
  }
  return joined;
}

export const inRanges = (port: number, ranges: readonly PortRange[]): boolean =>
  ranges.some(({ first, last }) => first <= port && port <= last);

/** Why a new TCP connection to a port of this host is refused to whoever is neither infra nor allowed; rates aside. */
export function closedBy(features: HostFeatures | undefined, port: number): 'restricted' | 'closed' | undefined {
  const { restrictedTcp = [], open, counting = [] } = features ?? {};
  if (inRanges(port, restrictedTcp) && !counting.includes('restricted_tcp')) return 'restricted';
  return open === undefined || inRanges(port, open.tcp) || counting.includes('default_drop') ? undefined : 'closed';
}
