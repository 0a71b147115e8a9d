import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { FirewallContent, KernelFirewall, ListUse } from '../../actors/firewall/index.ts';
import { ADMIN, Boundary, EDGE, NEIGHBOUR } from '../support/boundary.ts';
import { FirewallSite } from '../support/firewall-site.ts';
import { countedPackets, countingTable, hammer } from '../support/hammer.ts';
import { columnsFrom } from '../support/lists.ts';
import { namespacesUnavailable } from '../support/network-namespace.ts';
import { seeded } from '../support/random.ts';
import { waitFor } from '../support/wait-for.ts';

const SENDERS = {
  single: ['192.0.2.11', '2001:db8:1::11'],
  network: ['192.0.2.33', '2001:db8:1::33:1'],
  allowed: ['192.0.2.12', '2001:db8:1::12'],
  counted: ['192.0.2.13', '2001:db8:1::13'],
} as const;
const EVERYBODY = Object.values(SENDERS).flat();
const TARGETS = [EDGE.v4, NEIGHBOUR.v4, EDGE.v6, NEIGHBOUR.v6];
const SWITCHES = 20;

const BAD: ListUse = { name: 'bad', kind: 'block', mode: 'enforce', id: 'bad' };
const GOOD: ListUse = { name: 'good', kind: 'allow', mode: 'enforce', id: 'good' };
const WATCH: ListUse = { name: 'watch', kind: 'block', mode: 'count', id: 'watch' };
const CONTENT: FirewallContent = { infra: [ADMIN.v4, ADMIN.v6], denied: [], lists: [BAD, GOOD, WATCH] };

const NAMED = [...SENDERS.single, ...SENDERS.allowed, '192.0.2.32/29', '2001:db8:1::33:0/124'].join('\n');

describe('lists and real packets', { skip: namespacesUnavailable() }, () => {
  const random = seeded();
  let boundary: Boundary;
  let site: FirewallSite;
  let firewall: KernelFirewall;

  /** Another generation: those that are always named among others that change. */
  const renew = (): void => {
    const octet = (): number => Math.floor(random() * 256);
    const others = Array.from({ length: 2000 }, () => `198.18.${octet()}.${octet()}`);
    const networks = Array.from({ length: 200 }, () => `203.${octet()}.${octet()}.0/24`);
    site.lists.set('bad', columnsFrom([NAMED, ...others, ...networks].slice(0, 900).join('\n')));
  };

  before(async () => {
    boundary = new Boundary();
    await boundary.open();
    const { admin, edge } = boundary;
    const [, link = ''] = /\d+: (v\w+)@/.exec(admin.ip('-o', 'link', 'show', 'type', 'veth')) ?? [];
    for (const [v4, v6] of Object.values(SENDERS)) {
      admin.ip('addr', 'add', `${v4}/24`, 'dev', link);
      admin.ip('addr', 'add', `${v6}/64`, 'dev', link, 'nodad');
    }
    // A sender that is dropped cannot ask for its neighbour either.
    const [, own = ''] = /(v\w+)\s+inet6/.exec(edge.ip('-o', '-6', 'addr', 'show', 'to', EDGE.v6)) ?? [];
    const [, mac = ''] = /ether (\S+)/.exec(edge.ip('link', 'show', 'dev', own)) ?? [];
    admin.ip('neigh', 'replace', EDGE.v6, 'lladdr', mac, 'dev', link, 'nud', 'permanent');
    await edge.run('nft', countingTable(EVERYBODY));
    site = new FirewallSite();
    renew();
    site.lists.set('good', columnsFrom(SENDERS.allowed.join('\n')));
    site.lists.set('watch', columnsFrom(SENDERS.counted.join('\n')));
    firewall = await site.open(edge.name, CONTENT);
    await firewall.enable();
    await changed();
  });
  after(async () => {
    await firewall?.close();
    boundary?.[Symbol.dispose]();
  });

  const changed = async (): Promise<void> => {
    const done = await firewall.lists.changed();
    assert.ok(done.ok, done.ok ? '' : done.public);
  };

  test(`through ${SWITCHES} new generations no packet of whom all name passes, and allow lists win`, async (t) => {
    const stop = await hammer(boundary.admin, EVERYBODY, TARGETS);
    for (let i = 0; i < SWITCHES; i++) {
      renew();
      await changed();
      if (i % 5 === 4) firewall.drifted();
    }
    await stop();
    const counts = await countedPackets(boundary.edge);
    const count = (what: string, ip: string): number => counts.get(`${what} ${ip}`) ?? -1;
    for (const ip of EVERYBODY) {
      assert.ok(count('came', ip) > 100, ip);
      const isDropped = ([...SENDERS.single, ...SENDERS.network] as readonly string[]).includes(ip);
      assert.equal(count('passed', ip), isDropped ? 0 : count('came', ip), ip);
    }
    t.diagnostic(`${[...counts.values()].reduce((sum, one) => sum + one, 0)} packets counted`);
  });

  test('each list counts its packets, the one that only counts too', async () => {
    const came = await countedPackets(boundary.edge);
    const packets = await firewall.lists.packets();
    const check = (list: string, ips: readonly string[]): void => {
      const sent = ips.reduce((all, ip) => all + (came.get(`came ${ip}`) ?? 0), 0);
      // Beside the datagrams their senders answer for their addresses.
      const beside = (packets.get(list)?.packets ?? 0) - sent;
      assert.ok(beside >= 0 && beside < 100, `${list}: ${beside}`);
    };
    check('bad', [...SENDERS.single, ...SENDERS.network]);
    check('good', SENDERS.allowed);
    check('watch', SENDERS.counted);
    const { packets: some = 0, bytes = 0 } = packets.get('bad') ?? {};
    assert.ok(bytes > some * 28);
  });

  test('only the sets of the generation in force are left in the kernel', async () => {
    await changed();
    const table = await boundary.edge.run('nft', '-t', 'list', 'table', 'inet', 'bartizan');
    const sets = [...table.matchAll(/set (bad\w+) /g)].map(([, name]) => name);
    const expected = firewall.lists.expected().map(({ name }) => name);
    assert.deepEqual([...sets].sort(), expected.filter((name) => name.startsWith('bad')).sort());
  });

  test('to switch to a new generation is told nobody as damage', async () => {
    site.reports.splice(0);
    renew();
    await changed();
    const { fingerprints } = site;
    await waitFor('the firewall to look', () => site.fingerprints > fingerprints || undefined);
    await changed();
    assert.deepEqual([site.reports, firewall.enforced()?.ratio], [[], 1]);
  });

  test('a set that somebody flushed is filled again', async () => {
    for (const { name } of firewall.lists.expected()) {
      await boundary.edge.run('nft', 'flush', 'set', 'inet', 'bartizan', name);
    }
    firewall.drifted();
    await firewall.enable();
    await changed();
    const table = await boundary.edge.run('nft', 'list', 'table', 'inet', 'bartizan');
    for (const [v4] of [SENDERS.single, SENDERS.counted]) assert.match(table, new RegExp(`${v4}\\b`));
    assert.match(table, /192\.0\.2\.32\/29/);
  });
});
