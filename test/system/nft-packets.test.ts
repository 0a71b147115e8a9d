import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { millis } from '../../core/base/time.ts';
import { openNft } from '../../native/nft/index.ts';
import type { NftPort, RuleCounter } from '../../native/nft/port.ts';
import { add, done, flush, remove } from '../contract/nft-suite-ground.ts';
import { NetworkNamespace, namespacesUnavailable, waitUntil } from '../support/network-namespace.ts';

/** One datagram to a port nobody listens on: an answer (refused) comes unless it was dropped. */
const PROBE = `
import socket, sys
family = socket.AF_INET6 if ':' in sys.argv[1] else socket.AF_INET
with socket.socket(family, socket.SOCK_DGRAM) as s:
    s.settimeout(float(sys.argv[2]))
    s.connect((sys.argv[1], 9))
    s.send(b'?')
    try:
        s.recv(16)
    except ConnectionRefusedError:
        print('answer')
    except TimeoutError:
        print('silence')
`;

describe('packets', { skip: namespacesUnavailable() }, () => {
  let edge: NetworkNamespace;
  let attacker: NetworkNamespace;
  let port: NftPort;

  before(async () => {
    edge = new NetworkNamespace('edge');
    attacker = new NetworkNamespace('attack');
    edge.ip('link', 'add', 'inside', 'type', 'veth', 'peer', 'name', 'outside', 'netns', attacker.name);
    for (const [namespace, link, host] of [
      [edge, 'inside', 1],
      [attacker, 'outside', 2],
    ] as const) {
      namespace.ip('addr', 'add', `192.0.2.${host}/24`, 'dev', link);
      namespace.ip('addr', 'add', `2001:db8::${host}/64`, 'dev', link, 'nodad');
      namespace.ip('link', 'set', link, 'up');
    }
    port = done(await openNft({ netns: edge.name }));
    done(
      await port.ensure({
        name: 'bartizan',
        sets: [
          { name: 'allowed', family: 4, interval: true, timeout: false },
          { name: 'blocked4', family: 4, interval: false, timeout: true, size: 1000 },
          { name: 'blocked6', family: 6, interval: false, timeout: true, size: 1000 },
          { name: 'net6', family: 6, interval: true, timeout: false },
        ],
        chains: [
          {
            name: 'pre',
            hook: 'prerouting',
            priority: -190,
            rules: [
              { when: [{ match: 'iif', name: 'lo' }], verdict: 'accept' },
              { when: [{ match: 'saddr', set: 'allowed' }], verdict: 'accept' },
              { when: [{ match: 'saddr', set: 'blocked4' }], verdict: 'drop', counter: 'v4' },
              { when: [{ match: 'saddr', set: 'blocked6' }], verdict: 'drop', counter: 'v6' },
              { when: [{ match: 'saddr', set: 'net6' }], verdict: 'drop', counter: 'n6' },
            ],
          },
        ],
      }),
    );
    await waitUntil('the link is up', 5000, () => send('192.0.2.1') === 'answer' && send('2001:db8::1') === 'answer');
  });
  after(async () => {
    await port?.close();
    attacker?.dispose();
    edge?.dispose();
  });

  const send = (to: string): string => attacker.exec('python3', ['-c', PROBE, to, '0.3']).trim();
  const counter = async (name: string): Promise<RuleCounter> => {
    const found = done(await port.counters('bartizan')).find((each) => each.name === name);
    assert.ok(found);
    return found;
  };

  test('a blocked IPv4 source gets no answer and is counted; deleted, it gets one again', async () => {
    const before = await counter('v4');
    done(await port.commit('bartizan', [add('blocked4', '192.0.2.2', { comment: 'cut' })]));
    assert.equal(send('192.0.2.1'), 'silence');
    const after = await counter('v4');
    assert.equal(after.packets, before.packets + 1);
    assert.equal(after.bytes, before.bytes + 29);
    assert.equal(send('2001:db8::1'), 'answer');
    done(await port.commit('bartizan', [remove('blocked4', '192.0.2.2')]));
    assert.equal(send('192.0.2.1'), 'answer');
  });

  test('a blocked IPv6 source gets no answer, alone or by its network', async () => {
    for (const [set, key, name] of [
      ['blocked6', '2001:db8::2', 'v6'],
      ['net6', '2001:db8::/126', 'n6'],
      ['net6', '::/0', 'n6'],
    ] as const) {
      done(await port.commit('bartizan', [add(set, key)]));
      const before = await counter(name);
      assert.equal(send('2001:db8::1'), 'silence', key);
      assert.ok((await counter(name)).packets > before.packets);
      assert.equal(send('192.0.2.1'), 'answer');
      done(await port.commit('bartizan', [flush(set)]));
    }
    await waitUntil('the neighbour is known again', 5000, () => send('2001:db8::1') === 'answer');
  });

  test('a network beside the source does not cut it', async () => {
    done(
      await port.commit('bartizan', [
        add('blocked4', '192.0.2.3'),
        add('net6', '2001:db8::4/126'),
        add('net6', '8000::/1'),
      ]),
    );
    assert.equal(send('192.0.2.1'), 'answer');
    assert.equal(send('2001:db8::1'), 'answer');
    done(await port.commit('bartizan', [flush('blocked4'), flush('net6')]));
  });

  test('an earlier rule that accepts wins', async () => {
    done(await port.commit('bartizan', [add('blocked4', '192.0.2.2'), add('allowed', '192.0.2.0/30')]));
    assert.equal(send('192.0.2.1'), 'answer');
    done(await port.commit('bartizan', [flush('allowed')]));
    assert.equal(send('192.0.2.1'), 'silence');
    done(await port.commit('bartizan', [flush('blocked4')]));
  });

  test('loopback is never cut', async () => {
    done(await port.commit('bartizan', [add('blocked4', '127.0.0.1'), add('blocked4', '192.0.2.1')]));
    assert.equal(edge.exec('python3', ['-c', PROBE, '127.0.0.1', '1']).trim(), 'answer');
    done(await port.commit('bartizan', [flush('blocked4')]));
  });

  test('a block ends by itself', async () => {
    done(await port.commit('bartizan', [add('blocked4', '192.0.2.2', { timeout: millis(700) })]));
    assert.equal(send('192.0.2.1'), 'silence');
    await waitUntil('traffic is back', 5000, () => send('192.0.2.1') === 'answer');
  });
});
