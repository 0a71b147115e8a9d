import assert from 'node:assert/strict';
import { test } from 'node:test';
import { days, millis, seconds } from '../../core/base/time.ts';
import { add, done, flush, type Ground, keys, refused, remove } from './nft-suite-ground.ts';

export function elementCases(ground: () => Ground): void {
  test('an IPv4 element comes back as it went in', async () => {
    const { port, table } = ground();
    const name = await table();
    done(await port.commit(name, [add('v4', '192.0.2.1', { comment: 'dec-1' })]));
    assert.deepEqual(done(await port.list(name, 'v4')), [{ key: '192.0.2.1', timeout: 'never', comment: 'dec-1' }]);
  });

  test('an IPv6 element comes back canonical', async () => {
    const { port, table } = ground();
    const name = await table();
    done(await port.commit(name, [add('v6', '2001:0DB8:0:0:0:0:0:1')]));
    assert.deepEqual(done(await port.list(name, 'v6')), [{ key: '2001:db8::1', timeout: 'never' }]);
  });

  test('the edges of both address spaces', async () => {
    const { port, table } = ground();
    const name = await table();
    const v4 = ['0.0.0.0', '255.255.255.255', '127.0.0.1'];
    const v6 = ['::', '::1', 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'];
    done(await port.commit(name, [...v4.map((key) => add('v4', key)), ...v6.map((key) => add('v6', key))]));
    assert.deepEqual(await keys(port, name, 'v4'), v4.toSorted());
    assert.deepEqual(await keys(port, name, 'v6'), v6.toSorted());
  });

  test('an IPv4-mapped address is the IPv4 address it carries', async () => {
    const { port, table } = ground();
    const name = await table();
    done(await port.commit(name, [add('v4', '::ffff:192.0.2.7')]));
    assert.deepEqual(await keys(port, name, 'v4'), ['192.0.2.7']);
    refused(await port.commit(name, [add('v6', '::ffff:192.0.2.7')]), 'invalid', 0);
    done(await port.commit(name, [remove('v4', '::ffff:c000:207')]));
  });

  test('a timeout counts down', async () => {
    const { bench, port, table } = ground();
    const name = await table();
    done(await port.commit(name, [add('v4', '192.0.2.1', { timeout: seconds(60) })]));
    const left = async (): Promise<number> => Number(done(await port.list(name, 'v4'))[0]?.timeout);
    const first = await left();
    assert.ok(first > 55_000 && first <= 60_000, `${first}`);
    await bench.eventually(20, async () => (await left()) < first);
  });

  test('an element is gone when its time is over, those beside it stay', async () => {
    const { bench, port, table } = ground();
    const name = await table();
    done(
      await port.commit(name, [
        add('v4', '192.0.2.1', { timeout: millis(300) }),
        add('v4', '192.0.2.2', { timeout: seconds(60) }),
        add('v4', '192.0.2.3'),
        add('v6', '2001:db8::1', { timeout: millis(300) }),
      ]),
    );
    assert.equal(done(await port.list(name, 'v4')).length, 3);
    await bench.eventually(300, async () => (await keys(port, name, 'v4')).length === 2);
    assert.deepEqual(await keys(port, name, 'v4'), ['192.0.2.2', '192.0.2.3']);
    await bench.eventually(0, async () => (await keys(port, name, 'v6')).length === 0);
  });

  test('an expired element is missing for a delete and free for an add', async () => {
    const { bench, port, table } = ground();
    const name = await table();
    done(await port.commit(name, [add('v4', '192.0.2.1', { timeout: millis(100), comment: 'old' })]));
    await bench.eventually(100, async () => (await keys(port, name, 'v4')).length === 0);
    refused(await port.commit(name, [remove('v4', '192.0.2.1')]), 'missing', 0);
    done(await port.commit(name, [add('v4', '192.0.2.1', { comment: 'new' })]));
    assert.deepEqual(done(await port.list(name, 'v4')), [{ key: '192.0.2.1', timeout: 'never', comment: 'new' }]);
  });

  test('the shortest and the longest timeout', async () => {
    const { port, table } = ground();
    const name = await table();
    done(await port.commit(name, [add('v4', '192.0.2.1', { timeout: days(36_500) })]));
    done(await port.commit(name, [add('v4', '192.0.2.2', { timeout: millis(1) })]));
    const left = done(await port.list(name, 'v4')).find((element) => element.key === '192.0.2.1')?.timeout;
    assert.ok(Number(left) > days(36_499) && Number(left) <= days(36_500), `${left}`);
  });

  for (const timeout of [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, days(36_500) + 1]) {
    test(`timeout ${timeout} is refused`, async () => {
      const { port, table } = ground();
      const name = await table();
      refused(await port.commit(name, [add('v4', '192.0.2.1', { timeout: millis(timeout) })]), 'invalid', 0);
    });
  }

  test('a timeout in a set without timeouts is refused', async () => {
    const { port, table } = ground();
    const name = await table();
    refused(await port.commit(name, [add('plain', '192.0.2.1', { timeout: seconds(1) })]), 'invalid', 0);
  });

  for (const set of ['v4', 'plain']) {
    test(`adding again keeps the old element (${set})`, async () => {
      const { port, table } = ground();
      const name = await table();
      done(await port.commit(name, [add(set, '192.0.2.1', { comment: 'first' })]));
      done(await port.commit(name, [add(set, '192.0.2.1', { comment: 'second' })]));
      assert.deepEqual(done(await port.list(name, set)), [{ key: '192.0.2.1', timeout: 'never', comment: 'first' }]);
    });
  }

  test('adding again neither renews nor shortens nor takes a timeout', async () => {
    const { port, table } = ground();
    const name = await table();
    done(await port.commit(name, [add('v4', '192.0.2.1', { timeout: seconds(100) }), add('v4', '192.0.2.2')]));
    for (const timeout of [seconds(5), seconds(1000), 'never'] as const) {
      done(await port.commit(name, [add('v4', '192.0.2.1', { timeout }), add('v4', '192.0.2.2', { timeout })]));
    }
    const left = new Map(done(await port.list(name, 'v4')).map((element) => [element.key, element.timeout]));
    assert.ok(Number(left.get('192.0.2.1')) > 90_000 && Number(left.get('192.0.2.1')) <= 100_000);
    assert.equal(left.get('192.0.2.2'), 'never');
  });

  test('delete and add in one batch replaces timeout and comment', async () => {
    const { port, table } = ground();
    const name = await table();
    done(await port.commit(name, [add('v4', '192.0.2.1', { timeout: seconds(10), comment: 'old' })]));
    const fresh = add('v4', '192.0.2.1', { timeout: seconds(1000), comment: 'new' });
    done(await port.commit(name, [remove('v4', '192.0.2.1'), fresh]));
    const [element] = done(await port.list(name, 'v4'));
    assert.equal(element?.comment, 'new');
    assert.ok(Number(element.timeout) > 900_000);
  });

  test('delete takes one and leaves the others', async () => {
    const { port, table } = ground();
    const name = await table();
    done(await port.commit(name, [add('v6', '2001:db8::1'), add('v6', '2001:db8::2')]));
    done(await port.commit(name, [remove('v6', '2001:db8::1')]));
    assert.deepEqual(await keys(port, name, 'v6'), ['2001:db8::2']);
  });

  test('delete of what is not there is missing', async () => {
    const { port, table } = ground();
    const name = await table();
    assert.equal(refused(await port.commit(name, [remove('v4', '192.0.2.1')]), 'missing', 0).errno, 2);
  });

  test('flush empties one set only, and an empty one too', async () => {
    const { port, table } = ground();
    const name = await table();
    done(await port.commit(name, [add('v4', '192.0.2.1'), add('v6', '2001:db8::1')]));
    done(await port.commit(name, [flush('v4'), flush('plain')]));
    assert.deepEqual(await keys(port, name, 'v4'), []);
    assert.deepEqual(await keys(port, name, 'v6'), ['2001:db8::1']);
  });

  for (const comment of [
    '',
    'a',
    'ß→日本🛡',
    '0198c7d2-4a5e-7cc3-8f00-1234567890ab',
    "it's \\ 100% <ok>",
    'x'.repeat(128),
    '🛡'.repeat(32),
  ]) {
    test(`comment ${JSON.stringify(comment.slice(0, 20))} of ${Buffer.byteLength(comment)} bytes comes back`, async () => {
      const { port, table } = ground();
      const name = await table();
      done(await port.commit(name, [add('v4', '192.0.2.1', { comment }), add('net6', '2001:db8::/32', { comment })]));
      assert.equal(done(await port.list(name, 'v4'))[0]?.comment, comment);
      assert.equal(done(await port.list(name, 'net6'))[0]?.comment, comment);
    });
  }

  for (const comment of ['x'.repeat(129), '🛡'.repeat(33), 'a"b', 'line\nbreak', 'nul\0', 'del\u007f', 'lone \ud800']) {
    test(`comment ${JSON.stringify(comment.slice(0, 20))} of ${Buffer.byteLength(comment)} bytes is refused`, async () => {
      const { port, table } = ground();
      const name = await table();
      refused(await port.commit(name, [add('v4', '192.0.2.1', { comment })]), 'invalid', 0);
    });
  }

  for (const key of [
    '',
    '1.2.3',
    '1.2.3.256',
    '01.2.3.4',
    '0x1.2.3.4',
    '1.2.3.4 ',
    'fe80::1%eth0',
    ':::',
    'example.org',
    '1.2.3.4-1.2.3.9',
  ]) {
    test(`address "${key}" is refused for add and delete`, async () => {
      const { port, table } = ground();
      const name = await table();
      refused(await port.commit(name, [add('v4', '192.0.2.1'), add('v4', key)]), 'invalid', 1);
      refused(await port.commit(name, [remove('v4', key)]), 'invalid', 0);
      assert.deepEqual(await keys(port, name, 'v4'), []);
    });
  }

  test('an address of the other family is refused', async () => {
    const { port, table } = ground();
    const name = await table();
    for (const [set, key] of [
      ['v4', '2001:db8::1'],
      ['v6', '192.0.2.1'],
      ['net4', '2001:db8::/32'],
      ['net6', '192.0.2.0/24'],
    ] as const) {
      refused(await port.commit(name, [add(set, key)]), 'invalid', 0);
      refused(await port.commit(name, [remove(set, key)]), 'invalid', 0);
    }
  });

  test('a network in an address set and an address in an interval set are refused', async () => {
    const { port, table } = ground();
    const name = await table();
    refused(await port.commit(name, [add('v4', '192.0.2.1/32')]), 'invalid', 0);
    refused(await port.commit(name, [add('net4', '192.0.2.1')]), 'invalid', 0);
    refused(await port.commit(name, [remove('net4', '192.0.2.1')]), 'invalid', 0);
  });

  test('a full set refuses one more, and takes one for one', async () => {
    const { port, table } = ground();
    const name = await table();
    const four = [1, 2, 3, 4].map((i) => add('plain', `192.0.2.${i}`));
    refused(await port.commit(name, [...four, add('plain', '192.0.2.5')]), 'full', 4);
    assert.deepEqual(await keys(port, name, 'plain'), []);
    done(await port.commit(name, four));
    refused(await port.commit(name, [add('plain', '192.0.2.5')]), 'full', 0);
    done(await port.commit(name, [add('plain', '192.0.2.4')]));
    done(await port.commit(name, [remove('plain', '192.0.2.4'), add('plain', '192.0.2.5')]));
    done(await port.commit(name, [flush('plain'), ...four]));
    assert.equal((await keys(port, name, 'plain')).length, 4);
  });
}
