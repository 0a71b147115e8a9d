/** What the firewall's features let in and drop, by real packets of both families. */
import assert from 'node:assert/strict';
import type { ChildProcess } from 'node:child_process';
import { after, before, describe, test } from 'node:test';
import type { FirewallContent, KernelFirewall } from '../../actors/firewall/index.ts';
import { minutes } from '../../core/base/time.ts';
import { hostFeaturesOf } from '../../core/config/firewall-features.ts';
import { FirewallSite } from '../support/firewall-site.ts';
import { Held, knock, serve } from '../support/knocker.ts';
import { NetworkNamespace, namespacesUnavailable, waitUntil } from '../support/network-namespace.ts';
import { loaded } from '../unit/core/config/surroundings.ts';

const EDGE = { 4: '192.0.2.1', 6: '2001:db8::1' } as const;
const PEER = { 4: '192.0.2.2', 6: '2001:db8::2' } as const;
const PORTS = [22, 23, 80, 2087];
/** Packets that a bucket may gain while a test sends them. */
const GAINED = 2;

function contentOf(yaml: string): FirewallContent {
  const features = hostFeaturesOf(loaded(`firewall: { ${yaml} }\n`).config.firewall);
  return { infra: [], denied: [], ...(features === undefined ? {} : { features }) };
}

function atLeast(many: number, least: number, what: string): void {
  assert.ok(many >= least && many <= least + GAINED, `${what}: ${many} got in, not ${least}`);
}

describe('features of the firewall', { skip: namespacesUnavailable() }, () => {
  let edge: NetworkNamespace;
  let peer: NetworkNamespace;
  let site: FirewallSite;
  let firewall: KernelFirewall;
  const servers: ChildProcess[] = [];

  before(async () => {
    edge = new NetworkNamespace('edge');
    peer = new NetworkNamespace('peer');
    edge.ip('link', 'add', 'inside', 'type', 'veth', 'peer', 'name', 'outside', 'netns', peer.name);
    for (const [namespace, link, of] of [
      [edge, 'inside', EDGE],
      [peer, 'outside', PEER],
    ] as const) {
      namespace.ip('addr', 'add', `${of[4]}/24`, 'dev', link);
      namespace.ip('addr', 'add', `${of[6]}/64`, 'dev', link, 'nodad');
      namespace.ip('link', 'set', link, 'up');
    }
    servers.push(await serve(edge, PORTS), await serve(peer, [7]));
    site = new FirewallSite();
    firewall = await site.open(edge.name, contentOf(''));
    await firewall.enable();
    assert.equal(firewall.state(), 'enforcing', firewall.error());
    await waitUntil('the link is up', 5000, () => [4, 6].every((family) => from(family as 4 | 6).tcp(22) === 1));
  });
  after(async () => {
    await firewall?.close();
    for (const server of servers) server.kill();
    peer?.dispose();
    edge?.dispose();
  });

  const from = (family: 4 | 6) => {
    const at =
      (how: 'tcp' | 'udp' | 'echo') =>
      (port: number, count = 1) =>
        knock(peer, how, { to: EDGE[family], port, count });
    return { tcp: at('tcp'), udp: at('udp'), echo: (count: number) => at('echo')(0, count) };
  };
  const set = async (yaml: string): Promise<void> => {
    // Connections that stand, and sources that are counted, are nobody's of the next test.
    await firewall.follow(contentOf(''));
    assert.ok((await firewall.follow(contentOf(yaml))).ok, firewall.error());
  };
  const counted = async (name: string): Promise<number> =>
    (await firewall.featureCounts()).find(({ feature }) => feature === name)?.packets ?? 0;

  for (const family of [4, 6] as const) {
    const { tcp, udp, echo } = from(family);

    test(`open ports, IPv${family}: what is asked for gets in, all else is dropped, neighbours are found anew`, async () => {
      await set('default: drop, tcp_in: [22], udp_in: [80]');
      assert.deepEqual([tcp(22), tcp(23), udp(80), udp(23), echo(1)], [1, 0, 1, 0, 1]);
      assert.ok((await counted('default_drop')) >= 2);
      edge.ip('neigh', 'flush', 'all');
      peer.ip('neigh', 'flush', 'all');
      assert.equal(tcp(22), 1);
      assert.equal(knock(edge, 'tcp', { to: PEER[family], port: 7 }), 1, 'what this host asks is answered');
      assert.equal(knock(edge, 'udp', { to: PEER[family], port: 7 }), 1);
      assert.equal(knock(edge, 'tcp', { to: EDGE[family], port: 23 }), 1, 'loopback');
    });

    test(`restricted ports, IPv${family}: for whom is allowed, everywhere or there`, async () => {
      await set('restricted_tcp: [2087, 2000]');
      assert.deepEqual([tcp(2087), tcp(22)], [0, 1]);
      site.atPorts = [{ subject: PEER[family], port: { protocol: 'tcp', port: 2087 } }];
      assert.ok((await firewall.letIn()).ok);
      assert.equal(tcp(2087), 1);
      assert.ok((await firewall.follow({ ...contentOf(''), denied: ['0.0.0.0/0', '::/0'] })).ok);
      assert.deepEqual([tcp(2087), tcp(22)], [1, 0], 'and past what is denied');
      site.atPorts = [];
      assert.ok((await firewall.letIn()).ok);
      assert.equal(tcp(2087), 0);
    });

    test(`SYN of a source, IPv${family}`, async () => {
      await set('syn_flood_protection: true, syn_flood_rate: 1, syn_flood_burst: 20');
      atLeast(tcp(80, 60), 20, 'SYN');
      assert.ok((await counted('syn_flood')) >= 38);
    });

    test(`new connections of a source, IPv${family}`, async () => {
      await set('conn_rate_limit: 15');
      atLeast(tcp(80, 40), 15, 'connections');
      assert.equal(udp(80, 40), 40);
    });

    test(`connections of a source at a time, IPv${family}`, async () => {
      await set('conn_limit: 6');
      assert.equal(tcp(23, 20), 6);
    });

    test(`the bound of a port, IPv${family}`, async () => {
      await set(
        'port_flood: [{ port: 80, proto: tcp, hits: 5, seconds: 300 }, { port: 22, proto: udp, hits: 9, seconds: 9 }]',
      );
      atLeast(tcp(80, 20), 5, 'TCP');
      atLeast(udp(22, 20), 9, 'UDP');
      assert.deepEqual([tcp(22, 20), udp(80, 20)], [20, 20]);
    });

    test(`UDP of a source, IPv${family}`, async () => {
      await set('udp_flood: true, udp_flood_rate: 1, udp_flood_burst: 10');
      atLeast(udp(80, 40), 10, 'datagrams');
      assert.equal(tcp(80, 20), 20);
    });

    test(`echo requests, IPv${family}: bounded, and none where only what is needed gets in`, async () => {
      await set('icmp: limit, icmp_rate: 5');
      atLeast(echo(40), 5, 'echo requests');
      await set('icmp: needed');
      assert.equal(echo(5), 0);
      edge.ip('neigh', 'flush', 'all');
      peer.ip('neigh', 'flush', 'all');
      assert.deepEqual([tcp(22), knock(edge, 'echo', { to: PEER[family] })], [1, 1]);
    });

    test(`what only counts, IPv${family}`, async () => {
      await set('default: drop, conn_rate_limit: 5, count_only: [default_drop, conn_rate]');
      assert.equal(tcp(23, 20), 20);
      assert.deepEqual(
        (await firewall.featureCounts()).map(({ feature, isCounting }) => `${feature} ${isCounting}`),
        ['conn_rate true', 'default_drop true'],
      );
      assert.ok((await counted('conn_rate')) >= 14);
      assert.ok((await counted('default_drop')) >= 20);
    });
  }

  test('the addresses of an IPv6 /64 are one source', async () => {
    peer.ip('addr', 'add', '2001:db8::3/64', 'dev', 'outside', 'nodad');
    await set('udp_flood: true, udp_flood_rate: 1, udp_flood_burst: 10');
    const all = from(6).udp(80, 8);
    peer.ip('addr', 'del', '2001:db8::2/64', 'dev', 'outside');
    const more = from(6).udp(80, 8);
    peer.ip('addr', 'add', '2001:db8::2/64', 'dev', 'outside', 'nodad');
    peer.ip('addr', 'del', '2001:db8::3/64', 'dev', 'outside');
    atLeast(all + more, 10, 'datagrams');
  });

  test('a trial that closes a port ends, and its chains with it', async () => {
    await set('');
    assert.ok((await firewall.arm(contentOf('default: drop, log_dropped: true'), { left: () => minutes(1) })).ok);
    assert.deepEqual([from(4).tcp(22), from(6).tcp(22)], [0, 0]);
    assert.ok((await firewall.abandon()).ok);
    assert.deepEqual([from(4).tcp(22), from(6).tcp(22)], [1, 1]);
    assert.doesNotMatch(edge.exec('nft', ['list', 'table', 'inet', 'bartizan']), /chain (host|trial)/);
  });

  test('what is established goes on when its port is closed', async () => {
    await set('restricted_tcp: [2000]');
    for (const family of [4, 6] as const) {
      const held = await Held.open(peer, EDGE[family], 22);
      assert.ok((await firewall.follow(contentOf('default: drop'))).ok);
      assert.equal(from(family).tcp(22), 0, 'a new one does not get in');
      assert.equal(await held.echo(), '?');
      held.close();
      await set('restricted_tcp: [2000]');
    }
  });
});
