import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { SetDeclaration, TableDeclaration } from '../../native/nft/declaration.ts';
import type { NftChange, NftOp, PackedKeys } from '../../native/nft/port.ts';
import { tens } from './nft-suite-bulk.ts';
import { add, done, type Ground, keys, refused, remove, tenth } from './nft-suite-ground.ts';

const LARGE = { name: 'large', family: 4, interval: false, timeout: true, size: 1_000_000 } as const;

/** Sets of addresses and of networks that count whoever knocks. */
const counting = (name: string): TableDeclaration => ({
  name,
  sets: [
    { name: 'seen', family: 4, interval: false, timeout: true, counters: true },
    { name: 'nets', family: 4, interval: true, timeout: false, counters: true },
  ],
  chains: [
    {
      name: 'in',
      hook: 'input',
      priority: 0,
      rules: ['nets', 'seen'].map((set) => ({
        when: [
          { match: 'dport', protocol: 'udp', port: 9 },
          { match: 'saddr', set },
        ],
        verdict: 'continue',
        counter: set,
      })),
    },
  ],
});

/** What happens when more comes than fits, or two things at once. */
export function troubleCases(ground: () => Ground): void {
  let made = 0;
  const large = async (set: SetDeclaration = LARGE): Promise<string> => {
    const name = `trouble${++made}`;
    done(await ground().port.ensure({ name, sets: [set], chains: [] }));
    return name;
  };
  async function watched(name: string) {
    const { port } = ground();
    const seen: NftChange[] = [];
    const leave = done(await port.watch(name, (change) => void seen.push(change)));
    return { seen, leave, isLost: async () => seen.some(({ kind }) => kind === 'lost') };
  }

  test('more notifications than can be told are lost, which is told; later ones are told again', async () => {
    const { bench, port } = ground();
    const name = await large();
    const { seen, leave, isLost } = await watched(name);
    await bench.overwhelm(name, LARGE.name);
    await bench.eventually(0, isLost);
    const other = await bench.open();
    const before = seen.length;
    await bench.eventually(0, async () => {
      done(await other.commit(name, [add('large', '192.0.2.1')]));
      done(await other.commit(name, [remove('large', '192.0.2.1')]));
      return seen.slice(before).some(({ kind }) => kind === 'changed');
    });
    leave();
    await other.close();
    done(await port.drop(name));
  });

  test('what others change while the port loads is lost, which is told', async () => {
    const { bench, port } = ground();
    const name = await large();
    const other = await bench.open();
    const { leave, isLost } = await watched(name);
    let isLoaded = false;
    const loading = port.load(name, 'large', tens(150_000 * bench.scale)).finally(() => {
      isLoaded = true;
    });
    for (let i = 0; !isLoaded; i++) {
      done(await other.commit(name, [i % 2 === 0 ? add('large', '192.0.2.1') : remove('large', '192.0.2.1')]));
    }
    done(await loading);
    await bench.eventually(0, isLost);
    leave();
    await other.close();
    done(await port.drop(name));
  });

  test('closing a port ends its loads: the one under way says how many stand, those that wait that none does', async () => {
    const { bench, port } = ground();
    const name = await large();
    const other = await bench.open();
    const count = 400_000 * bench.scale;
    const loads = [other.load(name, 'large', tens(count)), other.load(name, 'large', tens(3, count))];
    // Worked off before the load goes on, so that it has begun, as a rule.
    done(await other.find(name, 'large', [tenth(0)]));
    const closing = other.close();
    const [first, second] = await Promise.all(loads);
    assert.ok(first && second);
    await closing;
    const { loaded = -1 } = refused(first, 'closed');
    assert.ok(loaded >= 0 && loaded < count, `${loaded}`);
    assert.equal(refused(second, 'closed').loaded, 0);
    assert.equal((await keys(port, name, 'large')).length, loaded);
    done(await port.drop(name));
  });

  test('closing a port answers the calls made before it, also those behind a load', async () => {
    const { bench, port } = ground();
    const name = await large();
    const other = await bench.open();
    const loading = other.load(name, 'large', tens(400_000 * bench.scale));
    const behind = [add('large', '192.0.2.1'), add('large', '192.0.2.2')].map((op) => other.commit(name, [op]));
    await other.close();
    for (const call of await Promise.all(behind)) done(call);
    refused(await loading, 'closed');
    assert.equal(done(await port.find(name, 'large', ['192.0.2.2']))[0]?.key, '192.0.2.2');
    done(await port.drop(name));
  });

  test('an element counts what finds it, in a set that is declared to', async () => {
    const { bench, port } = ground();
    const name = `trouble${++made}`;
    done(await port.ensure(counting(name)));
    const own: PackedKeys = { family: 4, bytes: Uint8Array.of(127, 0, 0, 1) };
    done(await port.load(name, 'seen', own));
    done(await port.commit(name, [add('seen', '192.0.2.1'), add('nets', '10.0.0.0/8'), add('nets', '127.0.0.0/8')]));
    for (let i = 0; i < 3; i++) await bench.knock();
    const counted = { packets: 3, bytes: 87 };
    const none = { packets: 0, bytes: 0 };
    const timeout = 'never';
    const all = [
      { key: '127.0.0.1', timeout, ...counted },
      { key: '192.0.2.1', timeout, ...none },
    ];
    assert.deepEqual(done(await port.find(name, 'seen', ['127.0.0.1', '192.0.2.1'])), all);
    assert.deepEqual(
      done(await port.list(name, 'seen')).toSorted((a, b) => (a.key < b.key ? -1 : 1)),
      all,
    );
    assert.deepEqual(done(await port.find(name, 'nets', ['127.0.0.0/8', '10.0.0.0/8'])), [
      { key: '127.0.0.0/8', timeout, ...counted },
      { key: '10.0.0.0/8', timeout, ...none },
    ]);
    done(await port.ensure(counting(name)));
    assert.deepEqual(done(await port.find(name, 'seen', ['127.0.0.1'])), all.slice(0, 1));
    done(await port.drop(name));
  });

  test('a set that is to count from now on is made anew', async () => {
    const { port } = ground();
    const name = await large();
    done(await port.commit(name, [add('large', '192.0.2.1')]));
    const counts = { name, sets: [{ ...LARGE, counters: true }], chains: [] };
    done(await port.ensure(counts));
    assert.deepEqual(await keys(port, name, 'large'), []);
    done(await port.commit(name, [add('large', '192.0.2.1', { comment: 'c' })]));
    done(await port.ensure(counts));
    const stays = { key: '192.0.2.1', timeout: 'never', comment: 'c', packets: 0, bytes: 0 };
    assert.deepEqual(done(await port.list(name, 'large')), [stays]);
    done(await port.ensure({ ...counts, sets: [LARGE] }));
    assert.deepEqual(await keys(port, name, 'large'), []);
    done(await port.drop(name));
  });

  test('one address is replaced again and again in one batch, and in many', async () => {
    const { port, table } = ground();
    const name = await table();
    const again: NftOp[] = Array.from({ length: 40 }, (_, i) => [
      add('v4', '192.0.2.1', { comment: `${i}` }),
      remove('v4', '192.0.2.1'),
    ]).flat();
    done(await port.commit(name, [...again, add('v4', '192.0.2.1', { comment: 'last' })]));
    const calls = Array.from({ length: 60 }, (_, i) =>
      port.commit(name, [remove('v4', '192.0.2.1'), add('v4', '192.0.2.1', { comment: `${i}` })]),
    );
    for (const call of await Promise.all(calls)) done(call);
    assert.deepEqual(done(await port.list(name, 'v4')), [{ key: '192.0.2.1', timeout: 'never', comment: '59' }]);
  });

  test('a batch whose every op fails says which failed first, and changes nothing', async () => {
    const { bench, port, table } = ground();
    const name = await table();
    const none = Array.from({ length: 10_000 * bench.scale }, (_, i) => remove('v4', tenth(i)));
    refused(await port.commit(name, none), 'missing', 0);
    refused(await port.commit(name, [add('v4', '192.0.2.1'), ...none.slice(1)]), 'missing', 1);
    assert.deepEqual(await keys(port, name, 'v4'), []);
  });
}
