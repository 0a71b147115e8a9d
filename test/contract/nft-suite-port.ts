import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseIp } from '../../core/base/ip.ts';
import type { NftResult } from '../../native/nft/port.ts';
import { add, done, flush, type Ground, keys, refused, remove, tenth, usual } from './nft-suite-ground.ts';

export function portCases(ground: () => Ground): void {
  test('local addresses are canonical and distinct', async () => {
    const addresses = done(await ground().port.localAddresses());
    assert.ok(addresses.includes('127.0.0.1'));
    assert.equal(new Set(addresses).size, addresses.length);
    for (const address of addresses) {
      const parsed = parseIp(address);
      assert.ok(parsed.ok && parsed.value.text === address, address);
    }
  });

  test('calls are worked off in their order, though none is awaited', async () => {
    const { port, table } = ground();
    const name = await table();
    const calls = Array.from({ length: 200 }, (_, i) =>
      port.commit(name, [i % 2 === 0 ? add('v4', '192.0.2.1', { comment: `${i}` }) : remove('v4', '192.0.2.1')]),
    );
    const listed = port.list(name, 'v4');
    const last = port.commit(name, [add('v4', '192.0.2.1', { comment: 'last' })]);
    const relisted = port.list(name, 'v4');
    for (const call of await Promise.all(calls)) done(call);
    assert.deepEqual(done(await listed), []);
    done(await last);
    assert.equal(done(await relisted)[0]?.comment, 'last');
  });

  test('two ports see one kernel, and closing one leaves the other', async () => {
    const { bench, port, table } = ground();
    const name = await table();
    const other = await bench.open();
    const mine = Array.from({ length: 50 }, (_, i) => port.commit(name, [add('v4', tenth(i))]));
    const theirs = Array.from({ length: 50 }, (_, i) => other.commit(name, [add('v4', tenth(1000 + i))]));
    for (const call of await Promise.all([...mine, ...theirs])) done(call);
    assert.equal(done(await other.list(name, 'v4')).length, 100);
    await other.close();
    assert.equal(done(await port.list(name, 'v4')).length, 100);
  });

  test('two ports that ensure the same table at once both succeed', async () => {
    const { bench, port, table } = ground();
    const name = await table();
    const other = await bench.open();
    const calls = Array.from({ length: 20 }, () => [port.ensure(usual(name)), other.ensure(usual(name))]).flat();
    for (const call of await Promise.all(calls)) done(call);
    await other.close();
  });

  test('close waits for the calls under way', async () => {
    const { bench, port, table } = ground();
    const name = await table();
    const other = await bench.open();
    const calls = Array.from({ length: 20 }, (_, i) =>
      other.commit(
        name,
        Array.from({ length: 100 }, (_, j) => add('v4', tenth(i * 100 + j))),
      ),
    );
    await other.close();
    for (const call of await Promise.all(calls)) done(call);
    assert.equal((await keys(port, name, 'v4')).length, 2000);
  });

  test('close may be called again, and every call after it says closed', async () => {
    const { bench, table } = ground();
    const name = await table();
    const other = await bench.open();
    const closing = other.close();
    await Promise.all([closing, other.close()]);
    await other.close();
    const calls: Promise<NftResult<unknown>>[] = [
      other.ensure(usual(name)),
      other.drop(name),
      other.commit(name, [flush('v4')]),
      other.list(name, 'v4'),
      other.counters(name),
      other.localAddresses(),
    ];
    for (const result of await Promise.all(calls)) {
      assert.equal(refused(result, 'closed').errno, 0);
    }
  });

  test('what a port left behind stands for the next', async () => {
    const { bench, table } = ground();
    const name = await table();
    const first = await bench.open();
    done(await first.commit(name, [add('v4', '192.0.2.1', { comment: 'left' })]));
    await first.close();
    const second = await bench.open();
    done(await second.ensure(usual(name)));
    assert.deepEqual(done(await second.list(name, 'v4')), [{ key: '192.0.2.1', timeout: 'never', comment: 'left' }]);
    await second.close();
  });
}
