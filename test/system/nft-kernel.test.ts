import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis } from '../../core/base/time.ts';
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
