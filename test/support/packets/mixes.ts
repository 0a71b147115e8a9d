import { type Features, type List, type Policy, type Settings, whileOnTrial } from '../chain-model.ts';
import { fc } from '../random.ts';
import { OPEN_PORT } from './wire.ts';

/** Where attackers come from: near one another at every distance, so that networks hold some of them and not others. */
export const SOURCES = [
  '203.0.113.1',
  '203.0.113.2',
  '203.0.113.3',
  '203.0.113.9',
  '203.0.113.65',
  '203.0.112.1',
  '192.0.2.7',
  '100.64.0.1',
  '2001:db8::1',
  '2001:db8::2',
  '2001:db8::3',
  '2001:db8::11',
  '2001:db8:0:1::1',
  '2001:db8:1::1',
  '2a00::1',
  'fd00::1',
] as const;

/** Let in by every mix, so that a round has an end that is sure to be seen. */
export const MARKER = '198.18.7.7';

/** How a trial stands when the packets come: it judges, the kernel has fallen back by itself, it has been confirmed. */
export type Standing = 'judges' | 'fell back' | 'confirmed';

/** A list as its source has it. */
export type Source = Omit<List, 'leftOut'>;

/** A trial has lists of its own, which are read while it judges. */
export interface Trial extends Omit<Settings, 'lists'> {
  readonly lists: readonly Source[];
  readonly standing: Standing;
}

/** One state of all rules. */
export interface Mix extends Omit<Policy, 'lists'> {
  /** Read anew with each mix, before a trial begins. */
  readonly lists: readonly Source[];
  readonly trial: Trial | undefined;
}

/** Where some of the sources are that no block list may cut off: a carrier's own, and unique local addresses. */
const PRIVATE = ['100.64.0.0/10', 'fc00::/7'];

/** By which rules a mix's packets are judged. */
export function inForce({ trial, lists, ...rest }: Mix): Policy {
  const policy = { ...rest, lists: cut(lists, rest.infra) };
  if (trial === undefined || trial.standing === 'fell back') return policy;
  return whileOnTrial(policy, { ...trial, lists: cut(trial.lists, [...rest.infra, ...trial.infra]) });
}

/** @param infra at the time when they were put in force */
const cut = (lists: readonly Source[], infra: readonly string[]): readonly List[] =>
  lists.map((list) => ({ ...list, leftOut: list.kind === 'block' ? [...infra, ...PRIVATE] : [] }));

const PREFIXES = { 4: [32, 32, 31, 30, 28, 26, 24, 16, 1, 0], 6: [128, 128, 127, 124, 120, 64, 48, 32, 1, 0] } as const;

const network = fc
  .constantFrom(...SOURCES)
  .chain((source) => fc.constantFrom(...PREFIXES[source.includes(':') ? 6 : 4]).map((prefix) => `${source}/${prefix}`));

const networks = fc.uniqueArray(network, { maxLength: 3 });
/** The marker first: nothing that is left out when a mix is made smaller. */
const infra = networks.map((some) => [MARKER, ...some]);
/** Those that probes go to, but for one; that of the open connections among them. */
export const PORTS = [9, 22, 53, OPEN_PORT] as const;
const ports = fc.subarray([...PORTS], { maxLength: 3 });

/** As they are when nothing is set; what a mix is made of when it is made smaller. */
export const NO_FEATURES: Features = {
  default: 'accept',
  tcp_in: [],
  udp_in: [],
  restricted_tcp: [],
  icmp: 'accept',
  count_only: [],
};

const features: fc.Arbitrary<Features> = fc.option(
  fc.record({
    default: fc.constantFrom('accept', 'drop'),
    tcp_in: ports,
    udp_in: ports,
    restricted_tcp: ports,
    icmp: fc.constantFrom('accept', 'needed'),
    count_only: fc.subarray(['default_drop', 'restricted_tcp', 'icmp_policy'] as const).map((some) => [...some]),
  }),
  { nil: NO_FEATURES, freq: 2 },
);
const settings = { infra, denied: networks, features };

/** No list holds so wide a network. */
const WIDEST = { 4: 8, 6: 19 } as const;
const listable = network.filter((text) => Number(text.split('/')[1]) >= WIDEST[text.includes(':') ? 6 : 4]);
const listsIn = fc.array(
  fc.record({
    kind: fc.constantFrom<List['kind']>('block', 'allow'),
    mode: fc.constantFrom<List['mode']>('enforce', 'enforce', 'count'),
    networks: fc.uniqueArray(listable, { minLength: 1, maxLength: 4 }),
  }),
  { maxLength: 3 },
);

const allowedPorts = fc.uniqueArray(
  fc.record({
    source: fc.constantFrom(...SOURCES),
    protocol: fc.constantFrom('tcp', 'udp'),
    port: fc.constantFrom(...PORTS),
  }),
  { maxLength: 6, selector: ({ source, protocol, port }) => `${source} ${protocol} ${port}` },
);

export const mixes: fc.Arbitrary<Mix> = fc.record({
  ...settings,
  allowed: networks,
  lists: listsIn,
  allowedPorts,
  blocked: fc.subarray([...SOURCES], { maxLength: 8 }),
  blockedNetworks: networks,
  trial: fc.option(
    fc.record({ ...settings, lists: listsIn, standing: fc.constantFrom<Standing>('judges', 'fell back', 'confirmed') }),
    { nil: undefined },
  ),
});
