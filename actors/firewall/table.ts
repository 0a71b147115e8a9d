import { createHash } from 'node:crypto';
import { aggregate } from '../../core/base/aggregate.ts';
import type { Cidr } from '../../core/base/ip.ts';
import type { NftElement, NftOp, RuleDeclaration, SetDeclaration, TableDeclaration } from '../../native/nft/index.ts';
import { deniedNetworks, type FirewallContent, infraNetworks, type Judges } from './content.ts';

/** Between conntrack (-200) and mangle (-150): ahead of every accept for established connections, forwarded traffic included. */
const GUARD_PRIORITY = -190;
/** Where every packet comes first. */
export const GUARD_CHAIN = 'guard';
/** The candidate's rules. */
export const TRIAL_CHAIN = 'trial_guard';
/** While a packet's family is in it, the candidate judges; its elements time out, whoever is alive to see it. */
export const TRIAL_SET = 'trial';
/** Before the names of counters of the candidate's rules. */
const TRIAL_PREFIX = 'trial_';

const FAMILIES = [4, 6] as const;

/** The set an address of this family is blocked in. */
export const blockedSet = (family: 4 | 6): string => `blocked${family}`;
/** The set a network of this family is blocked in. */
export const blockedNetworkSet = (family: 4 | 6): string => `blocked_nets${family}`;
const allowedSet = (family: 4 | 6): string => `allowed${family}`;

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
  readonly kind: 'infra' | 'denied';
  readonly elements: readonly NftElement[];
}

/**
 * The product's whole table. Infra and allowed stand before blocked and denied, so that neither can ever cut them;
 * everything else passes on to whatever other tables decide. What follows from the settings is in sets named after what
 * they hold: a change of content makes new sets and rules that use them, in one transaction, and each packet goes by the
 * old rules and sets or by the new ones. A candidate on trial is a second, complete chain; blocked and allowed are shared.
 */
export function tableOf(name: string, capacity: number, { confirmed, trial }: Judges): TableDeclaration {
  const base = contentSets(confirmed);
  const candidate = trial === undefined ? undefined : contentSets(trial.candidate);
  const shared = FAMILIES.flatMap((family): SetDeclaration[] => [
    networkSet(allowedSet(family), family),
    { name: blockedSet(family), family, interval: false, timeout: true, size: capacity },
    networkSet(blockedNetworkSet(family), family, true),
  ]);
  const guard: readonly RuleDeclaration[] = [
    { when: [{ match: 'iif', name: 'lo' }], verdict: 'accept' },
    ...(candidate === undefined ? [] : [GO_TO_CANDIDATE]),
    ...rulesOf(base, ''),
  ];
  return {
    name,
    sets: [...distinct([...base, ...(candidate ?? [])]), ...shared, ...(candidate === undefined ? [] : [GUARDING])],
    chains: [
      { name: GUARD_CHAIN, hook: 'prerouting', priority: GUARD_PRIORITY, rules: guard },
      ...(candidate === undefined ? [] : [{ name: TRIAL_CHAIN, rules: rulesOf(candidate, TRIAL_PREFIX) }]),
    ],
  };
}

const GUARDING: SetDeclaration = { name: TRIAL_SET, family: 'either', interval: false, timeout: true };
const GO_TO_CANDIDATE: RuleDeclaration = {
  when: [{ match: 'family', set: TRIAL_SET }],
  verdict: { goto: TRIAL_CHAIN },
};

/** One content's rules. */
function rulesOf(sets: readonly ContentSet[], prefix: string): readonly RuleDeclaration[] {
  const from = (set: string): Pick<RuleDeclaration, 'when'> => ({ when: [{ match: 'saddr', set }] });
  const accept = (set: string): RuleDeclaration => ({ ...from(set), verdict: 'accept' });
  const drop = (set: string, counter: string): RuleDeclaration => ({
    ...from(set),
    counter: `${prefix}${counter}`,
    verdict: 'drop',
  });
  return [
    ...sets.filter(({ kind }) => kind === 'infra').map(({ name }) => accept(name)),
    ...FAMILIES.map((family) => accept(allowedSet(family))),
    ...[...BLOCKED_SETS, ...BLOCKED_NETWORK_SETS].map((set) => drop(set, set)),
    ...sets.filter(({ kind }) => kind === 'denied').map(({ name, family }) => drop(name, `denied${family}`)),
  ];
}

export const contentSets = (content: FirewallContent): readonly ContentSet[] => [
  ...setsOf('infra', infraNetworks(content)),
  ...setsOf('denied', deniedNetworks(content)),
];

const setsOf = (kind: ContentSet['kind'], networks: readonly Cidr[]): readonly ContentSet[] =>
  FAMILIES.map((family) => {
    const keys = networks.filter((net) => net.family === family).map(({ text }) => text);
    const fingerprint = createHash('sha256').update(keys.join()).digest('hex').slice(0, 12);
    return {
      kind,
      ...networkSet(`${kind}${family}_${fingerprint}`, family),
      elements: keys.map((key) => ({ key, timeout: 'never' })),
    };
  });

const distinct = (sets: readonly ContentSet[]): readonly ContentSet[] =>
  sets.filter(({ name }, i) => sets.findIndex((each) => each.name === name) === i);

/** Makes the allowed sets hold exactly these networks, in one transaction. */
export const allowedOps = (networks: readonly Cidr[]): readonly NftOp[] => [
  ...FAMILIES.map((family) => ({ kind: 'flush', set: allowedSet(family) }) as const),
  ...aggregate(networks).map(
    (net) => ({ kind: 'add', set: allowedSet(net.family), key: net.text, timeout: 'never' }) as const,
  ),
];

/** The same networks as a declaration's: what the allowed sets of a table begin with that is made at a boot. */
export const withAllowed = (table: TableDeclaration, networks: readonly Cidr[]): TableDeclaration => ({
  ...table,
  sets: table.sets.map((set) => {
    if (!FAMILIES.some((family) => set.name === allowedSet(family))) return set;
    const own = aggregate(networks).filter((net) => net.family === set.family);
    return { ...set, elements: own.map(({ text }) => ({ key: text, timeout: 'never' })) };
  }),
});

/** Of which family a rule drops what is blocked, by the name it counts under; the candidate's rules do it as well. */
export const blockedFamily = (counter: string): 4 | 6 | undefined =>
  FAMILIES.find((family) =>
    [blockedSet(family), blockedNetworkSet(family)].some(
      (set) => counter === set || counter === `${TRIAL_PREFIX}${set}`,
    ),
  );
