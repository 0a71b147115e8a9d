import { contentId, type DecisionId } from '../base/ids.ts';
import { type Cidr, type Ip, makeCidr, parseIp } from '../base/ip.ts';
import { type NamedNetwork, touchedBy } from '../base/prefixes.ts';
import { type Deadline, hasPassed, type Millis } from '../base/time.ts';
import type { Decision, NetworkDecision } from './decision.ts';

export interface SubnetSettings {
  /** Blocked addresses of one network that make it blocked itself, ≥ 2. */
  readonly threshold: number;
  /** Lengths of the networks. */
  readonly v4: number;
  readonly v6: number;
}

export const SUBNETS: SubnetSettings = { threshold: 3, v4: 24, v6: 64 };

/**
 * Sees when several addresses of a network are blocked at a time by findings, and blocks the network.
 *
 * Only automatic blocks count, each as long as it stands. The network's block lasts as long as the longest of them, and is
 * not made again while it stands. A network that holds an address which must not be blocked is refused, once for each
 * address that would have completed it. Kept in step by the caller: nothing here is durable, since the blocks are.
 */
export class Subnets {
  readonly #settings: SubnetSettings;
  /** Standing blocks by network. */
  readonly #members = new Map<string, Map<Ip, Decision>>();
  /** When the network's own block ends. */
  readonly #blocked = new Map<string, Deadline>();

  constructor(settings: SubnetSettings) {
    this.#settings = settings;
  }

  /** An address is blocked. @returns the block of its network, when this completes it */
  blocked(decision: Decision, guarded: readonly NamedNetwork[], now: Millis): NetworkDecision | undefined {
    const network = this.member(decision);
    const members = network && this.#members.get(network.text);
    if (network === undefined || members === undefined) return undefined;
    for (const [ip, member] of members) if (hasPassed(member.expiresAt, now)) members.delete(ip);
    if (members.size < this.#settings.threshold) return undefined;
    const standing = this.#blocked.get(network.text);
    if (standing !== undefined && !hasPassed(standing, now)) return undefined;
    return this.#decide(network, [...members.values()], guarded, now);
  }

  /** Counts a block that stands. @returns its network */
  member(decision: Decision): Cidr | undefined {
    const network = decision.origin === 'auto_response' ? this.#networkOf(decision.ip) : undefined;
    if (network === undefined) return undefined;
    const members = this.#members.get(network.text) ?? new Map<Ip, Decision>();
    this.#members.set(network.text, members);
    members.set(decision.ip, decision);
    return network;
  }

  /** A block of an address ended, whatever ended it. */
  ended(ip: Ip): void {
    const network = this.#networkOf(ip);
    if (network === undefined) return;
    const members = this.#members.get(network.text);
    members?.delete(ip);
    if (members?.size === 0) this.#members.delete(network.text);
  }

  /** A network's block stands, as found at start; or stands no longer. */
  standing(network: string, until: Deadline): void {
    this.#blocked.set(network, until);
  }

  lifted(network: string): void {
    this.#blocked.delete(network);
  }

  #networkOf(ip: Ip): Cidr | undefined {
    const parsed = parseIp(ip);
    if (!parsed.ok) return undefined;
    const { family, bytes } = parsed.value;
    return makeCidr(family, bytes, family === 4 ? this.#settings.v4 : this.#settings.v6);
  }

  #decide(network: Cidr, members: readonly Decision[], guarded: readonly NamedNetwork[], now: Millis): NetworkDecision {
    const guard = touchedBy(network, guarded);
    const decisions = members.map(({ id }) => id);
    const expiresAt = members.map((member) => member.expiresAt).reduce(later);
    if (guard === undefined) this.#blocked.set(network.text, expiresAt);
    return {
      id: contentId(now, ['block_network', network.text, ...[...decisions].sort()]) as DecisionId,
      kind: 'block_network',
      network: network.text,
      reason: `${members.length} addresses of ${network.text} are blocked: ${members.map(({ ip }) => ip).join(', ')}`,
      origin: 'auto_response',
      decisions,
      at: now,
      expiresAt,
      state: guard === undefined ? 'active' : 'refused',
      ...(guard && { note: `${network.text} must not be blocked: ${guard.why} (${guard.net.text})` }),
    };
  }
}

const later = (a: Deadline, b: Deadline): Deadline => (a === 'never' || b === 'never' ? 'never' : a > b ? a : b);
