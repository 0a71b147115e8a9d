import { createHash } from 'node:crypto';
import type { Cidr } from '../../core/base/ip.ts';
import type { PortRange } from '../../core/respond/host-features.ts';
import type {
  ChainDeclaration,
  NftElement,
  RuleDeclaration,
  SetDeclaration,
  TableDeclaration,
} from '../../native/nft/index.ts';
import { allowedPortSet, allowedPorts, allowedSet, elementsOf } from './allowed.ts';
import { deniedNetworks, type FirewallContent, infraNetworks, type Judges } from './content.ts';
import { type FeatureRules, featureRules, NO_FEATURES } from './feature-rules.ts';
import { declarationOf, type ListSet, type ListUse, listRules, type SetsOfList } from './list-rules.ts';

/** Between conntrack (-200) and mangle (-150): ahead of every accept for established connections, forwarded traffic included. */
const GUARD_PRIORITY = -190;
/** Ahead of what other tables filter (0), so that their accepts and drops come to the same. */
const HOST_PRIORITY = -5;
/** Where every packet comes first. */
export const GUARD_CHAIN = 'guard';
/** The candidate's rules. */
export const TRIAL_CHAIN = 'trial_guard';
/** Where packets to this host come next, while anything judges them by more than who sends them. */
export const HOST_CHAIN = 'host';
/** The candidate's rules for these. */
export const TRIAL_HOST_CHAIN = 'trial_host';
/** While a packet's family is in it, the candidate judges; its elements time out, whoever is alive to see it. */
export const TRIAL_SET = 'trial';
/** Before the names of counters of the candidate's rules. */
export const TRIAL_PREFIX = 'trial_';

const FAMILIES = [4, 6] as const;

/** The set an address of this family is blocked in. */
export const blockedSet = (family: 4 | 6): string => `blocked${family}`;
/** The set a network of this family is blocked in. */
export const blockedNetworkSet = (family: 4 | 6): string => `blocked_nets${family}`;

export const BLOCKED_SETS: readonly string[] = FAMILIES.map(blockedSet);
export const BLOCKED_NETWORK_SETS: readonly string[] = FAMILIES.map(blockedNetworkSet);

const networkSet = (name: string, family: 4 | 6, timeout = false): SetDeclaration => ({
  name,
  family,
  interval: true,
  timeout,
});

/** A set that holds exactly what it was made with: other networks make another set, of another name. */
interface ContentSet extends SetDeclaration {
  readonly kind: 'infra' | 'denied' | 'ports';
  readonly elements: readonly NftElement[];
}

/**
 * The product's whole table. Infra and allowed stand before blocked and denied, so that neither can ever cut them;
 * everything else passes on to whatever other tables decide. What follows from the settings is in sets named after what
 * they hold: a change of content makes new sets and rules that use them, in one transaction, and each packet goes by the
 * old rules and sets or by the new ones. A candidate on trial is a second, complete chain; blocked and allowed are shared.
 */
export function tableOf(
  name: string,
  capacity: number,
  { confirmed, trial }: Judges,
  lists: TableLists = NO_LISTS,
): TableDeclaration {
  const base = partsOf(confirmed, '', lists);
  const candidate = trial === undefined ? undefined : partsOf(trial.candidate, TRIAL_PREFIX, lists);
  const shared = FAMILIES.flatMap((family): SetDeclaration[] => [
    networkSet(allowedSet(family), family),
    allowedPorts(family),
    { name: blockedSet(family), family, interval: false, timeout: true, size: capacity },
    networkSet(blockedNetworkSet(family), family, true),
  ]);
  const guard: readonly RuleDeclaration[] = [
    LET_LOOPBACK,
    ...(candidate === undefined ? [] : [candidateAt(TRIAL_CHAIN)]),
    ...rulesOf(base, ''),
  ];
  return {
    name,
    sets: [
      ...distinct([...base.sets, ...(candidate?.sets ?? [])]),
      ...shared,
      ...base.host.meters,
      ...(candidate === undefined ? [] : [...candidate.host.meters, GUARDING]),
      ...listSetsOf(lists, [confirmed, trial?.candidate]),
    ],
    chains: [
      { name: GUARD_CHAIN, hook: 'prerouting', priority: GUARD_PRIORITY, rules: guard },
      ...hostChains(base, candidate),
      ...(candidate === undefined ? [] : [{ name: TRIAL_CHAIN, rules: rulesOf(candidate, TRIAL_PREFIX) }]),
    ],
  };
}

const GUARDING: SetDeclaration = { name: TRIAL_SET, family: 'either', interval: false, timeout: true };
const LET_LOOPBACK: RuleDeclaration = { when: [{ match: 'iif', name: 'lo' }], verdict: 'accept' };
const candidateAt = (chain: string): RuleDeclaration => ({
  when: [{ match: 'family', set: TRIAL_SET }],
  verdict: { goto: chain },
});

/** What one content makes of the table. */
interface Parts {
  readonly sets: readonly ContentSet[];
  readonly host: FeatureRules;
  readonly allowLists: readonly RuleDeclaration[];
  readonly blockLists: readonly RuleDeclaration[];
}

function partsOf(content: FirewallContent, prefix: string, { setsOf, fleet }: TableLists): Parts {
  const { features } = content;
  const lists = [...(content.lists ?? []), ...fleet];
  const portSet = (ports: readonly PortRange[]) => (ports.length === 0 ? undefined : portsOf(ports).name);
  return {
    sets: contentSets(content),
    host: features === undefined ? NO_FEATURES : featureRules(features, prefix, portSet),
    allowLists: listRules(lists, 'allow', setsOf, prefix),
    blockLists: listRules(lists, 'block', setsOf, prefix),
  };
}

/** None, unless this content or the candidate judges packets to this host by more than who sends them. */
function hostChains(base: Parts, candidate: Parts | undefined): readonly ChainDeclaration[] {
  if (base.host.rules.length === 0 && (candidate?.host.rules.length ?? 0) === 0) return [];
  const rulesFor = ({ sets, host, allowLists }: Parts): readonly RuleDeclaration[] =>
    host.rules.length === 0 ? [] : [...acceptsOf(sets), ...uncounted(allowLists), ...host.rules];
  const rules = [LET_LOOPBACK, ...(candidate === undefined ? [] : [candidateAt(TRIAL_HOST_CHAIN)]), ...rulesFor(base)];
  return [
    { name: HOST_CHAIN, hook: 'input', priority: HOST_PRIORITY, rules },
    ...base.host.chains,
    ...(candidate === undefined
      ? []
      : [{ name: TRIAL_HOST_CHAIN, rules: rulesFor(candidate) }, ...candidate.host.chains]),
  ];
}

/** As accepts in a second chain: what they let in was counted in the first. */
const uncounted = (rules: readonly RuleDeclaration[]): readonly RuleDeclaration[] =>
  rules.flatMap(({ when, verdict }) => (verdict === 'accept' ? [{ when, verdict }] : []));

/** Chains that another content may have made, and that would judge if they stayed. */
export const strayChains = ({ chains }: TableDeclaration): readonly ChainDeclaration[] =>
  [
    { name: HOST_CHAIN, hook: 'input', priority: HOST_PRIORITY, rules: [] } as const,
    { name: TRIAL_CHAIN, rules: [] },
    { name: TRIAL_HOST_CHAIN, rules: [] },
  ].filter(({ name }) => !chains.some((chain) => chain.name === name));

const from = (set: string): Pick<RuleDeclaration, 'when'> => ({ when: [{ match: 'saddr', set }] });

/** Who gets in whatever stands behind these. */
function acceptsOf(sets: readonly ContentSet[]): readonly RuleDeclaration[] {
  const infra = sets.filter(({ kind }) => kind === 'infra').map(({ name }) => name);
  return [
    ...[...infra, ...FAMILIES.map(allowedSet)].map((set): RuleDeclaration => ({ ...from(set), verdict: 'accept' })),
    ...FAMILIES.map(
      (family): RuleDeclaration => ({
        when: [{ match: 'saddr+port', set: allowedPortSet(family) }],
        verdict: 'accept',
      }),
    ),
  ];
}

/** What the kernel is to hold of lists. */
export interface TableLists {
  /** What rules go by. */
  readonly setsOf: SetsOfList;
  /** What is being filled, and no rule goes by yet. */
  readonly staged: readonly ListSet[];
  /** Lists that every content has, behind its own. */
  readonly fleet: readonly ListUse[];
}

/** In texts for `nft -f` no list is named: its elements would make them huge, and its sets come and go. */
const NO_LISTS: TableLists = { setsOf: () => [], staged: [], fleet: [] };

function listSetsOf(
  { setsOf, staged, fleet }: TableLists,
  contents: readonly (FirewallContent | undefined)[],
): readonly SetDeclaration[] {
  const used = [...contents.flatMap((content) => content?.lists ?? []), ...fleet].flatMap(({ id }) => setsOf(id));
  const all = [...used, ...staged].map(declarationOf);
  return all.filter(({ name }, i) => all.findIndex((each) => each.name === name) === i);
}

/** One content's rules. */
function rulesOf({ sets, allowLists, blockLists }: Parts, prefix: string): readonly RuleDeclaration[] {
  const drop = (set: string, counter: string): RuleDeclaration => ({
    ...from(set),
    counter: `${prefix}${counter}`,
    verdict: 'drop',
  });
  return [
    ...acceptsOf(sets),
    ...allowLists,
    ...[...BLOCKED_SETS, ...BLOCKED_NETWORK_SETS].map((set) => drop(set, set)),
    ...blockLists,
    ...sets.filter(({ kind }) => kind === 'denied').map(({ name, family }) => drop(name, `denied${family}`)),
  ];
}

export const contentSets = (content: FirewallContent): readonly ContentSet[] => [
  ...setsOf('infra', infraNetworks(content)),
  ...setsOf('denied', deniedNetworks(content)),
  ...portListsOf(content).flatMap((ports) => (ports.length === 0 ? [] : [portsOf(ports)])),
];

const portListsOf = ({ features: { restrictedTcp = [], open } = {} }: FirewallContent) => [
  restrictedTcp,
  ...(open === undefined ? [] : [open.tcp, open.udp]),
];

function portsOf(ports: readonly PortRange[]): ContentSet {
  const keys = ports.map(({ first, last }) => (first === last ? `${first}` : `${first}-${last}`));
  const name = `ports_${fingerprintOf(keys)}`;
  return { kind: 'ports', name, family: 'port', interval: true, timeout: false, elements: elementsOf(keys) };
}

const fingerprintOf = (keys: readonly string[]): string =>
  createHash('sha256').update(keys.join()).digest('hex').slice(0, 12);

const setsOf = (kind: ContentSet['kind'], networks: readonly Cidr[]): readonly ContentSet[] =>
  FAMILIES.map((family) => {
    const keys = networks.filter((net) => net.family === family).map(({ text }) => text);
    return { kind, ...networkSet(`${kind}${family}_${fingerprintOf(keys)}`, family), elements: elementsOf(keys) };
  });

const distinct = (sets: readonly ContentSet[]): readonly ContentSet[] =>
  sets.filter(({ name }, i) => sets.findIndex((each) => each.name === name) === i);

/** Of which family a rule drops what is blocked, by the name it counts under; the candidate's rules do it as well. */
export const blockedFamily = (counter: string): 4 | 6 | undefined =>
  FAMILIES.find((family) =>
    [blockedSet(family), blockedNetworkSet(family)].some(
      (set) => counter === set || counter === `${TRIAL_PREFIX}${set}`,
    ),
  );
