import assert from 'node:assert/strict';
import { test } from 'node:test';
import { millis, seconds } from '../../core/base/time.ts';
import type { SetDeclaration, TableDeclaration } from '../../native/nft/declaration.ts';
import { add, done, flush, type Ground, keys, refused, remove } from './nft-suite-ground.ts';

const set = (name: string, family: SetDeclaration['family'], more: Partial<SetDeclaration> = {}): SetDeclaration => ({
  name,
  family,
  interval: false,
  timeout: true,
  ...more,
});
const declared = (name: string): TableDeclaration => ({
  name,
  sets: [
    set('port', 'port'),
    set('ports', 'port', { interval: true }),
    set('few', 'port', { timeout: false, size: 2 }),
    set('from4', '4+port', { size: 1000 }),
    set('from6', '6+port'),
    set('v4', 4),
  ],
  chains: [],
});

/** Sets of ports, of ranges of ports, and of sources with what they may speak to. */
export function keyCases(ground: () => Ground): void {
  let made = 0;
  const fresh = async (): Promise<string> => {
    const name = `keys${++made}`;
    done(await ground().port.ensure(declared(name)));
    return name;
  };

  for (const [kind, ...all] of [
    ['port', '1', '22', '443', '65535'],
    ['ports', '1', '22', '30000-40000', '50000-50001', '65000-65535'],
    ['from4', '192.0.2.1 . tcp . 443', '192.0.2.1 . udp . 443', '192.0.2.1 . tcp . 1', '255.255.255.255 . udp . 65535'],
    ['from6', '2001:db8::1 . tcp . 443', '::1 . udp . 53', 'ffff:: . tcp . 65535'],
  ] as const) {
    test(`keys of ${kind} are added, listed as they were written, found, and deleted`, async () => {
      const { port } = ground();
      const name = await fresh();
      done(
        await port.commit(
          name,
          all.map((key) => add(kind, key, { comment: `of ${key}` })),
        ),
      );
      const listed = done(await port.list(name, kind));
      assert.deepEqual(
        listed.map(({ key, comment }) => `${key} ${comment}`).sort(),
        all.map((key) => `${key} of ${key}`).sort(),
      );
      done(
        await port.commit(
          name,
          [...all].map((key) => remove(kind, key)),
        ),
      );
      assert.deepEqual(await keys(port, name, kind), []);
      done(
        await port.commit(
          name,
          [...all].map((key) => add(kind, key)),
        ),
      );
      done(await port.commit(name, [flush(kind), add(kind, all[0])]));
      assert.deepEqual(await keys(port, name, kind), [all[0]]);
    });

    test(`keys of ${kind} that are there keep time and comment; they end by themselves`, async () => {
      const { bench, port } = ground();
      const name = await fresh();
      const [key, other] = all;
      done(await port.commit(name, [add(kind, key, { timeout: seconds(1000), comment: 'first' }), add(kind, other)]));
      done(await port.commit(name, [add(kind, key, { timeout: seconds(9000), comment: 'second' })]));
      const first = done(await port.list(name, kind)).find((element) => element.key === key);
      assert.equal(first?.comment, 'first');
      assert.ok(first.timeout !== 'never' && first.timeout <= 1_000_000);
      done(await port.commit(name, [remove(kind, key), add(kind, key, { timeout: millis(300) })]));
      await bench.eventually(300, async () => (await keys(port, name, kind)).length === 1);
      assert.deepEqual(await keys(port, name, kind), [other]);
    });

    test(`deleting a key of ${kind} that is not there is missing and undoes the batch`, async () => {
      const { port } = ground();
      const name = await fresh();
      refused(await port.commit(name, [add('v4', '192.0.2.1'), remove(kind, all[1])]), 'missing', 1);
      assert.deepEqual(await keys(port, name, 'v4'), []);
    });
  }

  test('a range of one port is that port', async () => {
    const { port } = ground();
    const name = await fresh();
    done(await port.commit(name, [add('ports', '22-22'), add('port', '80-80')]));
    assert.deepEqual(await keys(port, name, 'ports'), ['22']);
    done(await port.commit(name, [remove('ports', '22'), remove('port', '80')]));
  });

  for (const [there, added] of [
    ['100-200', '150'],
    ['150', '100-200'],
    ['100-200', '200-300'],
    ['65000-65535', '65535'],
    ['65535', '1-65535'],
    ['1-65535', '80'],
  ] as const) {
    test(`${added} beside ${there} is refused as an overlap`, async () => {
      const { port } = ground();
      const name = await fresh();
      done(await port.commit(name, [add('ports', there)]));
      refused(await port.commit(name, [add('ports', added)]), 'exists', 0);
      refused(await port.commit(name, [remove('ports', added)]), 'missing', 0);
      assert.deepEqual(await keys(port, name, 'ports'), [there]);
      done(await port.commit(name, [remove('ports', there), add('ports', added)]));
      assert.deepEqual(await keys(port, name, 'ports'), [added]);
    });
  }

  test('ranges that touch stand beside each other', async () => {
    const { port } = ground();
    const name = await fresh();
    const all = ['1-99', '100', '101-200', '201-65535'];
    for (const key of all) done(await port.commit(name, [add('ports', key)]));
    assert.deepEqual(await keys(port, name, 'ports'), all.sort());
  });

  test('a full set of ports takes no more', async () => {
    const { port } = ground();
    const name = await fresh();
    done(await port.commit(name, [add('few', '1'), add('few', '2')]));
    refused(await port.commit(name, [add('few', '3')]), 'full', 0);
  });

  test('sets begin with ports, ranges and services', async () => {
    const { port } = ground();
    const name = `keys_begun${++made}`;
    const elements = (...all: readonly string[]) => ({
      elements: all.map((key) => ({ key, timeout: 'never' }) as const),
    });
    const sets = [
      set('port', 'port', elements('22', '443')),
      set('ports', 'port', { interval: true, ...elements('1-1024', '65535') }),
      set('from6', '6+port', elements('2001:db8::1 . tcp . 443')),
    ];
    done(await port.ensure({ name, sets, chains: [] }));
    assert.deepEqual(await keys(port, name, 'port'), ['22', '443']);
    assert.deepEqual(await keys(port, name, 'ports'), ['1-1024', '65535']);
    assert.deepEqual(await keys(port, name, 'from6'), ['2001:db8::1 . tcp . 443']);
    const clash = set('ports', 'port', { interval: true, ...elements('1-1024', '1000') });
    refused(await port.ensure({ name: `${name}_not`, sets: [clash], chains: [] }), 'exists');
  });

  test('a set that becomes one of other keys is made anew', async () => {
    const { port } = ground();
    const name = await fresh();
    done(await port.commit(name, [add('port', '22')]));
    for (const family of ['4+port', '6+port', 'either', 4, 'port'] as const) {
      done(await port.ensure({ name, sets: [set('port', family)], chains: [] }));
      assert.deepEqual(await keys(port, name, 'port'), []);
    }
  });

  for (const [kind, key] of [
    ['port', '0'],
    ['port', '65536'],
    ['port', '022'],
    ['port', '+22'],
    ['port', '22 '],
    ['port', '1-2'],
    ['port', '192.0.2.1'],
    ['ports', '2-1'],
    ['ports', '0-5'],
    ['ports', '5-'],
    ['ports', '1-2-3'],
    ['ports', '10.0.0.0/8'],
    ['from4', '192.0.2.1'],
    ['from4', '192.0.2.1 . tcp'],
    ['from4', '192.0.2.1 . tcp . 0'],
    ['from4', '192.0.2.1 . icmp . 8'],
    ['from4', '192.0.2.1 . tcp . 443 . 1'],
    ['from4', '192.0.2.0/24 . tcp . 443'],
    ['from4', '2001:db8::1 . tcp . 443'],
    ['from6', '192.0.2.1 . tcp . 443'],
    ['from6', '::ffff:192.0.2.1 . tcp . 443'],
    ['v4', '22'],
    ['v4', '192.0.2.1 . tcp . 443'],
  ] as const) {
    test(`${JSON.stringify(key)} is refused in ${kind}`, async () => {
      const { port } = ground();
      const name = await fresh();
      refused(await port.commit(name, [add(kind, key)]), 'invalid', 0);
    });
  }

  for (const [what, more] of Object.entries({
    'services as intervals': set('x', '4+port', { interval: true }),
    'a size for ranges': set('x', 'port', { interval: true, size: 5 }),
    'another family': set('x', 'mac' as never),
    'a family as text': set('x', '4' as never),
  })) {
    test(`a set is refused: ${what}`, async () => {
      refused(await ground().port.ensure({ name: 'keys_refused', sets: [more], chains: [] }), 'invalid');
    });
  }
}
