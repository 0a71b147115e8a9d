import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import type { FirewallContent, KernelFirewall } from '../../actors/firewall/index.ts';
import { contentId, type DecisionId } from '../../core/base/ids.ts';
import { type Ip, parseCidr } from '../../core/base/ip.ts';
import { millis, minutes } from '../../core/base/time.ts';
import { FirewallSite } from '../support/firewall-site.ts';
import { NetworkNamespace, namespacesUnavailable } from '../support/network-namespace.ts';

const CONFIRMED: FirewallContent = {
  infra: ['192.0.2.1', '10.0.0.0/8', '2001:db8::/64', '240.0.0.0/4'],
  denied: ['0.0.0.0/0', '::/0'],
};
const CANDIDATE: FirewallContent = { infra: ['192.0.2.1'], denied: ['203.0.113.0/24'] };
const JUDGING: FirewallContent = {
  infra: ['192.0.2.1'],
  denied: [],
  features: {
    restrictedTcp: [{ first: 2087, last: 2087 }],
    synRate: { packets: 100, per: 'second', burst: 200 },
    connRate: { packets: 200, per: 'minute', burst: 200 },
    connLimit: 400,
    portFlood: [{ protocol: 'tcp', port: 25, rate: { packets: 2, per: 'second', burst: 600 } }],
    udpRate: { packets: 100, per: 'second', burst: 500 },
    icmp: { packets: 10, per: 'second', burst: 10 },
    open: {
      tcp: [
        { first: 22, last: 22 },
        { first: 80, last: 81 },
      ],
      udp: [{ first: 53, last: 53 }],
    },
    log: { perMinute: 60 },
    counting: ['udp_flood', 'conn_rate'],
  },
};
const TRIAL = { left: () => minutes(5) };

/** The table as nft tells it, without what differs from one making to the next. */
function tableAs(namespace: NetworkNamespace): readonly unknown[] {
  const { nftables } = JSON.parse(namespace.exec('nft', ['-j', 'list', 'table', 'inet', 'bartizan'])) as {
    readonly nftables: readonly Record<string, Record<string, unknown>>[];
  };
  return nftables
    .filter((entry) => !('metainfo' in entry))
    .map((entry) =>
      JSON.parse(JSON.stringify(entry, (key, value) => (key === 'handle' || key === 'expires' ? undefined : value))),
    )
    .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1));
}

/** Those that packets come to, and where these lead, with their rules. */
const chainsOf = (namespace: NetworkNamespace): readonly string[] => {
  const text = namespace.exec('nft', ['-s', 'list', 'table', 'inet', 'bartizan']);
  const chains = new Map([...text.matchAll(/^\tchain (\w+) \{.*?^\t\}/gms)].map(([all, name = '']) => [name, all]));
  const hooked = [...chains.values()].filter((chain) => chain.includes('hook'));
  const led = hooked.flatMap((chain) =>
    [...chain.matchAll(/goto (\w+)/g)].map(([, name = '']) => chains.get(name) ?? ''),
  );
  return [...hooked, ...led].sort();
};

describe('texts for nft -f', { skip: namespacesUnavailable() }, () => {
  let engine: NetworkNamespace;
  let booted: NetworkNamespace;
  let site: FirewallSite;
  let firewall: KernelFirewall;
  before(async () => {
    engine = new NetworkNamespace('engine');
    booted = new NetworkNamespace('booted');
    site = new FirewallSite();
    const [net] = [parseCidr('198.51.100.0/24')];
    site.allowed = net.ok ? [net.value] : [];
    site.atPorts = [
      { subject: '198.51.100.9', port: { protocol: 'tcp', port: 443 } },
      { subject: '2001:db8::9', port: { protocol: 'udp', port: 53 } },
    ];
    firewall = await site.open(engine.name, CONFIRMED);
    await firewall.enable();
  });
  after(async () => {
    await firewall?.close();
    booted?.dispose();
    engine?.dispose();
  });
  const load = (namespace: NetworkNamespace, text: string) => namespace.exec('nft', ['-f', '-'], text);
  const confirmedText = async (): Promise<string> => {
    await firewall.flushed();
    return site.folder.files.get('confirmed.nft') ?? '';
  };
  const elements = (namespace: NetworkNamespace, set: string): string =>
    namespace.exec('nft', ['list', 'set', 'inet', 'bartizan', set]);

  test('confirmed.nft makes an empty kernel hold what the engine makes, and so again', async () => {
    for (const time of ['first', 'second']) {
      load(booted, await confirmedText());
      assert.deepEqual(tableAs(booted), tableAs(engine), time);
    }
    assert.match(elements(booted, 'allowed4'), /198\.51\.100\.0\/24/);
    assert.match(elements(booted, 'allowed_ports4'), /198\.51\.100\.9 \. tcp \. 443/);
    assert.match(elements(booted, 'allowed_ports6'), /2001:db8::9 \. udp \. 53/);
  });

  test('the engine takes up what nft has loaded as it is, blocks of the plain file included', async () => {
    const block = {
      ip: '203.0.113.9' as Ip,
      id: contentId(millis(1), ['x']) as DecisionId,
      expiresAt: 'never' as const,
    };
    load(booted, `${await confirmedText()}add element inet bartizan blocked4 { 203.0.113.9 comment "${block.id}" }\n`);
    const second = new FirewallSite();
    second.allowed = site.allowed;
    second.atPorts = site.atPorts;
    const restarted = await second.open(booted.name, CONFIRMED);
    await restarted.enable();
    assert.equal(restarted.state(), 'enforcing');
    assert.deepEqual([...second.blocks.values()], [block]);
    assert.deepEqual(
      tableAs(booted).filter((entry) => !JSON.stringify(entry).includes('blocked4')),
      tableAs(engine).filter((entry) => !JSON.stringify(entry).includes('blocked4')),
    );
    await restarted.close();
  });

  test('confirmed.nft does not tell of a trial, and follows its confirmation', async () => {
    const before = await confirmedText();
    assert.ok((await firewall.arm(CANDIDATE, TRIAL)).ok);
    assert.equal(await confirmedText(), before);
    assert.ok((await firewall.confirm()).ok);
    load(booted, await confirmedText());
    assert.deepEqual(tableAs(booted), tableAs(engine));
    assert.notEqual(await confirmedText(), before);
    assert.ok((await firewall.follow(CONFIRMED)).ok);
    assert.equal(await confirmedText(), before);
  });

  for (const [what, judged] of [
    ['in the midst of a trial', async () => firewall.arm(CANDIDATE, TRIAL)],
    [
      'after a confirmation',
      async () => {
        await firewall.arm(CANDIDATE, TRIAL);
        return firewall.confirm();
      },
    ],
    ['where nothing has changed', async () => firewall.follow(CONFIRMED)],
  ] as const) {
    test(`ruleset.nft puts the rules back and keeps blocked and allowed: ${what}`, async () => {
      const block = {
        ip: '203.0.113.7' as Ip,
        id: contentId(millis(1), ['y']) as DecisionId,
        expiresAt: 'never' as const,
      };
      assert.ok((await firewall.enforce([block])).ok);
      const text = firewall.rulesetText(CONFIRMED);
      assert.ok((await judged()).ok);
      load(engine, text);
      const rules = engine.exec('nft', ['list', 'chain', 'inet', 'bartizan', 'guard']);
      load(booted, text);
      assert.equal(
        rules,
        booted
          .exec('nft', ['list', 'chain', 'inet', 'bartizan', 'guard'])
          .replace(/packets \d+ bytes \d+/g, 'packets 0 bytes 0'),
      );
      assert.match(elements(engine, 'blocked4'), /203\.0\.113\.7/);
      assert.match(elements(engine, 'allowed4'), /198\.51\.100\.0\/24/);
      assert.doesNotMatch(engine.exec('nft', ['list', 'table', 'inet', 'bartizan']), /(set|chain) trial/);
      firewall.drifted();
      await firewall.enable();
      await firewall.abandon();
      assert.deepEqual(await firewall.judged(), { ok: true, value: 'confirmed' });
      await firewall.follow(CONFIRMED);
      assert.ok((await firewall.release([block.ip])).ok);
    });
  }

  test('ruleset.nft makes rules in an empty kernel, too', async () => {
    booted.exec('nft', ['flush', 'ruleset']);
    load(booted, firewall.rulesetText(CONFIRMED));
    assert.equal(
      booted.exec('nft', ['list', 'chain', 'inet', 'bartizan', 'guard']),
      engine.exec('nft', ['list', 'chain', 'inet', 'bartizan', 'guard']),
    );
  });

  test('features make of the text what they make of the declaration, and leave nothing behind that judges', async () => {
    assert.ok((await firewall.follow(JUDGING)).ok);
    load(booted, await confirmedText());
    assert.deepEqual(tableAs(booted), tableAs(engine));
    for (const confirmed of [CONFIRMED, JUDGING]) {
      assert.ok((await firewall.follow(confirmed)).ok);
      const text = firewall.rulesetText(confirmed);
      const rules = chainsOf(engine);
      const candidate =
        confirmed === JUDGING ? CONFIRMED : { ...JUDGING, features: { ...JUDGING.features, connLimit: 5 } };
      assert.ok((await firewall.arm(candidate, TRIAL)).ok);
      load(engine, text);
      assert.deepEqual(chainsOf(engine), rules);
      firewall.drifted();
      await firewall.enable();
      assert.ok((await firewall.abandon()).ok);
      assert.deepEqual(chainsOf(engine), rules);
    }
    assert.ok((await firewall.follow(CONFIRMED)).ok);
    const adopted = [...site.blocks.keys()];
    site.blocks.clear();
    assert.ok((await firewall.release(adopted)).ok);
  });

  test('20,000 networks load as text', async () => {
    const infra = Array.from({ length: 10_000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/25`);
    const denied = Array.from({ length: 10_000 }, (_, i) => `2001:db8:${i.toString(16)}::/49`);
    assert.ok((await firewall.follow({ infra, denied })).ok);
    load(booted, await confirmedText());
    assert.deepEqual(tableAs(booted), tableAs(engine));
    load(engine, firewall.rulesetText({ infra, denied }));
    assert.deepEqual(await firewall.isJudging({ infra, denied }), { ok: true, value: true });
    assert.ok((await firewall.follow(CONFIRMED)).ok);
  });
});
