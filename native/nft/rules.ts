import { type Millis, seconds } from '../../core/base/time.ts';
import type {
  ChainDeclaration,
  LogLevel,
  Match,
  Protocol,
  Rate,
  RuleDeclaration,
  SetDeclaration,
  TableDeclaration,
  VerdictDeclaration,
} from './declaration.ts';

/** What follows from a declaration's rules. */
export const SPAN_MS: Readonly<Record<Rate['per'], number>> = { second: 1000, minute: 60_000, hour: 3_600_000 };
export const DEFAULT_LEVEL: LogLevel = 'warn';

/** A match that counts sources in a dynamic set. */
export type MeterMatch = Extract<Match, { readonly per: string }>;

export const rulesOf = ({ chains }: Pick<TableDeclaration, 'chains'>): readonly RuleDeclaration[] =>
  chains.flatMap(({ rules }) => rules);

/** The counters a table's rules use, by the first rule that uses each. */
export const countersOf = (table: Pick<TableDeclaration, 'chains'>): readonly string[] => [
  ...new Set(rulesOf(table).flatMap(({ counter }) => (counter === undefined ? [] : [counter]))),
];

/** Where a rule sends packets on to. */
export function targetOf(verdict: VerdictDeclaration): string | undefined {
  if (typeof verdict === 'string') return undefined;
  return 'goto' in verdict ? verdict.goto : verdict.jump;
}

export const targetsOf = ({ rules }: ChainDeclaration): readonly string[] =>
  rules.flatMap(({ verdict }) => targetOf(verdict) ?? []);

/** The matches that count in dynamic sets, by the set. */
export function metersOf(table: Pick<TableDeclaration, 'chains'>): ReadonlyMap<string, MeterMatch> {
  const all = rulesOf(table).flatMap(({ when }) => when);
  return new Map(all.flatMap((match) => (isMeter(match) ? [[match.per, match] as const] : [])));
}

export const isMeter = (match: Match): match is MeterMatch => 'per' in match && match.per !== undefined;

/**
 * What a meter allows, as the comment of its set. Elements keep the limit that they were made with, so a set that says
 * another one is made anew.
 */
export const meterText = (match: MeterMatch): string =>
  match.match === 'connections' ? `over ${match.over} connections` : `over ${rateText(match.rate)}`;

export const rateText = ({ packets, per, burst }: Rate): string => `${packets}/${per} burst ${burst} packets`;

/**
 * How long a source stays in a meter after its last packet, ms: until its bucket must be full again. To forget it then
 * changes nothing for it. Whole seconds, as `nft` writes it.
 */
export const meterLife = ({ packets, per, burst }: Rate): Millis =>
  seconds(Math.ceil((burst * SPAN_MS[per]) / packets / 1000));

/** The family that a match asks for, if it asks for one. */
export function familyOf(match: Match, sets: ReadonlyMap<string, SetDeclaration>): 4 | 6 | undefined {
  switch (match.match) {
    case 'nfproto':
    case 'icmp':
      return match.family;
    case 'saddr':
    case 'daddr':
    case 'saddr+port':
      return addressFamily(sets.get(match.set));
    case 'over':
    case 'connections':
      return match.per === undefined ? undefined : addressFamily(sets.get(match.per));
    default:
      return undefined;
  }
}

/** The protocol that a match asks for, if it asks for one. */
export function protocolOf(match: Match): Protocol | undefined {
  switch (match.match) {
    case 'protocol':
    case 'dport':
      return match.protocol;
    case 'syn':
      return 'tcp';
    case 'icmp':
      return match.family === 4 ? 'icmp' : 'icmpv6';
    default:
      return undefined;
  }
}

/** Of the addresses in a set's keys. */
export function addressFamily(set: SetDeclaration | undefined): 4 | 6 | undefined {
  switch (set?.family) {
    case 4:
    case '4+port':
      return 4;
    case 6:
    case '6+port':
      return 6;
    default:
      return undefined;
  }
}
