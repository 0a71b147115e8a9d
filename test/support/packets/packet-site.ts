import { execFileSync } from 'node:child_process';
import { Namespace } from '../namespaces.ts';
import { type Probe, Wire } from './wire.ts';

/** Who is asked: the appliance itself, by the input path, and a neighbour behind it, by the forward path. */
export const TARGETS = {
  appliance: { 4: '10.99.0.1', 6: 'fd99::1' },
  neighbour: { 4: '10.98.0.2', 6: 'fd98::2' },
} as const;

const MAC = {
  attacker: '02:00:00:99:00:02',
  outside: '02:00:00:99:00:01',
  inside: '02:00:00:98:00:01',
  neighbour: '02:00:00:98:00:02',
};

/** Answers of the kernel are not rationed, and none is turned away for where it comes from. */
const SYSCTLS: Readonly<Record<string, string>> = {
  'net/ipv4/ip_forward': '1',
  'net/ipv6/conf/all/forwarding': '1',
  'net/ipv4/conf/all/rp_filter': '0',
  'net/ipv4/conf/default/rp_filter': '0',
  'net/ipv4/icmp_ratelimit': '0',
  'net/ipv4/icmp_ratemask': '0',
  'net/ipv6/icmp/ratelimit': '0',
  'net/ipv6/icmp/ratemask': '',
  'net/ipv4/tcp_invalid_ratelimit': '0',
};

/** As many hosts have it: what is established is let in without a further look, so conntrack has its say as well. */
const OPERATORS_OWN = `
table inet operator {
  chain input { type filter hook input priority 0; policy accept; ct state established,related accept; }
  chain forward { type filter hook forward priority 0; policy accept; ct state established,related accept; }
}
`;

/** Attacker – appliance – neighbour, each in a namespace, on cables where nobody asks for anybody's hardware address. */
export class PacketSite {
  readonly edge = new Namespace('edge');
  readonly #attacker = new Namespace('attack');
  readonly #neighbour = new Namespace('near');
  #wire: Wire | undefined;

  /** @param marker a source that every rule lets in */
  async open(marker: string, probes: readonly Probe[]): Promise<Wire> {
    this.#cables();
    for (const host of [this.edge, this.#neighbour]) await this.#prepare(host);
    execFileSync('ip', ['netns', 'exec', this.edge.name, 'nft', '-f', '-'], { input: OPERATORS_OWN });
    const listening = [this.edge, this.#neighbour];
    const wire = Wire.start(this.#attacker, { device: 'out', own: MAC.attacker, next: MAC.outside, listening });
    this.#wire = wire;
    await wire.mark(marker, TARGETS.appliance[4]);
    for (const probe of probes) await wire.add(probe);
    return wire;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#wire?.[Symbol.asyncDispose]();
    for (const one of [this.#attacker, this.#neighbour, this.edge]) one[Symbol.dispose]();
  }

  #cables(): void {
    const [edge, attacker, neighbour] = [this.edge, this.#attacker, this.#neighbour];
    cable([edge, 'outside', MAC.outside], [attacker, 'out', MAC.attacker]);
    cable([edge, 'inside', MAC.inside], [neighbour, 'in', MAC.neighbour]);
    const world = { mac: MAC.attacker, addresses: ['10.99.0.2', 'fd99::2'], isDefault: true };
    const behind = { mac: MAC.neighbour, addresses: ['10.98.0.2', 'fd98::2'], isDefault: false };
    const out = { mac: MAC.inside, addresses: ['10.98.0.1', 'fd98::1'], isDefault: true };
    settle(edge, 'outside', ['10.99.0.1/24', 'fd99::1/64'], world);
    settle(edge, 'inside', ['10.98.0.1/24', 'fd98::1/64'], behind);
    settle(neighbour, 'in', ['10.98.0.2/24', 'fd98::2/64'], out);
  }

  async #prepare(host: Namespace): Promise<void> {
    const lines = Object.entries(SYSCTLS).map(([name, value]) => `echo "${value}" > /proc/sys/${name}`);
    await host.run('sh', '-ec', lines.join('\n'));
  }
}

type End = readonly [host: Namespace, device: string, mac: string];

function cable([host, device, mac]: End, [other, far, farMac]: End): void {
  const peer = ['peer', 'name', far, 'address', farMac, 'netns', other.name];
  host.ip('link', 'add', device, 'address', mac, 'type', 'veth', ...peer);
  for (const [space, end] of [[host, device] as const, [other, far] as const]) {
    space.ip('link', 'set', end, 'addrgenmode', 'none');
    space.ip('link', 'set', end, 'up');
  }
}

interface Hop {
  readonly mac: string;
  readonly addresses: readonly string[];
  /** Everybody else is behind it. */
  readonly isDefault: boolean;
}

/** Its addresses on a cable, and who is at the other end. */
function settle(host: Namespace, device: string, own: readonly string[], { mac, addresses, isDefault }: Hop): void {
  for (const address of own)
    host.ip('addr', 'add', address, 'dev', device, ...(address.includes(':') ? ['nodad'] : []));
  for (const address of addresses) {
    host.ip('neigh', 'add', address, 'lladdr', mac, 'dev', device, 'nud', 'permanent');
    const family = address.includes(':') ? '-6' : '-4';
    if (isDefault) host.ip(family, 'route', 'add', 'default', 'via', address, 'dev', device);
  }
}
