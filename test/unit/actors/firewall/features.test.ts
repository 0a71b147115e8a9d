import assert from 'node:assert/strict';
import { beforeEach, describe, test } from 'node:test';
import { createFirewall, type FirewallContent, type KernelFirewall } from '../../../../actors/firewall/index.ts';
import { millis, seconds } from '../../../../core/base/time.ts';
import { hostFeaturesOf } from '../../../../core/config/firewall-features.ts';
import type { HostFeatures } from '../../../../core/respond/host-features.ts';
import { FakeKernel } from '../../../../native/nft/fake.ts';
import type { FakePacket } from '../../../../native/nft/fake-judge.ts';
import { Books } from '../../../support/change/settings-parts.ts';
import { MemoryFolder } from '../../../support/memory-folder.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';
import { loaded } from '../../core/config/surroundings.ts';

const PEERS = { 4: '198.51.100.7', 6: '2001:db8:7::7' } as const;
const FAMILIES = [4, 6] as const;

describe('features', () => {
  let clock: SimulatedClock;
  let kernel: FakeKernel;
  let books: Books;
  let firewall: KernelFirewall;
  let folder: MemoryFolder;

  const open = (content: FirewallContent): KernelFirewall =>
    createFirewall({
      nft: kernel.open(),
      clock,
      log: () => {},
      desired: books,
      folder,
      settings: { table: 'bartizan', maxBlocks: 1000, content },
    });

  beforeEach(() => {
    clock = new SimulatedClock();
    kernel = new FakeKernel(clock, ['192.0.2.10']);
    books = new Books();
    folder = new MemoryFolder();
  });

  /** What the firewall's settings, as YAML, make of the content. */
  function contentOf(yaml: string): FirewallContent {
    const features = hostFeaturesOf(loaded(`firewall: { ${yaml} }\n`).config.firewall);
    return { infra: ['192.0.2.1', '2001:db8::1'], denied: [], ...(features === undefined ? {} : { features }) };
  }

  async function enforcing(yaml: string): Promise<void> {
    firewall = open(contentOf(yaml));
    await firewall.enable();
    assert.equal(firewall.state(), 'enforcing', firewall.error());
  }

  const syn = (dport: number, saddr: string): FakePacket => ({
    iif: 'eth0',
    saddr,
    protocol: 'tcp',
    dport,
    flags: ['syn'],
  });
  const udp = (dport: number, saddr: string, ct: FakePacket['ct'] = 'new'): FakePacket => ({
    iif: 'eth0',
    saddr,
    protocol: 'udp',
    dport,
    ct,
  });
  const icmp = (family: 4 | 6, icmpType: number, saddr: string = PEERS[family]): FakePacket => ({
    iif: 'eth0',
    saddr,
    protocol: family === 4 ? 'icmp' : 'icmpv6',
    icmpType,
    // What conntrack makes of the second echo request of a `ping` that was answered.
    ct: 'established',
  });
  /** How many of so many packets get in. */
  const passed = (count: number, packet: FakePacket): number =>
    Array.from({ length: count }, () => kernel.judge(packet)).filter((verdict) => verdict === 'accept').length;
  const counts = async () =>
    Object.fromEntries(
      (await firewall.featureCounts()).map((one) => [`${one.feature} ${one.isCounting}`, one.packets]),
    );

  test('nothing is judged, nor a hook taken, unless it is set', async () => {
    assert.equal(
      contentOf('tcp_in: [22], udp_flood_rate: 5, log_dropped: true, count_only: [icmp_policy]').features,
      undefined,
    );
    await enforcing('');
    assert.ok(
      !firewall.rulesetText(contentOf('')).includes('type filter hook input priority -5; policy accept;\n    iif'),
    );
    assert.equal(passed(1000, syn(22, PEERS[4])), 1000);
  });

  for (const family of FAMILIES) {
    const peer = PEERS[family];
    const neighbour = family === 4 ? '198.51.100.8' : '2001:db8:8::7';
    const name = `IPv${family}`;

    test(`SYN beyond the rate of a source are dropped, and come again with time, ${name}`, async () => {
      await enforcing('syn_flood_protection: true, syn_flood_rate: 10, syn_flood_burst: 20');
      assert.equal(passed(50, syn(22, peer)), 20);
      assert.equal(passed(5, syn(22, neighbour)), 5, 'another source has a bucket of its own');
      assert.equal(
        passed(5, { ...syn(22, peer), flags: ['ack'], ct: 'established' }),
        5,
        'what is established goes on',
      );
      clock.advance(1000);
      assert.equal(passed(50, syn(22, peer)), 10);
      assert.deepEqual(await counts(), { 'syn_flood false': 70 });
    });

    test(`new connections beyond the rate are dropped, ${name}`, async () => {
      await enforcing('conn_rate_limit: 30');
      assert.equal(passed(40, syn(443, peer)), 30);
      assert.equal(passed(40, udp(443, peer)), 40, 'of TCP alone');
      clock.advance(10_000);
      assert.equal(passed(40, syn(443, peer)), 5);
    });

    test(`a source has so many connections at a time, ${name}`, async () => {
      await enforcing('conn_limit: 3');
      const connection = (nth: number): FakePacket => ({ ...syn(443, peer), connection: `c${nth}` });
      const judge = (nth: number) => kernel.judge(connection(nth));
      assert.deepEqual([1, 2, 3, 4].map(judge), ['accept', 'accept', 'accept', 'drop']);
      kernel.end('c2');
      assert.deepEqual([4, 5].map(judge), ['accept', 'drop']);
    });

    test(`a port has bounds of its own, ${name}`, async () => {
      await enforcing(
        'port_flood: [{ port: 25, proto: tcp, hits: 5, seconds: 300 }, { port: 53, proto: udp, hits: 7, seconds: 2 }]',
      );
      assert.deepEqual(
        [passed(20, syn(25, peer)), passed(20, syn(26, peer)), passed(20, udp(53, peer)), passed(20, udp(25, peer))],
        [5, 20, 7, 20],
      );
      clock.advance(60_000);
      assert.deepEqual([passed(20, syn(25, peer)), passed(20, udp(53, peer))], [1, 7]);
    });

    test(`UDP that nobody answers is bounded, answered exchanges are not, ${name}`, async () => {
      await enforcing('udp_flood: true, udp_flood_rate: 10, udp_flood_burst: 15');
      assert.equal(passed(100, udp(5000, peer)), 15);
      assert.equal(passed(100, udp(5000, peer, 'established')), 100);
    });

    test(`echo requests are bounded, errors and neighbours never, ${name}`, async () => {
      const echo = family === 4 ? 8 : 128;
      const needed = family === 4 ? [3, 11, 12] : [1, 2, 3, 4, 133, 134, 135, 136, 143];
      await enforcing('icmp: limit, icmp_rate: 5');
      assert.equal(passed(20, icmp(family, echo)), 5);
      for (const type of needed) assert.equal(passed(50, icmp(family, type)), 50, `${type}`);
      await firewall.follow(contentOf('icmp: needed'));
      assert.equal(passed(20, icmp(family, echo)), 0);
      assert.equal(passed(5, { ...icmp(family, 13), ct: 'new' }), 0);
      assert.equal(passed(5, icmp(family, family === 4 ? 0 : 129)), 5, 'answers to our own');
      for (const type of needed) assert.equal(passed(50, { ...icmp(family, type), ct: 'new' }), 50, `${type}`);
    });

    test(`with open ports all else is closed, answers, ICMP and DHCP are not, ${name}`, async () => {
      await enforcing(
        'default: drop, tcp_in: [22, 80, 81], udp_in: [53], passive_ftp_start: 49152, passive_ftp_end: 50000',
      );
      const tcp = (...ports: readonly number[]) => ports.map((port) => kernel.judge(syn(port, peer)));
      assert.deepEqual(tcp(22, 81, 49_152, 50_000), ['accept', 'accept', 'accept', 'accept']);
      assert.deepEqual(tcp(23, 82, 49_151, 50_001, 9443), ['drop', 'drop', 'drop', 'drop', 'drop']);
      assert.deepEqual([passed(1, udp(53, peer)), passed(1, udp(54, peer))], [1, 0]);
      assert.equal(passed(1, udp(family === 4 ? 68 : 546, peer)), 1, 'DHCP');
      assert.equal(passed(1, udp(33_000, peer, 'established')), 1, 'an answer');
      assert.equal(passed(1, { ...icmp(family, 8), ct: 'new' }), 1);
      assert.equal(passed(1, { iif: 'eth0', saddr: peer }), 0, 'any other protocol');
      assert.equal(passed(1, { ...syn(23, peer), iif: 'lo' }), 1);
      assert.equal(
        kernel.judge(syn(23, peer), 'forward'),
        'accept',
        'neighbours behind this host are their own business',
      );
      assert.deepEqual(await counts(), { 'default_drop false': 7 });
    });

    test(`restricted ports are for infra and whom is allowed, ${name}`, async () => {
      await enforcing('restricted_tcp: [2087, 9443]');
      const infra = family === 4 ? '192.0.2.1' : '2001:db8::1';
      assert.deepEqual(
        [syn(2087, peer), syn(2087, infra), syn(2088, peer)].map((one) => kernel.judge(one)),
        ['drop', 'accept', 'accept'],
      );
      books.atPorts = [{ subject: peer, port: { protocol: 'tcp', port: 2087 } }];
      await firewall.letIn();
      assert.deepEqual(
        [syn(2087, peer), syn(9443, peer)].map((one) => kernel.judge(one)),
        ['accept', 'drop'],
      );
    });

    test(`an address that is let in to a port gets in to it though it is blocked, ${name}`, async () => {
      const content = contentOf('');
      firewall = open({ ...content, denied: ['0.0.0.0/0', '::/0'] });
      books.atPorts = [{ subject: peer, port: { protocol: 'tcp', port: 443 } }];
      await firewall.enable();
      const judged = () => [syn(443, peer), syn(80, peer), udp(443, peer)].map((one) => kernel.judge(one));
      assert.deepEqual(judged(), ['accept', 'drop', 'drop']);
      assert.equal(kernel.judge(syn(443, peer), 'forward'), 'accept', 'and to neighbours behind this host');
      books.atPorts = [];
      await firewall.letIn();
      assert.deepEqual(judged(), ['drop', 'drop', 'drop']);
    });
  }

  test('the addresses of an IPv6 /64 are one source', async () => {
    await enforcing('conn_rate_limit: 10');
    const from = (nth: number) => syn(443, `2001:db8:7::${nth}`);
    const all = Array.from({ length: 20 }, (_, i) => kernel.judge(from(i + 1)));
    assert.equal(all.filter((verdict) => verdict === 'accept').length, 10);
  });

  test('what only counts lets pass, and says what it would have dropped', async () => {
    await enforcing(
      'default: drop, conn_rate_limit: 10, icmp: needed, restricted_tcp: [23], count_only: [default_drop, conn_rate, icmp_policy, restricted_tcp]',
    );
    assert.equal(passed(15, syn(23, PEERS[4])), 15);
    assert.equal(passed(3, icmp(4, 8)) + passed(2, { ...icmp(4, 8), ct: 'new' }), 5);
    assert.deepEqual(await counts(), {
      'icmp_policy true': 5,
      'restricted_tcp true': 15,
      'conn_rate true': 5,
      'default_drop true': 15,
    });
  });

  test('what is dropped is logged, each feature for itself and no more than it may; what only counts is not', async () => {
    await enforcing(
      'default: drop, restricted_tcp: [23], conn_rate_limit: 200, log_dropped: true, log_rate: 3, count_only: [conn_rate]',
    );
    assert.equal(passed(10, syn(23, PEERS[4])) + passed(10, syn(24, PEERS[6])), 0);
    const prefixes = kernel.logged.map(({ prefix, to }) => `${prefix}${to}`);
    assert.deepEqual(prefixes.sort(), [
      ...Array(3).fill('bartizan-drop default_drop: kernel'),
      ...Array(3).fill('bartizan-drop restricted_tcp: kernel'),
    ]);
    await firewall.follow(contentOf('default: drop, log_dropped: true, log_group: 7'));
    kernel.judge(syn(23, PEERS[4]));
    assert.equal(kernel.logged.at(-1)?.to, 7);
  });

  const lasting = (length: number) => {
    const end = clock.now() + length;
    return { left: () => millis(end - clock.now()) };
  };

  for (const { before, after } of [
    { before: '', after: 'default: drop' },
    { before: 'default: drop, tcp_in: [22], log_dropped: true', after: 'restricted_tcp: [22], log_dropped: true' },
    { before: 'conn_rate_limit: 100', after: 'conn_rate_limit: 1' },
  ])
    test(`features on trial judge until its end, whoever is alive: ${before || 'none'}, then ${after}`, async () => {
      await enforcing(before);
      const knock = () => kernel.judge(syn(22, PEERS[4]));
      assert.equal(knock(), 'accept');
      const candidate = contentOf(after);
      assert.ok((await firewall.arm(candidate, lasting(seconds(10)))).ok);
      assert.deepEqual(await firewall.isJudging(candidate), { ok: true, value: true });
      knock();
      assert.equal(knock(), 'drop');
      await firewall.close();
      clock.advance(9999);
      assert.equal(knock(), 'drop');
      clock.advance(1);
      assert.equal(knock(), 'accept');
    });

  test('a confirmed candidate keeps its features, an abandoned one takes its chain along', async () => {
    await enforcing('');
    const candidate = contentOf('default: drop, conn_limit: 5, log_dropped: true');
    await firewall.arm(candidate, lasting(10_000));
    assert.ok((await firewall.confirm()).ok);
    clock.advance(60_000);
    assert.equal(kernel.judge(syn(23, PEERS[4])), 'drop');
    await firewall.arm(contentOf(''), lasting(10_000));
    assert.equal(kernel.judge(syn(23, PEERS[4])), 'accept');
    assert.ok((await firewall.abandon()).ok);
    assert.equal(kernel.judge(syn(23, PEERS[4])), 'drop');
    await firewall.follow(contentOf(''));
    assert.equal(kernel.judge(syn(23, PEERS[4])), 'accept');
    assert.deepEqual(await firewall.featureCounts(), []);
  });

  test('sources that are counted, and what was counted, outlive a change of other settings', async () => {
    await enforcing('conn_rate_limit: 10');
    assert.equal(passed(15, syn(443, PEERS[4])), 10);
    await firewall.follow({ ...contentOf('conn_rate_limit: 10, restricted_tcp: [1]'), denied: ['203.0.113.0/24'] });
    assert.equal(passed(5, syn(443, PEERS[4])), 0);
    assert.deepEqual(await counts(), { 'conn_rate false': 10, 'restricted_tcp false': 0 });
    await firewall.follow(contentOf('conn_rate_limit: 20'));
    assert.equal(passed(25, syn(443, PEERS[4])), 20, 'another bound begins anew');
  });

  test('every feature at once, and as many ports as may be, is a table that the kernel takes', async () => {
    const floods = Array.from(
      { length: 50 },
      (_, i) => `{ port: ${65_535 - i}, proto: udp, hits: 1000000, seconds: 7 }`,
    );
    const all = `default: drop, tcp_in: [${Array.from({ length: 1000 }, (_, i) => 2 * i + 1).join()}], udp_in: [1],
    restricted_tcp: [7], conn_rate_limit: 1000000, conn_limit: 1000000, syn_flood_protection: true,
    syn_flood_rate: 1, syn_flood_burst: 50000, udp_flood: true, icmp: limit, icmp_rate: 1, log_dropped: true,
    log_rate: 60000, port_flood: [${floods.join(', ')}]`;
    await enforcing(all);
    assert.ok((await firewall.arm(contentOf(`${all}, log_group: 1`), lasting(1000))).ok);
  });

  test('what judges alike is the same, however it is written', () => {
    const same = (a: string, b: string) => assert.deepEqual(contentOf(a).features, contentOf(b).features);
    same('tcp_in: [22, 80, 81], default: drop', 'default: drop, tcp_in: [81, 80, 22, 22]');
    same(
      'passive_ftp_start: 2000, passive_ftp_end: 3000, default: drop',
      'default: drop, passive_ftp_end: 3000, passive_ftp_start: 2000',
    );
    const empty: HostFeatures | undefined = contentOf('passive_ftp_start: 2000, passive_ftp_end: 3000').features;
    assert.equal(empty, undefined);
  });
});
