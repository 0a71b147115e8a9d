import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { FirewallContent, KernelFirewall } from '../../actors/firewall/index.ts';
import { contentId, type DecisionId } from '../../core/base/ids.ts';
import { type Cidr, type Ip, parseCidr } from '../../core/base/ip.ts';
import { type Millis, millis } from '../../core/base/time.ts';
import { ADMIN, Boundary, EDGE, NEIGHBOUR } from '../support/boundary.ts';
import { FirewallSite } from '../support/firewall-site.ts';
import { countedPackets, countingTable, hammer } from '../support/hammer.ts';
import { namespacesUnavailable } from '../support/network-namespace.ts';
import { seeded } from '../support/random.ts';

/** How long packets are sent while rules change, ms. */
const HAMMERING = Number(process.env['BARTIZAN_HAMMER_MS'] ?? 6000);
const ARMINGS = Number(process.env['BARTIZAN_ARMINGS'] ?? 300);

/** Of trials, ms. */
const LENGTHS = [2, 8, 30, 60_000];

/** In both contents in another way: let in though blocked and denied, let in by the operator's list, blocked, denied. */
const SENDERS = {
  infra: [ADMIN.v4, ADMIN.v6],
  allowed: ['192.0.2.11', '2001:db8:1::11'],
  blocked: ['192.0.2.12', '2001:db8:1::12'],
  denied: ['192.0.2.13', '2001:db8:1::13'],
} as const;
const ONE: FirewallContent = {
  infra: [...SENDERS.infra, '10.0.0.0/8'],
  denied: ['192.0.2.0/24', '2001:db8:1::/64', '203.0.113.0/24'],
};
const OTHER: FirewallContent = {
  infra: [`${ADMIN.v4}/31`, '2001:db8:1::/126', '10.1.0.0/16'],
  denied: ['0.0.0.0/0', '::/0'],
};

const COUNTS = / packets \d+ bytes \d+/g;

const cidrs = (texts: readonly string[]): readonly Cidr[] =>
  texts.flatMap((text) => {
    const net = parseCidr(text);
    return net.ok ? [net.value] : [];
  });

describe('packets while rules change', { skip: namespacesUnavailable() }, () => {
  let boundary: Boundary;
  let site: FirewallSite;
  let firewall: KernelFirewall;
  before(async () => {
    boundary = new Boundary();
    await boundary.open();
    const { admin, edge } = boundary;
    const [, link = ''] = /\d+: (v\w+)@/.exec(admin.ip('-o', 'link', 'show', 'type', 'veth')) ?? [];
    for (const [v4, v6] of [SENDERS.allowed, SENDERS.blocked, SENDERS.denied]) {
      admin.ip('addr', 'add', `${v4}/24`, 'dev', link);
      admin.ip('addr', 'add', `${v6}/64`, 'dev', link, 'nodad');
    }
    await edge.run('nft', countingTable(Object.values(SENDERS).flat()));
    site = new FirewallSite();
    for (const ip of [...SENDERS.infra, ...SENDERS.allowed, ...SENDERS.blocked]) {
      const id = contentId(millis(1), [ip]) as DecisionId;
      site.blocks.set(ip as Ip, { ip: ip as Ip, id, expiresAt: 'never' });
    }
    site.allowed = cidrs(SENDERS.allowed);
    firewall = await site.open(edge.name, ONE);
    await firewall.enable();
  });
  after(async () => {
    await firewall?.close();
    boundary?.[Symbol.dispose]();
  });

  const done = async (result: ReturnType<KernelFirewall['confirm']>): Promise<void> => {
    const value = await result;
    assert.ok(value.ok, value.ok ? '' : value.public);
  };
  const random = seeded();
  const below = (n: number): number => Math.floor(random() * n);
  /** A trial of a random length, from one that is over before the next step to one that never ends here. */
  const time = () => {
    const end = performance.now() + (LENGTHS[below(LENGTHS.length)] ?? 0);
    return { left: () => Math.max(1, Math.round(end - performance.now())) as Millis };
  };

  test('whom both contents let in is never dropped, whom both drop never let in', async (t) => {
    const stop = await hammer(boundary.admin, Object.values(SENDERS).flat(), [
      EDGE.v4,
      NEIGHBOUR.v4,
      EDGE.v6,
      NEIGHBOUR.v6,
    ]);
    let changes = 0;
    for (const end = performance.now() + HAMMERING; performance.now() < end; changes++) {
      const [before, next] = changes % 2 === 0 ? [ONE, OTHER] : [OTHER, ONE];
      await done(firewall.follow(before));
      await done(firewall.arm(next, time()));
      if (below(2) === 0) await done(firewall.rearm());
      if (below(3) === 0) firewall.drifted();
      await done(below(2) === 0 ? firewall.confirm() : firewall.abandon());
      if (below(3) > 0) continue;
      site.allowed = cidrs(below(2) === 0 ? SENDERS.allowed : ['192.0.2.10/31', '2001:db8:1::10/127', '10.9.0.0/16']);
      await done(firewall.letIn());
    }
    await stop();
    const counts = await countedPackets(boundary.edge);
    const count = (what: string, ip: string): number => counts.get(`${what} ${ip}`) ?? -1;
    let packets = 0;
    for (const ip of [...SENDERS.infra, ...SENDERS.allowed]) {
      packets += count('came', ip);
      assert.ok(count('came', ip) > 1000, ip);
      assert.equal(count('passed', ip), count('came', ip), `${ip} is let in by both`);
    }
    for (const ip of [...SENDERS.blocked, ...SENDERS.denied]) {
      packets += count('came', ip);
      assert.ok(count('came', ip) > 1000, ip);
      assert.equal(count('passed', ip), 0, `${ip} is dropped by both`);
    }
    t.diagnostic(`${packets} packets in ${changes} rounds of follow, arm and an end`);
  });

  test(`${ARMINGS} random armings leave nothing behind in the kernel`, async (t) => {
    const content = (): FirewallContent => ({
      infra: [ADMIN.v4, ...Array.from({ length: below(5) }, () => `10.${below(256)}.${below(256)}.0/${20 + below(5)}`)]
        .map((text) => parseCidr(text))
        .flatMap((net) => (net.ok ? [net.value.text] : [])),
      denied: Array.from({ length: below(5) }, () => `2001:db8:${below(65_536).toString(16)}::/${48 + below(8)}`),
    });
    await done(firewall.abandon());
    await done(firewall.follow(ONE));
    const table = async () => (await boundary.edge.run('nft', 'list', 'table', 'inet', 'bartizan')).replace(COUNTS, '');
    const before = await table();
    const began = performance.now();
    for (let i = 0; i < ARMINGS; i++) {
      await done(firewall.arm(content(), time()));
      const end = below(4);
      if (end === 0) await done(firewall.confirm());
      if (end === 1) await done(firewall.abandon());
      if (end === 2) await done(firewall.follow(content()));
      if (below(20) === 0) firewall.drifted();
    }
    t.diagnostic(`${((performance.now() - began) / ARMINGS).toFixed(2)} ms an arming and its end`);
    await done(firewall.abandon());
    await done(firewall.follow(ONE));
    assert.equal(await table(), before);
  });
});
