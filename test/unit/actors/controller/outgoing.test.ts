import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Leaving } from '../../../../actors/controller/outgoing.ts';
import type { Id } from '../../../../core/base/ids.ts';
import { hours, type Millis, minutes, plus } from '../../../../core/base/time.ts';
import { pressingSite, settled } from '../../../support/link/pressing-site.ts';

async function site() {
  const made = await pressingSite();
  const outgoing = made.outgoing();
  const [member] = made.members(1);
  assert.ok(member !== undefined);
  const { serial } = member;
  const desired = (order: string): Leaving => ({
    ...{ kind: 'desired', name: serial, serial, order: order as Id },
    payload: Buffer.from(order),
  });
  const command = (order: string, until: Millis = plus(made.clock.now(), hours(1))): Leaving => ({
    ...{ kind: 'cmd', name: order, serial, order: order as Id, until },
    payload: Buffer.from(order),
  });
  const send = async (one: Leaving): Promise<void> => {
    await made.records.write((writes) => outgoing.keep(writes, one));
    await outgoing.publish([one]);
  };
  const published = (): readonly string[] =>
    made.broker.published.map(({ payload }) => Buffer.from(payload).toString());
  return { ...made, outgoing, later: made.outgoing, desired, command, send, published };
}

test('an order that its connection lost goes with the next one, and only with that', async () => {
  const { broker, outgoing, command, send, published } = await site();
  broker.mode = 'lost';
  await send(command('one'));
  broker.mode = 'taken';
  await outgoing.resume();
  await outgoing.resume();
  assert.deepEqual(published(), ['one']);
});

test('an order that was made without a connection waits for one', async () => {
  const { broker, outgoing, desired, send, published } = await site();
  broker.isConnected = false;
  await send(desired('one'));
  assert.deepEqual(published(), []);
  broker.isConnected = true;
  await outgoing.resume();
  assert.deepEqual([published(), broker.published[0]?.retain], [['one'], true]);
});

test('what the broker did not acknowledge goes with the next run, what it did does not', async () => {
  const { broker, later, command, send, published } = await site();
  await send(command('had'));
  broker.mode = 'held';
  void send(command('open'));
  await settled();
  broker.mode = 'taken';
  const next = later();
  await next.load();
  await next.resume();
  assert.deepEqual(published(), ['had', 'open', 'open']);
});

test('a command that has its result, or has ended, is published no more', async () => {
  const { broker, clock, records, outgoing, command, send, published } = await site();
  broker.mode = 'lost';
  await send(command('answered'));
  await send(command('over', plus(clock.now(), minutes(1))));
  await send(command('stands'));
  await records.write((writes) => outgoing.drop(writes, { kind: 'cmd', name: 'answered' }));
  clock.advance(minutes(7));
  broker.mode = 'taken';
  await outgoing.resume();
  assert.deepEqual(published(), ['stands']);
});

test('an earlier order for an appliance does not come after a later one', async () => {
  const { broker, outgoing, desired, send, published } = await site();
  broker.mode = 'lost';
  await send(desired('one'));
  broker.mode = 'taken';
  await Promise.all([outgoing.resume(), send(desired('two'))]);
  await outgoing.resume();
  assert.equal(published().at(-1), 'two');
});

test('what was desired of an appliance that another controller serves by now waits until it is served here', async () => {
  const { broker, clock, outgoing, desired, command, send, published, served } = await site();
  broker.mode = 'lost';
  await send(desired('one'));
  await send(command('two'));
  broker.mode = 'taken';
  const all = [...served];
  served.clear();
  await outgoing.resume();
  assert.deepEqual(published(), ['two'], 'a command is nobody else’s');
  for (const serial of all) served.add(serial);
  outgoing.resumeSoon();
  clock.advance(1000);
  await settled();
  await settled();
  assert.deepEqual(published(), ['two', 'one']);
});
