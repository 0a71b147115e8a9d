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
  /** Decided upon one by one. */
  readonly blocked: readonly string[];
  readonly blockedNetworks: readonly string[];
  /** Kept out by the settings. */
  readonly denied: readonly string[];
}

export interface Packet {
  readonly source: string;
  /** It came in by loopback. */
  readonly isLocal?: boolean;
}

export type Word = 'local' | keyof Policy | 'nobody';

/**
 * The first that has a say: loopback, infra and what is allowed let in, before anybody keeps out; nobody's packets pass.
 */
export function wordOn(policy: Policy, { source, isLocal = false }: Packet): Word {
  const order = ['infra', 'allowed', 'blocked', 'blockedNetworks', 'denied'] as const;
  if (isLocal) return 'local';
  return order.find((who) => policy[who].some((network) => holds(network, source))) ?? 'nobody';
}

const KEEPS_OUT: ReadonlySet<Word> = new Set(['blocked', 'blockedNetworks', 'denied']);

export const isDropped = (policy: Policy, packet: Packet): boolean => KEEPS_OUT.has(wordOn(policy, packet));

/** A candidate on trial judges while its time lasts, by its own settings; who is blocked or allowed is the same. */
export const whileOnTrial = (policy: Policy, candidate: Pick<Policy, 'infra' | 'denied'>): Policy => ({
  ...policy,
  ...candidate,
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
