import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis, seconds } from '../../core/base/time.ts';
import type { NftElement } from '../../native/nft/declaration.ts';
import type { PackedKeys } from '../../native/nft/port.ts';
import { add, done, flush, type Ground, keys, refused, remove, tenth } from './nft-suite-ground.ts';

/** `count` addresses of 10.0.0.0/8 from number `from` on. */
export function tens(count: number, from = 0): PackedKeys {
  const bytes = new Uint8Array(count * 4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < count; i++) view.setUint32(i * 4, 0x0a00_0000 + from + i);
  return { family: 4, bytes };
}

/** Every second /24 of 11.0.0.0/8 and what follows. */
function networks(count: number): PackedKeys & { readonly prefixes: Uint8Array } {
  const bytes = new Uint8Array(count * 4);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < count; i++) view.setUint32(i * 4, 0x0b00_0000 + i * 512);
  return { family: 4, bytes, prefixes: new Uint8Array(count).fill(24) };
}

const v6 = (count: number): PackedKeys => {
  const bytes = new Uint8Array(count * 16);
  for (let i = 0; i < count; i++) bytes.set([0x20, 0x01, 0x0d, 0xb8, ...Array(9).fill(0), i >> 8, 0, i & 255], i * 16);
  return { family: 6, bytes };
};

const packed = (...addresses: readonly string[]): PackedKeys => ({
  family: 4,
  bytes: Uint8Array.from(addresses.flatMap((address) => address.split('.').map(Number))),
});

const PLAIN = { name: 'many', family: 4, interval: false, timeout: false, size: 100_000 } as const;

export function bulkCases(ground: () => Ground): void {
  let made = 0;
  const plain = async (): Promise<string> => {
    const name = `bulk${++made}`;
    done(await ground().port.ensure({ name, sets: [PLAIN], chains: [] }));
    return name;
  };

  test('a load of none is done', async () => {
    const { port, table } = ground();
    const name = await table();
    done(await port.load(name, 'v4', tens(0)));
    done(await port.load(name, 'net4', networks(0)));
    assert.deepEqual(await keys(port, name, 'v4'), []);
  });

  test('25,000 addresses are loaded into a set without timeouts, and again without change', async () => {
    const { bench, port } = ground();
    const name = await plain();
    const count = 25_000 * bench.scale;
    done(await port.load(name, 'many', tens(count)));
    assert.deepEqual(await keys(port, name, 'many'), Array.from({ length: count }, (_, i) => tenth(i)).sort());
    done(await port.load(name, 'many', tens(count)));
    assert.equal((await keys(port, name, 'many')).length, count);
    done(await port.drop(name));
  });

  test('timeouts and ids go with their keys', async () => {
    const { port, table } = ground();
    const name = await table();
    const ids = Uint8Array.from({ length: 32 }, (_, i) => i * 7);
    const timeouts = Float64Array.of(3_600_000, 0);
    done(await port.load(name, 'v4', { ...tens(2), timeouts, ids }));
    const listed = done(await port.list(name, 'v4')).toSorted((a, b) => (a.key < b.key ? -1 : 1));
    assert.deepEqual(
      listed.map(({ key, comment }) => [key, comment]),
      [
        ['10.0.0.0', '00070e15-1c23-2a31-383f-464d545b6269'],
        ['10.0.0.1', '70777e85-8c93-9aa1-a8af-b6bdc4cbd2d9'],
      ],
    );
    assert.ok(Number(listed[0]?.timeout) > 3_590_000 && Number(listed[0]?.timeout) <= 3_600_000);
    assert.equal(listed[1]?.timeout, 'never');
  });

  test('a loaded element is gone when its time is over', async () => {
    const { bench, port, table } = ground();
    const name = await table();
    done(await port.load(name, 'v4', { ...tens(3000), timeouts: new Float64Array(3000).fill(400).fill(0, 0, 10) }));
    await bench.eventually(400, async () => (await keys(port, name, 'v4')).length === 10);
  });

  test('IPv6 addresses are loaded', async () => {
    const { port, table } = ground();
    const name = await table();
    done(await port.load(name, 'v6', v6(5000)));
    const listed = await keys(port, name, 'v6');
    assert.equal(listed.length, 5000);
    assert.ok(listed.includes('2001:db8::1:1'));
  });

  for (const timeout of [undefined, 5_000_000]) {
    test(`what is there keeps its timeout and comment through a load ${timeout === undefined ? 'without' : 'with'} timeouts`, async () => {
      const { port, table } = ground();
      const name = await table();
      done(
        await port.commit(name, [
          add('v4', tenth(1), { timeout: seconds(100), comment: 'first' }),
          add('v4', tenth(4000), { comment: 'first' }),
        ]),
      );
      const timeouts = timeout === undefined ? {} : { timeouts: new Float64Array(5000).fill(timeout) };
      done(await port.load(name, 'v4', { ...tens(5000), ...timeouts, ids: new Uint8Array(5000 * 16) }));
      done(await port.load(name, 'v4', { ...tens(5000), ...timeouts }));
      const found = done(await port.find(name, 'v4', [tenth(1), tenth(4000), tenth(2)]));
      assert.deepEqual(
        found.map((element) => element?.comment),
        ['first', 'first', '00000000-0000-0000-0000-000000000000'],
      );
      assert.ok(Number(found[0]?.timeout) <= 100_000);
      assert.equal(found[1]?.timeout, 'never');
      assert.equal((await keys(port, name, 'v4')).length, 5000);
    });
  }

  test('the same address twice in one load: the first wins', async () => {
    const { port, table } = ground();
    const name = await table();
    const ids = new Uint8Array(48).fill(1, 16, 32);
    done(await port.load(name, 'v4', { ...packed('192.0.2.1', '192.0.2.2', '192.0.2.1'), ids }));
    const [element] = done(await port.find(name, 'v4', ['192.0.2.1']));
    assert.equal(element?.comment, '00000000-0000-0000-0000-000000000000');
    assert.equal((await keys(port, name, 'v4')).length, 2);
  });

  test('12,000 networks are loaded, and again without change', async () => {
    const { bench, port, table } = ground();
    const name = await table();
    const count = 12_000 * bench.scale;
    done(await port.load(name, 'net4', networks(count)));
    const listed = await keys(port, name, 'net4');
    assert.equal(listed.length, count);
    assert.ok(listed.includes('11.0.2.0/24'));
    done(await port.load(name, 'net4', networks(count)));
    assert.equal((await keys(port, name, 'net4')).length, count);
    done(await port.commit(name, [flush('net4')]));
  });

  test('networks to the edges of the space, before and after others', async () => {
    const { port, table } = ground();
    const name = await table();
    const edges: PackedKeys = {
      ...packed('0.0.0.0', '10.0.0.0', '240.0.0.0', '172.16.0.0', '192.0.2.1'),
      prefixes: Uint8Array.of(8, 8, 4, 12, 32),
    };
    const nets = ['0.0.0.0/8', '10.0.0.0/8', '172.16.0.0/12', '192.0.2.1/32', '240.0.0.0/4'];
    done(await port.load(name, 'net4', edges));
    assert.deepEqual(await keys(port, name, 'net4'), nets);
    done(await port.load(name, 'net4', edges));
    assert.deepEqual(await keys(port, name, 'net4'), nets);
    done(await port.commit(name, [flush('net4')]));
    done(await port.load(name, 'net4', { ...packed('0.0.0.0'), prefixes: Uint8Array.of(0) }));
    assert.deepEqual(await keys(port, name, 'net4'), ['0.0.0.0/0']);
  });

  test('networks with timeouts and ids', async () => {
    const { bench, port, table } = ground();
    const name = await table();
    const bytes = new Uint8Array(32);
    bytes.set([0x20, 0x01, 0x0d, 0xb8]);
    bytes.set([0xff], 16);
    const nets: PackedKeys = { family: 6, bytes, prefixes: Uint8Array.of(32, 8), timeouts: Float64Array.of(300, 0) };
    done(await port.load(name, 'net6', { ...nets, ids: new Uint8Array(32) }));
    assert.deepEqual(await keys(port, name, 'net6'), ['2001:db8::/32', 'ff00::/8']);
    assert.equal(done(await port.list(name, 'net6'))[1]?.comment, '00000000-0000-0000-0000-000000000000');
    await bench.eventually(300, async () => (await keys(port, name, 'net6')).length === 1);
  });

  test('a network that overlaps ends the load and says how many stand', async () => {
    const { port, table } = ground();
    const name = await table();
    const nets = networks(12_000);
    done(await port.commit(name, [add('net4', '11.0.0.0/24', { comment: 'there' }), add('net4', '11.43.0.0/16')]));
    const clash = (0x2b_0000 / 512) | 0;
    const failure = refused(await port.load(name, 'net4', nets), 'exists', clash);
    const loaded = Number(failure.loaded);
    assert.ok(loaded > 0 && loaded <= clash, `${failure.loaded}`);
    assert.equal((await keys(port, name, 'net4')).length, loaded + 1);
    assert.equal(done(await port.find(name, 'net4', ['11.0.0.0/24']))[0]?.comment, 'there');
  });

  test('overlaps among the networks of a load are refused', async () => {
    const { port, table } = ground();
    const name = await table();
    for (const [addresses, prefixes] of [
      [
        ['10.0.0.0', '10.1.0.0'],
        [8, 16],
      ],
      [
        ['10.1.0.0', '10.0.0.0'],
        [16, 8],
      ],
      [
        ['255.0.0.0', '240.0.0.0'],
        [8, 4],
      ],
      [
        ['240.0.0.0', '250.0.0.0'],
        [4, 8],
      ],
    ] as const) {
      const both = { ...packed(...addresses), prefixes: Uint8Array.from(prefixes) };
      refused(await port.load(name, 'net4', both), 'exists', 1);
      done(await port.commit(name, [flush('net4')]));
    }
  });

  test('a set that is full ends the load; the chunks before it stand', async () => {
    const { port } = ground();
    const name = `bulk${++made}`;
    done(await port.ensure({ name, sets: [{ ...PLAIN, size: 9000 }], chains: [] }));
    const failure = refused(await port.load(name, 'many', tens(20_000)), 'full', 9000);
    assert.ok(Number(failure.loaded) > 0 && Number(failure.loaded) <= 9000);
    assert.equal((await keys(port, name, 'many')).length, failure.loaded);
    assert.match(failure.public, new RegExp(`${failure.loaded} keys stand`));
  });

  test('a load into what is not there, or of other keys, changes nothing', async () => {
    const { port, table } = ground();
    const name = await table();
    refused(await port.load('nowhere', 'v4', tens(3)), 'missing');
    refused(await port.load(name, 'nowhere', tens(3)), 'missing');
    refused(await port.load(name, 'v6', tens(3)), 'invalid');
    refused(await port.load(name, 'net4', tens(3)), 'invalid');
    refused(await port.load(name, 'v4', networks(3)), 'invalid');
    refused(await port.load(name, 'plain', { ...tens(3), timeouts: Float64Array.of(0, 0, 1) }), 'invalid', 2);
    done(await port.load(name, 'plain', { ...tens(3), timeouts: new Float64Array(3) }));
    refused(await port.load('a b', 'v4', tens(3)), 'invalid');
    refused(await port.load(name, 'a"', tens(3)), 'invalid');
  });

  for (const [what, wrong] of Object.entries({
    'a family that is none': { ...tens(1), family: 5 as never },
    'half a key': { family: 4, bytes: new Uint8Array(7) },
    'too few timeouts': { ...tens(3), timeouts: new Float64Array(2) },
    'too many ids': { ...tens(3), ids: new Uint8Array(49) },
  } satisfies Record<string, PackedKeys>)) {
    test(`a load is refused: ${what}`, async () => {
      const { port, table } = ground();
      refused(await port.load(await table(), 'v4', wrong), 'invalid');
    });
  }

  for (const [what, at, wrong] of [
    [
      'a network with host bits',
      2,
      { ...packed('10.0.0.0', '11.0.0.0', '12.0.0.1'), prefixes: Uint8Array.of(8, 8, 8) },
    ],
    ['a prefix beyond 32', 1, { ...packed('10.0.0.0', '11.0.0.0'), prefixes: Uint8Array.of(8, 33) }],
  ] as const) {
    test(`a load is refused whole: ${what}`, async () => {
      const { port, table } = ground();
      const name = await table();
      refused(await port.load(name, 'net4', wrong), 'invalid', at);
      assert.deepEqual(await keys(port, name, 'net4'), []);
    });
  }

  for (const timeout of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY, 36_500 * 86_400_000 + 1]) {
    test(`a load with timeout ${timeout} is refused whole`, async () => {
      const { port, table } = ground();
      const name = await table();
      const timeouts = new Float64Array(5000).fill(timeout, 4999);
      refused(await port.load(name, 'v4', { ...tens(5000), timeouts }), 'invalid', 4999);
      assert.deepEqual(await keys(port, name, 'v4'), []);
    });
  }

  test('an IPv6 address that carries an IPv4 address is refused', async () => {
    const { port, table } = ground();
    const name = await table();
    const mapped = Uint8Array.from([...Array(10).fill(0), 255, 255, 192, 0, 2, 1]);
    const compatible = Uint8Array.from([...Array(12).fill(0), 192, 0, 2, 1]);
    for (const bytes of [mapped, compatible]) refused(await port.load(name, 'v6', { family: 6, bytes }), 'invalid', 0);
    const one = Uint8Array.from([...Array(15).fill(0), 1]);
    done(await port.load(name, 'v6', { family: 6, bytes: one }));
    assert.deepEqual(await keys(port, name, 'v6'), ['::1']);
  });

  test('the buffers may be used again once load was called', async () => {
    const { port, table } = ground();
    const name = await table();
    const { bytes } = tens(5000);
    const loading = port.load(name, 'v4', { family: 4, bytes });
    bytes.fill(0);
    done(await loading);
    assert.equal((await keys(port, name, 'v4')).length, 5000);
  });

  test('calls before a load are done first; several loads go one after the other', async () => {
    const { port, table } = ground();
    const name = await table();
    const calls = [
      ...Array.from({ length: 50 }, (_, i) => port.commit(name, [add('v4', tenth(i), { comment: 'before' })])),
      port.load(name, 'v4', tens(10_000)),
      port.load(name, 'v4', { ...tens(12_000), ids: new Uint8Array(12_000 * 16) }),
    ];
    for (const result of await Promise.all(calls)) done(result);
    const comments = (i: number, found: readonly (NftElement | undefined)[]) => found[i]?.comment;
    const found = done(await port.find(name, 'v4', [tenth(49), tenth(50), tenth(11_000)]));
    assert.deepEqual(
      [0, 1, 2].map((i) => comments(i, found)),
      ['before', undefined, '00000000-0000-0000-0000-000000000000'],
    );
  });

  test('find answers in the order asked, with timeouts and comments', async () => {
    const { port, table } = ground();
    const name = await table();
    done(
      await port.commit(name, [
        add('v4', '192.0.2.1', { timeout: seconds(60), comment: 'c' }),
        add('v4', '192.0.2.2'),
        add('v6', '2001:db8::1'),
      ]),
    );
    const [one, none, two, again] = done(
      await port.find(name, 'v4', ['192.0.2.1', '192.0.2.3', '192.0.2.2', '192.0.2.1']),
    );
    assert.deepEqual([one?.key, one?.comment, again?.key], ['192.0.2.1', 'c', '192.0.2.1']);
    assert.ok(Number(one?.timeout) > 55_000 && Number(one?.timeout) <= 60_000);
    assert.equal(none, undefined);
    assert.deepEqual(two, { key: '192.0.2.2', timeout: 'never' });
    assert.deepEqual(done(await port.find(name, 'v6', ['2001:0db8::1'])), [{ key: '2001:db8::1', timeout: 'never' }]);
    assert.deepEqual(done(await port.find(name, 'v4', [])), []);
  });

  test('10,000 are looked up among 25,000; 10,001 are refused', async () => {
    const { port } = ground();
    const name = await plain();
    done(await port.load(name, 'many', tens(25_000)));
    const asked = Array.from({ length: 10_000 }, (_, i) => tenth(i * 4));
    const found = done(await port.find(name, 'many', asked));
    assert.deepEqual(
      found.map((element) => element?.key),
      asked.map((key, i) => (i * 4 < 25_000 ? key : undefined)),
    );
    refused(await port.find(name, 'many', [...asked, '10.0.0.1']), 'invalid');
    done(await port.drop(name));
  });

  test('an element whose time is over is not found', async () => {
    const { bench, port, table } = ground();
    const name = await table();
    done(await port.commit(name, [add('v4', '192.0.2.1', { timeout: millis(200) })]));
    await bench.eventually(200, async () => done(await port.find(name, 'v4', ['192.0.2.1']))[0] === undefined);
  });

  test('of an interval set only the very network is found', async () => {
    const { port, table } = ground();
    const name = await table();
    const nets = ['10.0.0.0/24', '10.0.1.0/24', '10.0.2.0/23', '192.0.2.1/32', '192.0.2.2/32', '240.0.0.0/4'];
    done(await port.commit(name, [...nets.map((key) => add('net4', key, { comment: key })), add('net6', '::/0')]));
    const asked = [
      ...['10.0.0.0/23', '10.0.0.0/25', '10.0.0.128/25', '10.0.1.0/25', '10.0.0.0/8', '10.0.2.0/24', '10.0.0.0/32'],
      ...['192.0.2.0/24', '192.0.2.0/32', '192.0.2.3/32', '0.0.0.0/0', '240.0.0.0/5', '128.0.0.0/1', '255.0.0.0/8'],
    ];
    assert.deepEqual(
      done(await port.find(name, 'net4', [...nets, ...asked])).map((element) => element?.comment),
      [...nets, ...asked.map(() => undefined)],
    );
    assert.deepEqual(
      done(await port.find(name, 'net6', ['::/0', '::/1', '8000::/1', '::/128'])).map((element) => element?.key),
      ['::/0', undefined, undefined, undefined],
    );
  });

  test('what cannot be looked up is refused', async () => {
    const { port, table } = ground();
    const name = await table();
    refused(await port.find('nowhere', 'v4', ['192.0.2.1']), 'missing');
    refused(await port.find(name, 'nowhere', ['192.0.2.1']), 'missing');
    refused(await port.find(name, 'v4', ['192.0.2.1', 'x']), 'invalid', 1);
    refused(await port.find(name, 'v4', ['192.0.2.1', '::1']), 'invalid', 1);
    refused(await port.find(name, 'net4', ['192.0.2.1']), 'invalid', 0);
    refused(await port.find(name, 'v4', ['192.0.2.0/24']), 'invalid', 0);
    refused(await port.find('a b', 'v4', []), 'invalid');
    refused(await port.find(name, 'a b', []), 'invalid');
  });

  test('a count is right where the kernel tells', async () => {
    const { port, table } = ground();
    const name = await table();
    const counted = async (expected: number): Promise<void> => {
      const count = done(await port.count(name, 'v4'));
      if (count !== 'unknown') assert.equal(count, expected);
    };
    await counted(0);
    done(await port.load(name, 'v4', tens(6000)));
    await counted(6000);
    done(await port.commit(name, [remove('v4', tenth(5)), add('v4', '192.0.2.1'), add('v4', tenth(6))]));
    await counted(6000);
    done(await port.commit(name, [flush('v4')]));
    await counted(0);
  });

  test('a count of networks is unknown, of what is not there missing', async () => {
    const { port, table } = ground();
    const name = await table();
    assert.equal(done(await port.count(name, 'net4')), 'unknown');
    refused(await port.count(name, 'nowhere'), 'missing');
    refused(await port.count('nowhere', 'v4'), 'missing');
    refused(await port.count('a b', 'v4'), 'invalid');
  });
}
