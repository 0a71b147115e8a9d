import {
  type ChainDeclaration,
  countersOf,
  metersOf,
  meterText,
  type NftElement,
  type RuleDeclaration,
  type SetDeclaration,
  type TableDeclaration,
} from '../../native/nft/index.ts';
import { ruleText } from './rule-text.ts';
import { strayChains, TRIAL_SET } from './table.ts';

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
    ...countersText(table),
    ...setsText(table, table.sets),
    ...chainsText(table),
    '}',
    '',
  ].join('\n');

/** Text for `nft -f` after which there is no such table, whether there was one or not. */
export const noTableText = (name: string): string =>
  ['#!/usr/sbin/nft -f', `table inet ${name}`, `delete table inet ${name}`, ''].join('\n');

/**
 * Text for `nft -f` that puts these rules into a table that may be there already, with a trial or without: one transaction.
 * Sets that are not declared with elements keep what they hold, blocked and allowed above all, but meters begin anew;
 * counters keep what they have counted. Of a trial nothing stays that has an effect; counters of its rules go with the next
 * `ensure`. Refused by `nft` when sets of the same name stand with another shape.
 */
export function rulesText(table: TableDeclaration): string {
  const { name, sets } = table;
  const filled = sets.filter(({ elements }) => elements !== undefined);
  const meters = sets.filter(({ dynamic }) => dynamic);
  const strays = strayChains(table);
  const all = [...table.chains, ...strays];
  return [
    '#!/usr/sbin/nft -f',
    `table inet ${name} {`,
    ...countersText(table),
    ...setsText(table, sets.map(withoutElements)),
    ...setText({ name: TRIAL_SET, family: 'either', interval: false, timeout: true }),
    ...all.flatMap((chain) => chainText(chain, [], [])),
    '}',
    ...all.map((chain) => `flush chain inet ${name} ${chain.name}`),
    ...strays.map((chain) => `delete chain inet ${name} ${chain.name}`),
    ...[TRIAL_SET, ...meters.map((set) => set.name)].map((set) => `delete set inet ${name} ${set}`),
    ...filled.map((set) => `flush set inet ${name} ${set.name}`),
    `table inet ${name} {`,
    ...setsText(table, [...meters, ...filled]),
    ...chainsText(table),
    '}',
    '',
  ].join('\n');
}

/** What a shell must know of such a text: the namespace (`ip netns`) that it is for, if not the own. */
export const placedIn = (netns: string | undefined, text: string): string =>
  netns === undefined ? text : text.replace('\n', `\n# netns ${netns}\n`);

const TYPES = {
  4: 'ipv4_addr',
  6: 'ipv6_addr',
  either: 'nf_proto',
  port: 'inet_service',
  '4+port': 'ipv4_addr . inet_proto . inet_service',
  '6+port': 'ipv6_addr . inet_proto . inet_service',
} as const;

const countersText = (table: TableDeclaration): readonly string[] =>
  countersOf(table).map((name) => `  counter ${name} { packets 0 bytes 0 }`);

function setsText(table: TableDeclaration, sets: readonly SetDeclaration[]): readonly string[] {
  const meters = metersOf(table);
  return sets.flatMap((set) => {
    const meter = meters.get(set.name);
    return setText(set, meter && meterText(meter));
  });
}

const withoutElements = ({ elements: _, ...set }: SetDeclaration): SetDeclaration => set;

/** @param comment what a meter allows: of another one the engine makes the set anew */
function setText(set: SetDeclaration, comment?: string): readonly string[] {
  const { dynamic, interval, timeout, elements = [] } = set;
  const flags = [...(dynamic ? ['dynamic'] : []), ...(interval ? ['interval'] : []), ...(timeout ? ['timeout'] : [])];
  return [
    `  set ${set.name} {`,
    `    type ${TYPES[set.family]}`,
    ...(set.size === undefined ? [] : [`    size ${set.size}`]),
    ...(flags.length === 0 ? [] : [`    flags ${flags.join(',')}`]),
    ...(set.counters ? ['    counter'] : []),
    ...(comment === undefined ? [] : [`    comment "${comment}"`]),
    ...(elements.length === 0 ? [] : ['    elements = {', ...elements.map(elementText), '    }']),
    '  }',
  ];
}

function elementText({ key, timeout, comment }: NftElement): string {
  const life = timeout === 'never' ? '' : ` timeout ${timeout}ms`;
  return `      ${key}${life}${comment === undefined ? '' : ` comment "${comment}"`},`;
}

const chainsText = ({ chains, sets }: TableDeclaration): readonly string[] =>
  chains.flatMap((chain) => chainText(chain, chain.rules, sets));

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
