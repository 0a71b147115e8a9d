import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OrderBench } from '../../../../actors/controller-link/orders/bench.ts';
import { envelopeReader } from '../../../../actors/link-wire/index.ts';
import { createRecords, MemoryStore } from '../../../../actors/store/index.ts';
import { hours, plus, seconds } from '../../../../core/base/time.ts';
import { noted } from '../../../../core/link/desired.ts';
import type { Hex } from '../../../../core/link/hex.ts';
import type { OrderOf } from '../../../../core/link/order.ts';
import { commandOrder, idAt, NOW, SERIAL, setOf, TENANT, testKey } from '../../../support/link-orders.ts';

const [ops, next, third] = [testKey('ops'), testKey('next'), testKey('third')];
const order = { generation: 4, order: 'ab'.repeat(32) as Hex };
const trial = { order, key: 'ops', at: NOW, change: undefined, decided: [] };

function site() {
  const records = createRecords(new MemoryStore());
  let now = NOW;
  const open = async () => {
    const enrolled = { tenant: TENANT, serial: SERIAL, enrolledAt: NOW, keys: setOf(ops), keysGeneration: 1 };
    const deps = { records, reader: envelopeReader, clock: () => ({ now, isSet: true }) };
    const opened = await OrderBench.open(deps, enrolled);
    assert.ok(opened.ok);
    return opened.value.bench;
  };
  const at = (later: typeof NOW): void => {
    now = later;
  };
  return { open, at };
}

test('what is written side by side is all there, in memory and on disk', async () => {
  const { open, at } = site();
  const bench = await open();
  await bench.take(commandOrder({ kind: 'scan', what: '' }, { id: idAt(NOW, 1) }) as OrderOf<'command'>, 'ops');
  await bench.write({ trial });
  at(plus(NOW, hours(30)));
  const written = await Promise.all([
    bench.write({ ring: { generation: 2, keys: setOf(next).keys } }),
    bench.write({ trial: undefined }),
    bench.write(({ desired }) => ({ desired: noted(desired, order, { kind: 'confirmed' }) })),
    bench.write(({ desired }) => ({ desired: noted(desired, { ...order, generation: 5 }, { kind: 'on_trial' }) })),
    bench.forget(),
  ]);
  assert.ok(written.every(({ ok }) => ok));
  for (const one of [bench, await open()]) {
    assert.deepEqual([one.ring.generation, one.trial], [2, undefined]);
    assert.deepEqual([one.desired.confirmed?.generation, one.desired.last?.generation], [4, 5]);
    assert.ok(one.floor > NOW);
  }
});

test('the keys of another enrolment do not bring back what ends beside them', async () => {
  const { open } = site();
  const bench = await open();
  await bench.write({ trial });
  const enrolledAt = plus(NOW, seconds(1));
  await Promise.all([
    bench.write({ trial: undefined }),
    bench.follow({ tenant: TENANT, serial: SERIAL, enrolledAt, keys: setOf(third), keysGeneration: 7 }),
  ]);
  assert.deepEqual([bench.ring.generation, bench.trial], [7, undefined]);
});
