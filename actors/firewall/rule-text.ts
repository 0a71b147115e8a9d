import {
  addressFamily,
  type LogDeclaration,
  type Match,
  meterLife,
  type RuleDeclaration,
  rateText,
  type SetDeclaration,
  type VerdictDeclaration,
} from '../../native/nft/index.ts';

const PROTOCOLS = { tcp: 'tcp', udp: 'udp', icmp: 'icmp', icmpv6: 'ipv6-icmp' } as const;

/** A rule as `nft -f` reads it, which makes of it what the engine makes of the declaration. */
export const ruleText = ({ when, counter, log, verdict }: RuleDeclaration, sets: readonly SetDeclaration[]): string =>
  [
    ...when.map((match) => matchText(match, sets)),
    ...(counter === undefined ? [] : [`counter name "${counter}"`]),
    ...(log === undefined ? [] : [logText(log)]),
    ...(verdict === 'continue' ? [] : [verdictText(verdict)]),
  ].join(' ');

function matchText(match: Match, sets: readonly SetDeclaration[]): string {
  const familyOf = (name: string): 'ip' | 'ip6' =>
    addressFamily(sets.find((set) => set.name === name)) === 6 ? 'ip6' : 'ip';
  switch (match.match) {
    case 'iif':
      return `iifname "${match.name}"`;
    case 'saddr':
    case 'daddr':
      return `${familyOf(match.set)} ${match.match} @${match.set}`;
    case 'saddr+port':
      return `${familyOf(match.set)} saddr . meta l4proto . th dport @${match.set}`;
    case 'family':
      return `meta nfproto @${match.set}`;
    case 'nfproto':
      return `meta nfproto ipv${match.family}`;
    case 'protocol':
      return `meta l4proto ${PROTOCOLS[match.protocol]}`;
    case 'dport':
      return `${match.protocol} dport ${'set' in match ? `@${match.set}` : match.port}`;
    case 'ct':
      return `ct state ${match.states.join()}`;
    case 'syn':
      return 'tcp flags & (fin | syn | rst | ack) == syn';
    case 'icmp':
      return `${match.family === 4 ? 'icmp' : 'icmpv6'} type ${oneOf(match.types)}`;
    case 'local':
      return 'fib daddr type local';
    case 'over':
      return overText(match, familyOf);
    case 'connections':
      return `add @${match.per} { ${sourceText(familyOf(match.per))} ct count over ${match.over} }`;
  }
}

function overText(
  { rate, per }: Extract<Match, { readonly match: 'over' }>,
  familyOf: (set: string) => 'ip' | 'ip6',
): string {
  const over = `limit rate over ${rateText(rate)}`;
  if (per === undefined) return over;
  return `update @${per} { ${sourceText(familyOf(per))} timeout ${meterLife(rate) / 1000}s ${over} }`;
}

/** What a meter counts under: an IPv4 address, an IPv6 /64. */
const sourceText = (family: 'ip' | 'ip6'): string =>
  family === 'ip' ? 'ip saddr' : 'ip6 saddr & ffff:ffff:ffff:ffff::';

const oneOf = (types: readonly number[]): string => (types.length === 1 ? `${types[0]}` : `{ ${types.join(', ')} }`);

function logText({ prefix, rate, level, group }: LogDeclaration): string {
  const to = group === undefined ? (level === undefined ? '' : ` level ${level}`) : ` group ${group}`;
  return `limit rate ${rateText(rate)} log prefix "${prefix}"${to}`;
}

function verdictText(verdict: VerdictDeclaration): string {
  if (typeof verdict === 'string') return verdict;
  return 'goto' in verdict ? `goto ${verdict.goto}` : `jump ${verdict.jump}`;
}
