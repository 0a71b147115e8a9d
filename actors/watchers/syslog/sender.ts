import { type Cidr, contains, parseIp } from '../../../core/base/ip.ts';
import type { Sender } from './lines.ts';
import type { Certificate, Proof } from './network.ts';
import type { TlsSettings } from './port.ts';

/** Answers remembered, so that a flood from one address is parsed once. */
const MOST_REMEMBERED = 1024;

/** Whether an address may send. */
export class AllowedSenders {
  readonly #networks: readonly Cidr[];
  readonly #answers = new Map<string, boolean>();

  constructor(networks: readonly Cidr[]) {
    this.#networks = networks;
  }

  has(address: string): boolean {
    const known = this.#answers.get(address);
    if (known !== undefined) return known;
    const ip = parseIp(address);
    const answer = ip.ok && this.#networks.some((net) => contains(net, ip.value));
    if (this.#answers.size >= MOST_REMEMBERED) this.#answers.clear();
    this.#answers.set(address, answer);
    return answer;
  }
}

/** Whoever sends without proof: anybody could have sent it under this address. */
export const unproven = (address: string): Sender => ({ provenance: 'spoofable', name: address, isBound: false });

/**
 * What a TLS handshake proved.
 * @returns the sender, or why it is refused. One that shows a certificate we do not accept is refused, not heard as a
 * stranger: it means to be known, and would not notice that it is not.
 */
export function judgeProof(proof: Proof, address: string, { clients, peers, relays }: TlsSettings): Sender | string {
  if (proof.kind === 'untrusted') return `its certificate is not accepted: ${proof.why}`;
  if (proof.kind === 'none') return clients === 'optional' ? unproven(address) : 'it has no certificate';
  const names = namesOf(proof.certificate);
  if (names.length === 0) return 'its certificate names no host';
  const name = peers.length === 0 ? names[0] : names.find((one) => peers.some((peer) => matchesPeer(peer, one)));
  if (name === undefined) return `its certificate is for ${names.slice(0, 3).join(', ')}, which may not send`;
  return { provenance: 'authenticated', name, isBound: !relays.some((relay) => matchesPeer(relay, name)) };
}

const HOST_NAME = /^(?=.{1,253}$)[a-z0-9](?:[a-z0-9-]{0,62})(?:\.[a-z0-9][a-z0-9-]{0,62})*$/;

/**
 * Host names and addresses a certificate is for, in lower case, alternative names first. The common name counts where
 * there is none. Names that no host can have are left out; the list is text in which such a name could pose as another.
 */
export function namesOf({ alternativeNames, commonName }: Certificate): readonly string[] {
  const names = splitNames(alternativeNames).flatMap((entry) => {
    const [kind = '', value = ''] = cut(entry, ':');
    if (kind === 'DNS') return hostName(value);
    const ip = kind === 'IP Address' ? parseIp(value) : undefined;
    return ip?.ok ? [ip.value.text] : [];
  });
  return alternativeNames === '' ? hostName(commonName) : [...new Set(names)];
}

const hostName = (text: string): readonly string[] => {
  const lower = text.toLowerCase();
  return HOST_NAME.test(lower) ? [lower] : [];
};

/** Node separates entries by `, ` and writes one that holds such a thing in JSON quotes. */
function splitNames(text: string): readonly string[] {
  return text.match(/(?:[^",]|"(?:[^"\\]|\\.)*")+/g)?.map((entry) => entry.trim()) ?? [];
}

function cut(text: string, at: string): readonly [string, string] {
  const index = text.indexOf(at);
  return index < 0 ? [text, ''] : [text.slice(0, index), text.slice(index + 1)];
}

/** `*.example.net` is any one label before it. */
function matchesPeer(pattern: string, name: string): boolean {
  const wanted = pattern.toLowerCase();
  if (!wanted.startsWith('*.')) return wanted === name;
  const dot = name.indexOf('.');
  return dot > 0 && name.slice(dot + 1) === wanted.slice(2);
}
