import type {
  ChainDeclaration,
  NftElement,
  RuleDeclaration,
  SetDeclaration,
  TableDeclaration,
} from '../../native/nft/index.ts';
import { TRIAL_CHAIN, TRIAL_SET } from './table.ts';

/**
 * The table as text for `nft -f`, which makes of it what the engine makes of the declaration. A table of that name that
 * stands is replaced whole, in the same transaction; sets hold what they are declared to begin with.
 */
export const wholeTableText = (table: TableDeclaration): string =>
  [
    '#!/usr/sbin/nft -f',
    `table inet ${table.name}`,
    `delete table inet ${table.name}`,
    `table inet ${table.name} {`,
    ...table.sets.flatMap((set) => setText(set, set.elements ?? [])),
    ...table.chains.flatMap((chain) => chainText(chain, chain.rules, table.sets)),
    '}',
    '',
  ].join('\n');

/** Text for `nft -f` after which there is no such table, whether there was one or not. */
export const noTableText = (name: string): string =>
  ['#!/usr/sbin/nft -f', `table inet ${name}`, `delete table inet ${name}`, ''].join('\n');

/**
 * Text for `nft -f` that puts these rules into a table that may be there already, with a trial or without: one transaction.
 * Sets that are not declared with elements keep what they hold, blocked and allowed above all; of a trial nothing stays
 * that has an effect. Refused by `nft` when sets of the same name stand with another shape.
 */
export function rulesText(table: TableDeclaration): string {
  const { name } = table;
  const filled = table.sets.filter(({ elements }) => elements !== undefined);
  return [
    '#!/usr/sbin/nft -f',
    `table inet ${name} {`,
    ...table.sets.flatMap((set) => setText(set, [])),
    ...setText({ name: TRIAL_SET, family: 'either', interval: false, timeout: true }, []),
    ...chainText({ name: TRIAL_CHAIN, rules: [] }, [], []),
    ...table.chains.flatMap((chain) => chainText(chain, [], [])),
    '}',
    ...[...table.chains.map((chain) => chain.name), TRIAL_CHAIN].map((chain) => `flush chain inet ${name} ${chain}`),
    `delete chain inet ${name} ${TRIAL_CHAIN}`,
    `delete set inet ${name} ${TRIAL_SET}`,
    ...filled.map((set) => `flush set inet ${name} ${set.name}`),
    `table inet ${name} {`,
    ...filled.flatMap((set) => setText(set, set.elements ?? [])),
    ...table.chains.flatMap((chain) => chainText(chain, chain.rules, table.sets)),
    '}',
    '',
  ].join('\n');
}

/** What a shell must know of such a text: the namespace (`ip netns`) that it is for, if not the own. */
export const placedIn = (netns: string | undefined, text: string): string =>
  netns === undefined ? text : text.replace('\n', `\n# netns ${netns}\n`);

const TYPES = { 4: 'ipv4_addr', 6: 'ipv6_addr', either: 'nf_proto' } as const;

function setText(set: SetDeclaration, elements: readonly NftElement[]): readonly string[] {
  const flags = [...(set.interval ? ['interval'] : []), ...(set.timeout ? ['timeout'] : [])];
  return [
    `  set ${set.name} {`,
    `    type ${TYPES[set.family]}`,
    ...(set.size === undefined ? [] : [`    size ${set.size}`]),
    ...(flags.length === 0 ? [] : [`    flags ${flags.join(',')}`]),
    ...(elements.length === 0 ? [] : ['    elements = {', ...elements.map(({ key }) => `      ${key},`), '    }']),
    '  }',
  ];
}

const chainText = (
  chain: ChainDeclaration,
  rules: readonly RuleDeclaration[],
  sets: readonly SetDeclaration[],
): readonly string[] => [
  `  chain ${chain.name} {`,
  ...(chain.hook === undefined
    ? []
    : [`    type filter hook ${chain.hook} priority ${chain.priority}; policy accept;`]),
  ...rules.map((rule) => `    ${ruleText(rule, sets)}`),
  '  }',
];

function ruleText(rule: RuleDeclaration, sets: readonly SetDeclaration[]): string {
  switch (rule.match) {
    case 'iif':
      return `iifname "${rule.name}" ${rule.verdict}`;
    case 'family':
      return `meta nfproto @${rule.set} goto ${rule.chain}`;
    case 'saddr': {
      const counted = rule.counter === undefined ? rule.verdict : `counter ${rule.verdict} comment "${rule.counter}"`;
      const isV6 = sets.some(({ name, family }) => name === rule.set && family === 6);
      return `${isV6 ? 'ip6' : 'ip'} saddr @${rule.set} ${counted}`;
    }
  }
}
