/**
 * Who gets through, as an operator would say it: written from what the product promises, not from its rules, and with its
 * own reading of networks, so that a mistake in either shows as a difference.
 */

/** Networks as `address/prefix`, addresses as such. */
export interface Policy {
  /** Always let in. */
  readonly infra: readonly string[];
  /** Let in although blocked. */
  readonly allowed: readonly string[];
  /** The same, to one port each. */
  readonly allowedPorts: readonly (Service & { readonly source: string })[];
  /** Decided upon one by one. */
  readonly blocked: readonly string[];
  readonly blockedNetworks: readonly string[];
  /** Kept out by the settings. */
  readonly denied: readonly string[];
  readonly lists: readonly List[];
  readonly features: Features;
}

/** A bulk list, without what no list may cut off. */
export interface List {
  readonly kind: 'block' | 'allow';
  readonly mode: 'enforce' | 'count';
  readonly networks: readonly string[];
  readonly leftOut: readonly string[];
}

export interface Service {
  readonly protocol: 'tcp' | 'udp';
  readonly port: number;
}

/** What the settings say of packets to the appliance itself, as they are written. */
export interface Features {
  readonly default: 'accept' | 'drop';
  readonly tcp_in: readonly number[];
  readonly udp_in: readonly number[];
  readonly restricted_tcp: readonly number[];
  readonly icmp: 'accept' | 'needed';
  readonly count_only: readonly ('default_drop' | 'restricted_tcp' | 'icmp_policy')[];
}

export interface Packet {
  readonly source: string;
  /** `icmp` is a request for an echo. */
  readonly protocol: 'tcp' | 'udp' | 'icmp';
  /** Where to; none with `icmp`. */
  readonly port?: number;
  /** Of a connection that was there before. */
  readonly isEstablished?: boolean;
  /** For the appliance, not for a neighbour behind it. */
  readonly isForUs: boolean;
  /** It came in by loopback. */
  readonly isLocal?: boolean;
}

type Sender = 'infra' | 'allowed' | 'blocked' | 'blockedNetworks' | 'denied';
export type Word = 'local' | 'allowedPorts' | 'allowList' | 'blockList' | Sender | keyof Features | 'nobody';

/**
 * The first that has a say: loopback, infra and what is allowed let in, before anybody keeps out; packets to the appliance
 * are then judged by what the settings say of its ports; nobody's packets pass.
 */
export function wordOn(policy: Policy, packet: Packet): Word {
  const says = (who: Sender): boolean => policy[who].some((network) => holds(network, packet.source));
  const isListed = (kind: List['kind']): boolean =>
    policy.lists.some((list) => list.kind === kind && list.mode === 'enforce' && lists(list, packet.source));
  if (packet.isLocal === true) return 'local';
  if (says('infra')) return 'infra';
  if (says('allowed')) return 'allowed';
  if (policy.allowedPorts.some((one) => one.source === packet.source && isTo(one, packet))) return 'allowedPorts';
  if (isListed('allow')) return 'allowList';
  const decided = (['blocked', 'blockedNetworks'] as const).find(says);
  if (decided !== undefined) return decided;
  if (isListed('block')) return 'blockList';
  if (says('denied')) return 'denied';
  return (packet.isForUs && featureThatDrops(policy.features, packet)) || 'nobody';
}

const lists = ({ networks, leftOut }: List, source: string): boolean =>
  networks.some((network) => holds(network, source)) && !leftOut.some((network) => holds(network, source));

const isTo = ({ protocol, port }: Service, packet: Packet): boolean =>
  packet.protocol === protocol && packet.port === port;

function featureThatDrops(
  features: Features,
  { protocol, port = 0, isEstablished }: Packet,
): keyof Features | undefined {
  const counts = new Set(features.count_only);
  // Echo requests are no connections: one that was answered does not let in the next.
  if (protocol === 'icmp') return features.icmp === 'needed' && !counts.has('icmp_policy') ? 'icmp' : undefined;
  if (isEstablished === true) return undefined;
  const isRestricted = protocol === 'tcp' && features.restricted_tcp.includes(port);
  if (isRestricted && !counts.has('restricted_tcp')) return 'restricted_tcp';
  const isOpen = features.default === 'accept' || features[`${protocol}_in`].includes(port);
  return isOpen || counts.has('default_drop') ? undefined : 'default';
}

const LETS_IN: ReadonlySet<Word> = new Set(['local', 'infra', 'allowed', 'allowedPorts', 'allowList', 'nobody']);

export const isDropped = (policy: Policy, packet: Packet): boolean => !LETS_IN.has(wordOn(policy, packet));

/** What a trial tries: another set of settings. */
export type Settings = Pick<Policy, 'infra' | 'denied' | 'lists' | 'features'>;

/** A candidate on trial judges while its time lasts, by its own settings; who is blocked or allowed is the same. */
export const whileOnTrial = (policy: Policy, { infra, denied, lists, features }: Settings): Policy => ({
  ...policy,
  infra,
  denied,
  lists,
  features,
});

/** Whether an address lies in a network, digit by digit. */
export function holds(network: string, address: string): boolean {
  const [start = '', prefix] = network.split('/');
  const [whole, part] = [digitsOf(address), digitsOf(start)];
  return (
    whole.length === part.length &&
    whole.slice(0, Number(prefix ?? whole.length)) === part.slice(0, Number(prefix ?? part.length))
  );
}

/** An address as 32 or 128 binary digits. */
function digitsOf(address: string): string {
  if (!address.includes(':')) {
    return address
      .split('.')
      .map((part) => Number(part).toString(2).padStart(8, '0'))
      .join('');
  }
  const [head = '', tail] = address.split('::');
  const groups = (text: string): readonly string[] => (text === '' ? [] : text.split(':'));
  const [before, after] = [groups(head), groups(tail ?? '')];
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return [...before, ...zeros, ...after]
    .map((part) => Number.parseInt(part, 16).toString(2).padStart(16, '0'))
    .join('');
}
