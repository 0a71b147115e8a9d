import assert from 'node:assert/strict';
import { test } from 'node:test';
import { days, millis } from '../../core/base/time.ts';
import type { RuleDeclaration, SetDeclaration } from '../../native/nft/declaration.ts';
import { openNft } from '../../native/nft/index.ts';
import { nftSuite } from '../contract/nft-suite.ts';
import { add, done, flush, keys, remove, tenth, usual } from '../contract/nft-suite-ground.ts';
import { knock, overwhelm } from '../support/foreign-nft.ts';
import { NetworkNamespace, namespacesUnavailable, waitUntil } from '../support/network-namespace.ts';

nftSuite(
  'kernel',
  async () => {
    const namespace = new NetworkNamespace('suite');
    return {
      open: async () => done(await openNft({ netns: namespace.name })),
      eventually: (length, holds) => waitUntil('the kernel got there', length + 5000, holds),
      overwhelm: async (table, set) => overwhelm(namespace, table, set, process.pid),
      knock: async () => knock(namespace),
      runs: 60,
      scale: 1,
      dispose: async () => namespace.dispose(),
    };
  },
  namespacesUnavailable(),
);

test('a list is whole while the kernel’s hash table grows', { skip: namespacesUnavailable() }, async (t) => {
  const namespace = new NetworkNamespace('grow');
  t.after(() => namespace.dispose());
  const port = done(await openNft({ netns: namespace.name }));
  done(await port.ensure(usual('t')));
  for (let round = 0; round < 12; round++) {
    const some = Array.from({ length: 1500 + round * 700 }, (_, i) => tenth(i)).sort();
    const loaded = port.commit('t', [flush('v4'), ...some.map((key) => add('v4', key))]);
    const listed = keys(port, 't', 'v4');
    done(await loaded);
    assert.deepEqual(await listed, some);
  }
  await port.close();
});

test('a list leaves out nothing while other elements expire', { skip: namespacesUnavailable() }, async (t) => {
  const namespace = new NetworkNamespace('expire');
  t.after(() => namespace.dispose());
  const port = done(await openNft({ netns: namespace.name }));
  done(await port.ensure(usual('t')));
  const lasting = Array.from({ length: 3000 }, (_, i) => tenth(i)).sort();
  const nets = Array.from({ length: 1000 }, (_, i) => `2001:db8:${(i * 2 + 2).toString(16)}::/48`);
  done(
    await port.commit(
      't',
      lasting.map((key) => add('v4', key)),
    ),
  );
  done(
    await port.commit(
      't',
      nets.map((net) => add('net6', net)),
    ),
  );
  const brief = (i: number) => ({ timeout: millis(20 + i) });
  done(
    await port.commit(
      't',
      Array.from({ length: 3000 }, (_, i) => add('v4', tenth(70_000 + i), brief(i))),
    ),
  );
  done(
    await port.commit(
      't',
      Array.from({ length: 1000 }, (_, i) => add('net6', `2001:db8:${(i * 2 + 1).toString(16)}::/48`, brief(i * 2))),
    ),
  );
  const stays = new Set(lasting);
  const netStays = new Set(nets);
  for (let left = 3000; left > 0; ) {
    const listed = await keys(port, 't', 'v4');
    assert.equal(listed.filter((key) => stays.has(key)).length, lasting.length);
    const listedNets = await port.list('t', 'net6');
    if (listedNets.ok) {
      assert.equal(listedNets.value.filter(({ key }) => netStays.has(key)).length, nets.length);
      assert.ok(listedNets.value.every(({ key }) => key.endsWith('/48')));
    } else {
      assert.equal(listedNets.code, 'resync');
    }
    left = listed.length - lasting.length;
  }
  await port.close();
});

test('an element is renewed whether or not it is just about to expire', {
  skip: namespacesUnavailable(),
}, async (t) => {
  const namespace = new NetworkNamespace('renew');
  t.after(() => namespace.dispose());
  const port = done(await openNft({ netns: namespace.name }));
  done(await port.ensure(usual('t')));
  const brief = add('v4', '192.0.2.1', { timeout: millis(4) });
  for (let i = 0; i < 400; i++) {
    done(await port.commit('t', [brief]));
    for (const end = performance.now() + (i % 80) / 10; performance.now() < end; );
    done(await port.commit('t', [brief, remove('v4', '192.0.2.1'), brief]));
  }
  await port.close();
});

test('the heaviest declaration within the bounds fits the socket’s buffer', {
  skip: namespacesUnavailable(),
}, async (t) => {
  const namespace = new NetworkNamespace('heavy');
  t.after(() => namespace.dispose());
  const port = done(await openNft({ netns: namespace.name }));
  const from6: SetDeclaration = { name: 'from6', family: '6+port', interval: false, timeout: false };
  const elements = Array.from({ length: 65_536 }, (_, i) => ({
    key: `2001:${i.toString(16)}::/32`,
    timeout: days(1),
    comment: 'x'.repeat(128),
  }));
  const nets: SetDeclaration = { name: 'nets', family: 6, interval: true, timeout: true, elements };
  const rule: RuleDeclaration = {
    when: Array.from({ length: 8 }, () => ({ match: 'saddr+port', set: 'from6' })),
    log: { prefix: 'x'.repeat(63), rate: { packets: 1, per: 'second', burst: 1 } },
    counter: 'c'.repeat(31),
    verdict: 'continue',
  };
  const rules = Array.from({ length: 128 }, () => rule);
  const chains = Array.from({ length: 64 }, (_, i) => ({ name: `c${i}`.padEnd(31, '_'), rules }));
  done(await port.ensure({ name: 'heavy'.padEnd(31, '_'), sets: [from6, nets], chains }));
  await port.close();
});

test('what somebody else put into the table goes before what it refers to', {
  skip: namespacesUnavailable(),
}, async (t) => {
  const namespace = new NetworkNamespace('busy');
  t.after(() => namespace.dispose());
  const port = done(await openNft({ netns: namespace.name }));
  done(await port.ensure({ ...usual('t'), chains: [{ name: 'aim', rules: [] }] }));
  const foreign = [
    'add map inet t ways { type ipv4_addr : verdict; }',
    'add element inet t ways { 192.0.2.1 : jump aim }',
  ];
  namespace.exec('nft', ['-f', '-'], `${foreign.join('\n')}\n`);
  done(await port.commit('t', [add('v4', '192.0.2.1')]));
  done(await port.ensure(usual('t')));
  assert.doesNotMatch(namespace.exec('nft', ['list', 'table', 'inet', 't']), /map|chain/);
  assert.deepEqual(await keys(port, 't', 'v4'), ['192.0.2.1']);
  await port.close();
});
