import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { readlinkSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import { seconds } from '../../core/base/time.ts';
import type { TableDeclaration } from '../../native/nft/declaration.ts';
import { openNft } from '../../native/nft/index.ts';
import type { NftPort } from '../../native/nft/port.ts';
import { add, done, keys, refused } from '../contract/nft-suite-ground.ts';
import { NetworkNamespace, namespacesUnavailable } from '../support/network-namespace.ts';

const declared: TableDeclaration = {
  name: 'bartizan',
  sets: [
    { name: 'blocked4', family: 4, interval: false, timeout: true, size: 1000 },
    { name: 'blocked6', family: 6, interval: false, timeout: true },
    { name: 'plain4', family: 4, interval: false, timeout: false },
    { name: 'net4', family: 4, interval: true, timeout: false },
    { name: 'net6', family: 6, interval: true, timeout: true },
  ],
  chains: [
    {
      name: 'pre',
      hook: 'prerouting',
      priority: -190,
      rules: [
        { when: [{ match: 'iif', name: 'lo' }], verdict: 'accept' },
        { when: [{ match: 'saddr', set: 'net4' }], verdict: 'accept' },
        { when: [{ match: 'saddr', set: 'blocked4' }], verdict: 'drop', counter: 'blocked_v4' },
        { when: [{ match: 'saddr', set: 'blocked6' }], verdict: 'drop', counter: 'blocked_v6' },
      ],
    },
    { name: 'own', hook: 'output', priority: 0, rules: [{ when: [{ match: 'saddr', set: 'net6' }], verdict: 'drop' }] },
  ],
};

const WITHOUT_TIME = /(?: timeout [0-9a-z]+)? expires [0-9a-z]+/g;

describe('the ruleset as nft reads it', { skip: namespacesUnavailable() }, () => {
  let namespace: NetworkNamespace;
  let port: NftPort;
  before(async () => {
    namespace = new NetworkNamespace('ruleset');
    port = done(await openNft({ netns: namespace.name }));
    done(await port.ensure(declared));
    done(
      await port.commit('bartizan', [
        add('blocked4', '192.0.2.1', { timeout: seconds(3600), comment: '0198c7d2-4a5e-7cc3 ß🛡' }),
        add('blocked4', '192.0.2.2'),
        add('blocked6', '2001:db8::1', { timeout: seconds(60), comment: 'c'.repeat(128) }),
        add('plain4', '203.0.113.9'),
        add('net4', '10.0.0.0/8', { comment: 'infra' }),
        add('net4', '240.0.0.0/4', { comment: 'top' }),
        add('net6', '2001:db8::/32', { timeout: seconds(60), comment: 'n' }),
        add('net6', 'ff00::/8'),
      ]),
    );
  });
  after(async () => {
    await port?.close();
    namespace?.dispose();
  });
  const ruleset = (): string => namespace.exec('nft', ['list', 'ruleset']);

  test('is what was declared', () => {
    const text = ruleset().replace(/\s+/g, ' ').replace(WITHOUT_TIME, '');
    for (const part of [
      'table inet bartizan {',
      'set blocked4 { type ipv4_addr size 1000 flags timeout',
      'elements = { 192.0.2.1 comment "0198c7d2-4a5e-7cc3 ß🛡", 192.0.2.2 }',
      'set blocked6 { type ipv6_addr flags timeout',
      `2001:db8::1 comment "${'c'.repeat(128)}"`,
      'set plain4 { type ipv4_addr elements = { 203.0.113.9 } }',
      'set net4 { type ipv4_addr flags interval elements = { 10.0.0.0/8 comment "infra", 240.0.0.0/4 comment "top" } }',
      'set net6 { type ipv6_addr flags interval,timeout elements = { 2001:db8::/32 comment "n", ff00::/8 } }',
      'chain pre { type filter hook prerouting priority -190; policy accept; iifname "lo" accept ip saddr @net4 accept',
      'ip saddr @blocked4 counter name "blocked_v4" drop',
      'ip6 saddr @blocked6 counter name "blocked_v6" drop }',
      'chain own { type filter hook output priority filter; policy accept; ip6 saddr @net6 drop }',
    ]) {
      assert.ok(text.includes(part), `${part}\nnot in\n${text}`);
    }
  });

  test('reads as JSON with the comments and the timeouts', () => {
    const { nftables } = JSON.parse(namespace.exec('nft', ['-j', 'list', 'set', 'inet', 'bartizan', 'blocked4'])) as {
      readonly nftables: readonly { readonly set?: { readonly type: string; readonly elem: readonly unknown[] } }[];
    };
    const set = nftables.find((entry) => entry.set !== undefined)?.set;
    assert.equal(set?.type, 'ipv4_addr');
    const [first] = set.elem as { elem: { val: string; timeout: number; comment: string } }[];
    assert.deepEqual([first?.elem.val, first?.elem.timeout], ['192.0.2.1', 3600]);
    assert.equal(first?.elem.comment, '0198c7d2-4a5e-7cc3 ß🛡');
  });

  test('can be loaded again by nft, and then stays as it was declared', async () => {
    const text = ruleset();
    namespace.exec('nft', ['-f', '-'], `flush ruleset\n${text}`);
    assert.equal(ruleset().replace(WITHOUT_TIME, ''), text.replace(WITHOUT_TIME, ''));
    done(await port.ensure(declared));
    assert.deepEqual(await keys(port, 'bartizan', 'net4'), ['10.0.0.0/8', '240.0.0.0/4']);
    assert.deepEqual(await keys(port, 'bartizan', 'blocked4'), ['192.0.2.1', '192.0.2.2']);
    assert.deepEqual(
      done(await port.counters('bartizan')).map((counter) => counter.name),
      ['blocked_v4', 'blocked_v6'],
    );
    done(await port.commit('bartizan', [{ kind: 'delete', set: 'net4', key: '240.0.0.0/4' }]));
    done(await port.commit('bartizan', [add('net4', '240.0.0.0/4', { comment: 'top' })]));
  });

  test('ranges that nft wrote are listed as networks', async () => {
    namespace.exec('nft', ['add element inet bartizan net4 { 172.16.0.1-172.16.0.6 }']);
    const listed = await keys(port, 'bartizan', 'net4');
    const split = ['172.16.0.1/32', '172.16.0.2/31', '172.16.0.4/31', '172.16.0.6/32'];
    assert.deepEqual(listed, ['10.0.0.0/8', '240.0.0.0/4', ...split].sort());
    namespace.exec('nft', ['delete element inet bartizan net4 { 172.16.0.1-172.16.0.6 }']);
  });

  test('what others put into the table goes with the next ensure; other tables stay to the letter', async () => {
    const foreign =
      'table inet foreign { set s { type ipv4_addr; elements = { 192.0.2.1 } }\nchain c { type filter hook input priority 0; ip saddr @s drop; }\n}';
    namespace.exec('nft', ['-f', '-'], foreign);
    namespace.exec('nft', ['-f', '-'], 'table ip bartizan { chain c { ip saddr 192.0.2.1 drop; }\n}');
    const others = (): string =>
      namespace.exec('nft', ['list', 'table', 'inet', 'foreign']) +
      namespace.exec('nft', ['list', 'table', 'ip', 'bartizan']);
    const before = others();
    const clean = ruleset().replace(WITHOUT_TIME, '');
    namespace.exec(
      'nft',
      ['-f', '-'],
      `table inet bartizan {
        map verdicts { type ipv4_addr : verdict; }
        chain extra { ip saddr { 192.0.2.7, 192.0.2.8 } drop; }
        chain more { type filter hook forward priority 5; policy drop; jump extra; ip saddr vmap @verdicts; }
      }
      add element inet bartizan verdicts { 192.0.2.9 : jump extra }
      insert rule inet bartizan pre jump extra
      delete rule inet bartizan own handle ${/ip6 saddr @net6 drop # handle (\d+)/.exec(namespace.exec('nft', ['-a', 'list', 'ruleset']))?.[1]}`,
    );
    done(await port.ensure(declared));
    assert.equal(ruleset().replace(WITHOUT_TIME, ''), clean);
    assert.equal(others(), before);
    done(await port.drop('bartizan'));
    assert.equal(others(), before);
    done(await port.ensure(declared));
  });

  test('a table of an earlier version, whose rules count in themselves, becomes one with counters, elements kept', async () => {
    done(await port.commit('bartizan', [add('blocked4', '192.0.2.3', { comment: 'kept' })]));
    const now = ruleset().replace(WITHOUT_TIME, '');
    const before = now
      .replaceAll(/\tcounter \w+ \{[^}]*\}\n\n?/g, '')
      .replaceAll(/counter name "(\w+)" drop/g, 'counter packets 7 bytes 700 drop comment "$1"');
    assert.doesNotMatch(before, /counter name|counter \w+ \{/);
    namespace.exec('nft', ['-f', '-'], `flush ruleset\n${before}`);
    const elements = await keys(port, 'bartizan', 'blocked4');
    assert.ok(elements.length > 0);
    assert.deepEqual(done(await port.counters('bartizan')), []);
    done(await port.ensure(declared));
    assert.equal(ruleset().replace(WITHOUT_TIME, ''), now);
    assert.deepEqual(await keys(port, 'bartizan', 'blocked4'), elements);
    assert.deepEqual(
      done(await port.counters('bartizan')),
      ['blocked_v4', 'blocked_v6'].map((name) => ({ name, packets: 0, bytes: 0 })),
    );
  });

  test('objects that others put into the table go, counters or not', async () => {
    const clean = ruleset();
    namespace.exec(
      'nft',
      ['-f', '-'],
      `table inet bartizan {
        counter theirs { packets 1 bytes 1 }
        counter blocked { packets 1 bytes 1 }
        quota most { over 5 mbytes }
        limit few { rate 5/second }
        map counted { type ipv4_addr : counter; elements = { 192.0.2.1 : "theirs" } }
      }
      insert rule inet bartizan pre quota name "most" limit name "few" counter name ip saddr map @counted`,
    );
    done(await port.ensure(declared));
    assert.equal(ruleset().replace(WITHOUT_TIME, ''), clean.replace(WITHOUT_TIME, ''));
  });

  test('a chain that somebody turned to policy drop, and a table made dormant, are set right', async () => {
    const clean = ruleset();
    namespace.exec('nft', ['chain inet bartizan pre { policy drop; }']);
    namespace.exec('nft', ['table inet bartizan { flags dormant; }']);
    assert.notEqual(ruleset(), clean);
    done(await port.ensure(declared));
    assert.equal(ruleset().replace(WITHOUT_TIME, ''), clean.replace(WITHOUT_TIME, ''));
  });

  test('a set with a default timeout or another key type is not taken for ours', async () => {
    done(await port.drop('bartizan'));
    namespace.exec(
      'nft',
      ['-f', '-'],
      'table inet bartizan { set plain4 { type inet_service; }\nset blocked6 { type ipv6_addr; timeout 5s; }\n}',
    );
    refused(await port.commit('bartizan', [add('plain4', '192.0.2.1')]), 'invalid', 0);
    refused(await port.list('bartizan', 'blocked6'), 'invalid');
    done(await port.ensure(declared));
    done(await port.commit('bartizan', [add('plain4', '192.0.2.1'), add('blocked6', '::1')]));
    assert.deepEqual(done(await port.list('bartizan', 'blocked6')), [{ key: '::1', timeout: 'never' }]);
  });

  test('only the thread of the port enters the namespace', () => {
    const own = readlinkSync('/proc/self/ns/net');
    const threads = execFileSync('sh', ['-c', `readlink /proc/${process.pid}/task/*/ns/net | sort | uniq -c`], {
      encoding: 'utf8',
    });
    assert.equal(readlinkSync(`/proc/${process.pid}/task/${process.pid}/ns/net`), own);
    const lines = threads.trim().split('\n');
    assert.equal(lines.length, 2, threads);
    assert.equal(
      lines.some((line) => /^\s*1 /.test(line)),
      true,
      threads,
    );
  });

  test('the kernel’s local addresses are those of the namespace', async () => {
    namespace.ip('addr', 'add', '198.51.100.7/24', 'dev', 'lo');
    namespace.ip('addr', 'add', '2001:db8:7::1/64', 'dev', 'lo');
    assert.deepEqual([...done(await port.localAddresses())].sort(), [
      '127.0.0.1',
      '198.51.100.7',
      '2001:db8:7::1',
      '::1',
    ]);
  });
});

describe('namespaces that cannot be entered', { skip: namespacesUnavailable() }, () => {
  for (const [netns, code, text] of [
    ['bz-nowhere', 'missing', /ip netns add/],
    ['/run/netns/bz-nowhere', 'missing', /does not exist/],
    ['/etc/passwd', 'rejected', /ip netns list/],
    ['/proc/self/ns/mnt', 'rejected', /cannot be entered/],
    ['../netns', 'invalid', /absolute path/],
    ['..', 'invalid', /absolute path/],
    ['', 'invalid', /empty/],
    ['a\0b', 'invalid', /absolute path/],
    ['x'.repeat(256), 'invalid', /255/],
  ] as const) {
    test(`${JSON.stringify(netns.slice(0, 24))}: ${code}`, async () => {
      const opened = await openNft({ netns });
      assert.match(refused(opened, code).public, text);
    });
  }
});
