import assert from 'node:assert/strict';
import { test } from 'node:test';
import { seconds } from '../../core/base/time.ts';
import { add, done, flush, type Ground, keys, refused, remove, tenth, usual } from './nft-suite-ground.ts';

export function batchCases(ground: () => Ground): void {
  test('an empty batch is done', async () => {
    const { port, table } = ground();
    done(await port.commit(await table(), []));
  });

  test('one batch over several sets', async () => {
    const { port, table } = ground();
    const name = await table();
    done(
      await port.commit(name, [
        add('v4', '192.0.2.1'),
        add('net4', '198.51.100.0/24'),
        add('v6', '2001:db8::1'),
        add('v4', '192.0.2.2'),
        add('net6', '2001:db8::/32'),
      ]),
    );
    assert.deepEqual(await keys(port, name, 'v4'), ['192.0.2.1', '192.0.2.2']);
    assert.deepEqual(await keys(port, name, 'v6'), ['2001:db8::1']);
    assert.deepEqual(await keys(port, name, 'net4'), ['198.51.100.0/24']);
    assert.deepEqual(await keys(port, name, 'net6'), ['2001:db8::/32']);
  });

  for (const at of [0, 1, 57, 999]) {
    test(`a delete that fails as op ${at} of 1,000 undoes the batch and is named`, async () => {
      const { port, table } = ground();
      const name = await table();
      done(await port.commit(name, [add('v4', '192.0.2.1')]));
      const ops = Array.from({ length: 1000 }, (_, i) =>
        i === at ? remove('v4', '203.0.113.9') : add('v4', tenth(i)),
      );
      refused(await port.commit(name, ops), 'missing', at);
      assert.deepEqual(await keys(port, name, 'v4'), ['192.0.2.1']);
    });
  }

  test('a failing op among deletes is named', async () => {
    const { port, table } = ground();
    const name = await table();
    const some = Array.from({ length: 100 }, (_, i) => i);
    done(
      await port.commit(
        name,
        some.map((i) => add('v4', tenth(i))),
      ),
    );
    const ops = some.map((i) => remove('v4', i === 42 ? '192.0.2.42' : tenth(i)));
    refused(await port.commit(name, ops), 'missing', 42);
    assert.equal((await keys(port, name, 'v4')).length, 100);
  });

  test('a flush is undone with the batch it is in', async () => {
    const { port, table } = ground();
    const name = await table();
    done(await port.commit(name, [add('v4', '192.0.2.1'), add('net4', '198.51.100.0/24')]));
    refused(await port.commit(name, [flush('v4'), flush('net4'), remove('v6', '::1')]), 'missing', 2);
    assert.deepEqual(await keys(port, name, 'v4'), ['192.0.2.1']);
    assert.deepEqual(await keys(port, name, 'net4'), ['198.51.100.0/24']);
  });

  test('the first of two failing ops is named', async () => {
    const { port, table } = ground();
    const name = await table();
    refused(
      await port.commit(name, [add('v4', '192.0.2.1'), remove('v4', '192.0.2.2'), remove('v4', '192.0.2.3')]),
      'missing',
      1,
    );
  });

  test('ops act in their order: add, delete, add; flush between; delete what the batch added', async () => {
    const { port, table } = ground();
    const name = await table();
    const key = '192.0.2.1';
    done(
      await port.commit(name, [add('v4', key, { comment: 'a' }), remove('v4', key), add('v4', key, { comment: 'b' })]),
    );
    assert.equal(done(await port.list(name, 'v4'))[0]?.comment, 'b');
    done(await port.commit(name, [add('v4', '192.0.2.2'), flush('v4'), add('v4', '192.0.2.3')]));
    assert.deepEqual(await keys(port, name, 'v4'), ['192.0.2.3']);
    refused(await port.commit(name, [flush('v4'), remove('v4', '192.0.2.3')]), 'missing', 1);
    refused(await port.commit(name, [remove('v4', '192.0.2.3'), remove('v4', '192.0.2.3')]), 'missing', 1);
  });

  test('the same address twice in one batch: the first wins', async () => {
    const { port, table } = ground();
    const name = await table();
    done(
      await port.commit(name, [
        add('v4', '192.0.2.1', { timeout: seconds(100), comment: 'first' }),
        add('v4', '192.0.2.1', { timeout: seconds(5000), comment: 'second' }),
      ]),
    );
    const [element, ...more] = done(await port.list(name, 'v4'));
    assert.deepEqual([element?.comment, more.length], ['first', 0]);
    assert.ok(Number(element?.timeout) <= 100_000);
  });

  test('what is there already does not hide what fails', async () => {
    const { port, table } = ground();
    const name = await table();
    done(await port.commit(name, [add('v4', '192.0.2.1')]));
    const many = Array.from({ length: 200 }, (_, i) => add('v4', tenth(i)));
    refused(await port.commit(name, [add('v4', '192.0.2.1'), ...many, remove('v4', '192.0.2.9')]), 'missing', 201);
    assert.deepEqual(await keys(port, name, 'v4'), ['192.0.2.1']);
    done(await port.commit(name, [add('v4', '192.0.2.1'), ...many, add('v4', '192.0.2.1')]));
    assert.equal((await keys(port, name, 'v4')).length, 201);
  });

  test('10,000 ops go in one batch, again without change, and out again', async () => {
    const { bench, port, table } = ground();
    const name = await table();
    const count = 10_000 * bench.scale;
    const some = Array.from({ length: count }, (_, i) => tenth(i));
    const all = some.map((key) => add('v4', key, { timeout: seconds(1000), comment: `decision ${key}` }));
    done(await port.commit(name, all));
    const longer = all.map((op) => ({ ...op, timeout: seconds(9000), comment: 'later' }));
    done(await port.commit(name, longer));
    done(await port.commit(name, all.with(count / 2, add('v4', '192.0.2.1'))));
    const listed = done(await port.list(name, 'v4'));
    assert.equal(listed.length, count + 1);
    for (const { key, timeout, comment } of listed.filter((element) => element.key !== '192.0.2.1')) {
      assert.equal(comment, `decision ${key}`);
      assert.ok(Number(timeout) <= 1_000_000);
    }
    done(
      await port.commit(
        name,
        some.map((key) => remove('v4', key)),
      ),
    );
    assert.deepEqual(await keys(port, name, 'v4'), ['192.0.2.1']);
  });

  test('10,001 ops are refused and change nothing', async () => {
    const { port, table } = ground();
    const name = await table();
    const all = Array.from({ length: 10_001 }, (_, i) => add('v4', tenth(i)));
    assert.match(refused(await port.commit(name, all), 'invalid').public, /10000/);
    assert.deepEqual(await keys(port, name, 'v4'), []);
  });

  test('10,000 ops with the longest comments', async () => {
    const { bench, port, table } = ground();
    const name = await table();
    const count = 10_000 * bench.scale;
    const comment = 'c'.repeat(128);
    const all = Array.from({ length: count }, (_, i) =>
      add('v6', `2001:db8::${i.toString(16)}`, { comment, timeout: seconds(99) }),
    );
    done(await port.commit(name, all));
    const listed = done(await port.list(name, 'v6'));
    assert.equal(listed.filter((element) => element.comment === comment).length, count);
  });

  test('10,000 networks in one batch', async () => {
    const { bench, port, table } = ground();
    const name = await table();
    const nets = Array.from({ length: 10_000 * bench.scale }, (_, i) => `${tenth(i * 512)}/24`);
    done(
      await port.commit(
        name,
        nets.map((key) => add('net4', key, { comment: 'n' })),
      ),
    );
    assert.deepEqual(await keys(port, name, 'net4'), nets.toSorted());
    done(
      await port.commit(
        name,
        nets.map((key) => remove('net4', key)),
      ),
    );
    assert.deepEqual(await keys(port, name, 'net4'), []);
  });

  test('a set that is not there is missing, and the op that names it first is named', async () => {
    const { port, table } = ground();
    const name = await table();
    refused(await port.commit(name, [add('v4', '192.0.2.1'), add('nowhere', '192.0.2.1')]), 'missing', 1);
    refused(await port.commit(name, [flush('nowhere')]), 'missing', 0);
    refused(await port.list(name, 'nowhere'), 'missing');
    assert.deepEqual(await keys(port, name, 'v4'), []);
  });

  test('a table that is not there is missing', async () => {
    const { port } = ground();
    refused(await port.commit('nowhere', [add('v4', '192.0.2.1')]), 'missing', 0);
    refused(await port.list('nowhere', 'v4'), 'missing');
    refused(await port.counters('nowhere'), 'missing');
  });

  test('names that are none are refused everywhere', async () => {
    const { port, table } = ground();
    const name = await table();
    for (const bad of ['', 'a b', 'x'.repeat(32), '../v4', 'v4"', 'v4\0']) {
      refused(await port.commit(bad, [add('v4', '192.0.2.1')]), 'invalid');
      refused(await port.commit(name, [add(bad, '192.0.2.1')]), 'invalid', 0);
      refused(await port.commit(name, [flush(bad)]), 'invalid', 0);
      refused(await port.list(bad, 'v4'), 'invalid');
      refused(await port.list(name, bad), 'invalid');
      refused(await port.counters(bad), 'invalid');
      refused(await port.drop(bad), 'invalid');
    }
    done(await port.ensure(usual(name)));
  });
}
