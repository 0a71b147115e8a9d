import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis } from '../../core/base/time.ts';
import { add, done, flush, type Ground, keys, refused, remove } from './nft-suite-ground.ts';

export function intervalCases(ground: () => Ground): void {
  for (const net of [
    '0.0.0.0/0',
    '0.0.0.0/1',
    '128.0.0.0/1',
    '0.0.0.0/32',
    '255.255.255.255/32',
    '255.255.255.254/31',
    '10.0.0.0/8',
    '192.0.2.128/25',
    '192.0.2.1/32',
  ]) {
    test(`IPv4 network ${net} goes in and out`, async () => {
      const { port, table } = ground();
      const name = await table();
      done(await port.commit(name, [add('net4', net)]));
      assert.deepEqual(done(await port.list(name, 'net4')), [{ key: net, timeout: 'never' }]);
      done(await port.commit(name, [remove('net4', net)]));
      assert.deepEqual(done(await port.list(name, 'net4')), []);
    });
  }

  for (const net of [
    '::/0',
    '8000::/1',
    '::/128',
    '::1/128',
    'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128',
    '2001:db8::/32',
    '2001:db8:0:8000::/49',
    'fe80::/10',
  ]) {
    test(`IPv6 network ${net} goes in and out`, async () => {
      const { port, table } = ground();
      const name = await table();
      done(await port.commit(name, [add('net6', net)]));
      assert.deepEqual(done(await port.list(name, 'net6')), [{ key: net, timeout: 'never' }]);
      done(await port.commit(name, [remove('net6', net)]));
      assert.deepEqual(done(await port.list(name, 'net6')), []);
    });
  }

  for (const net of [
    '10.0.0.1/8',
    '192.0.2.1/31',
    '10.0.0.0/33',
    '10.0.0.0/',
    '10.0.0.0/-1',
    '10.0.0.0/08',
    '/8',
    '10.0.0.0/8/8',
  ]) {
    test(`network "${net}" is refused`, async () => {
      const { port, table } = ground();
      const name = await table();
      refused(await port.commit(name, [add('net4', net)]), 'invalid', 0);
      refused(await port.commit(name, [remove('net4', net)]), 'invalid', 0);
    });
  }

  test('neighbours stay apart', async () => {
    const { port, table } = ground();
    const name = await table();
    const nets = ['10.0.0.0/24', '10.0.1.0/24', '10.0.2.0/23', '9.255.255.0/24'];
    done(
      await port.commit(
        name,
        nets.map((net) => add('net4', net)),
      ),
    );
    assert.deepEqual(await keys(port, name, 'net4'), nets.toSorted());
    done(await port.commit(name, [remove('net4', '10.0.1.0/24')]));
    assert.deepEqual(await keys(port, name, 'net4'), nets.filter((net) => net !== '10.0.1.0/24').toSorted());
  });

  test('neighbours at the top of the space', async () => {
    const { port, table } = ground();
    const name = await table();
    const nets = ['255.255.255.255/32', '255.255.255.254/32', '255.255.255.252/31', '254.0.0.0/8'];
    for (const net of nets) done(await port.commit(name, [add('net4', net)]));
    assert.deepEqual(await keys(port, name, 'net4'), nets.toSorted());
    done(await port.commit(name, [remove('net4', '255.255.255.254/32')]));
    assert.equal((await keys(port, name, 'net4')).length, 3);
  });

  test('the very same network again keeps the old one', async () => {
    const { port, table } = ground();
    const name = await table();
    for (const net of ['10.0.0.0/8', '240.0.0.0/4']) {
      done(await port.commit(name, [add('net4', net, { comment: 'first' })]));
      done(await port.commit(name, [add('net4', net, { comment: 'second' }), add('net4', net)]));
    }
    assert.deepEqual(
      done(await port.list(name, 'net4')).map((element) => element.comment),
      ['first', 'first'],
    );
  });

  for (const [there, added] of [
    ['10.0.0.0/8', '10.1.0.0/16'],
    ['10.1.0.0/16', '10.0.0.0/8'],
    ['10.0.0.0/8', '10.0.0.0/16'],
    ['10.0.0.0/16', '10.0.0.0/8'],
    ['10.0.0.0/8', '10.255.0.0/16'],
    ['10.255.0.0/16', '10.0.0.0/8'],
    ['10.0.0.0/8', '10.1.2.3/32'],
    ['10.1.2.3/32', '10.0.0.0/8'],
    ['10.0.0.0/8', '0.0.0.0/0'],
    ['0.0.0.0/0', '10.0.0.0/8'],
    ['0.0.0.0/8', '0.0.0.0/0'],
    ['0.0.0.0/0', '0.0.0.0/8'],
    ['250.0.0.0/8', '240.0.0.0/4'],
    ['240.0.0.0/4', '250.0.0.0/8'],
    ['255.0.0.0/8', '240.0.0.0/4'],
    ['240.0.0.0/4', '255.255.255.255/32'],
    ['255.255.255.255/32', '0.0.0.0/0'],
  ] as const) {
    test(`${added} beside ${there} is refused as an overlap`, async () => {
      const { port, table } = ground();
      const name = await table();
      done(
        await port.commit(
          name,
          [add('net4', there), add('net4', '172.16.0.0/12')].slice(
            0,
            there.endsWith('/0') || added.endsWith('/0') ? 1 : 2,
          ),
        ),
      );
      refused(await port.commit(name, [add('v4', '192.0.2.1'), add('net4', added)]), 'exists', 1);
      assert.ok((await keys(port, name, 'net4')).includes(there));
      assert.deepEqual(await keys(port, name, 'v4'), []);
      done(await port.commit(name, [remove('net4', there), add('net4', added)]));
      assert.ok((await keys(port, name, 'net4')).includes(added));
    });
  }

  test('overlaps inside one batch are refused', async () => {
    const { port, table } = ground();
    const name = await table();
    refused(await port.commit(name, [add('net4', '10.0.0.0/8'), add('net4', '10.1.0.0/16')]), 'exists', 1);
    refused(await port.commit(name, [add('net4', '255.1.0.0/16'), add('net4', '255.0.0.0/8')]), 'exists', 1);
    done(
      await port.commit(name, [add('net4', '10.0.0.0/8'), remove('net4', '10.0.0.0/8'), add('net4', '10.1.0.0/16')]),
    );
    assert.deepEqual(await keys(port, name, 'net4'), ['10.1.0.0/16']);
  });

  for (const [there, removed] of [
    [['10.0.0.0/8'], '10.0.0.0/16'],
    [['10.0.0.0/16'], '10.0.0.0/8'],
    [['10.0.0.0/25', '10.0.0.128/25'], '10.0.0.0/24'],
    [['10.0.0.0/24'], '10.0.0.128/25'],
    [['0.0.0.0/8'], '0.0.0.0/0'],
    [['0.0.0.0/0'], '0.0.0.0/8'],
    [['240.0.0.0/5'], '240.0.0.0/4'],
    [['240.0.0.0/4'], '240.0.0.0/5'],
    [[], '10.0.0.0/8'],
  ] as const) {
    test(`deleting ${removed} where ${there.join(' and ') || 'nothing'} stands is missing`, async () => {
      const { port, table } = ground();
      const name = await table();
      done(
        await port.commit(
          name,
          there.map((net) => add('net4', net)),
        ),
      );
      refused(await port.commit(name, [remove('net4', removed)]), 'missing', 0);
      assert.deepEqual(await keys(port, name, 'net4'), there.toSorted());
    });
  }

  test('a network times out, the others stay', async () => {
    const { bench, port, table } = ground();
    const name = await table();
    done(
      await port.commit(name, [
        add('net6', '2001:db8::/32', { timeout: millis(300), comment: 'short' }),
        add('net6', '2001:db9::/32', { comment: 'long' }),
        add('net6', 'ff00::/8', { timeout: millis(300) }),
      ]),
    );
    assert.equal(done(await port.list(name, 'net6')).length, 3);
    await bench.eventually(300, async () => (await keys(port, name, 'net6')).length === 1);
    assert.deepEqual(done(await port.list(name, 'net6')), [
      { key: '2001:db9::/32', timeout: 'never', comment: 'long' },
    ]);
    done(await port.commit(name, [add('net6', '2001:db8::/48'), add('net6', 'fff0::/12')]));
    assert.equal((await keys(port, name, 'net6')).length, 3);
  });

  test('flush empties an interval set and it takes what overlapped', async () => {
    const { port, table } = ground();
    const name = await table();
    done(await port.commit(name, [add('net4', '10.0.0.0/8'), add('net4', '255.0.0.0/8')]));
    done(await port.commit(name, [flush('net4'), add('net4', '0.0.0.0/0')]));
    assert.deepEqual(await keys(port, name, 'net4'), ['0.0.0.0/0']);
    done(await port.commit(name, [add('net4', '0.0.0.0/0'), flush('net4')]));
    assert.deepEqual(await keys(port, name, 'net4'), []);
  });
}
