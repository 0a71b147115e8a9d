import assert from 'node:assert/strict';
import { mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, test } from 'node:test';
import { openStore, type StorePort } from '../../actors/store/index.ts';
import { fail, ok } from '../../core/base/result.ts';
import { EnrolmentServer } from '../support/link/enrolment-server.ts';
import { killedDrain } from '../support/link/killed-drain.ts';
import { lossDay } from '../support/link/loss-day.ts';
import { wrongInDay, wrongInLedger } from '../support/link/loss-judge.ts';
import { Mosquitto, noMosquitto } from '../support/link/mosquitto.ts';
import { realClock } from '../support/real-clock.ts';
import { settled } from '../support/settled.ts';

const MIB = 1024 * 1024;

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

async function ground() {
  const state = await mkdtemp(join(tmpdir(), 'bartizan-loss-'));
  cleanups.push(() => rm(state, { recursive: true, force: true }));
  return state;
}

async function withStore<V>(state: string, use: (store: StorePort) => Promise<V>): Promise<V> {
  const opened = await openStore({ stateDirectory: state, clock: realClock, log: () => {}, onDamage: () => {} });
  assert.ok(opened.ok);
  try {
    return await use(opened.value.port);
  } finally {
    await opened.value.service.stop();
  }
}

async function bytesIn(directory: string): Promise<number> {
  let bytes = 0;
  for (const name of await readdir(directory)) bytes += (await stat(join(directory, name))).size;
  return bytes;
}

test('a day without a link: bounded, the least important given up first, gaps named, drained in order over an outage', {
  timeout: 300_000,
}, async () => {
  const state = await ground();
  const maxBytes = 8 * MIB;
  await withStore(state, async (store) => {
    const day = await lossDay(store, { findings: 60_000, maxBytes });
    const { site } = day;
    assert.deepEqual(wrongInDay(day, maxBytes), []);
    assert.deepEqual(day.lost, ['event', 'incident', 'finding']);
    // Findings are kept beside, in records of their own.
    const onDisk = await bytesIn(join(state, 'store'));
    assert.ok(onDisk < 5 * maxBytes, `${Math.round(onDisk / MIB)} MiB on disk`);
    await site.again();
    let left = 60;
    site.answer = async () => (left-- > 0 ? ok(undefined) : fail('closed', 'the link broke'));
    site.up();
    for (let turn = 0; left > 0 && turn < 1000; turn++) await site.quiet();
    // The process is gone without a word, in the midst of it.
    await site.again();
    site.answer = async () => ok(undefined);
    site.up();
    for (let turn = 0; site.outbox.waitingBytes > 0 && turn < 2000; turn++) {
      site.clock.advance(100);
      for (let i = 0; i < 50; i++) await settled();
    }
    assert.deepEqual(wrongInLedger(site.ledger, day.made, day.givenUp), []);
    assert.ok(day.givenUp.finding > 10_000);
  });
});

test('an appliance that is killed in the midst of a drain, again and again, loses nothing and says nothing else under a number', {
  skip: noMosquitto,
  timeout: 120_000,
}, async () => {
  const state = await ground();
  const maxBytes = 4 * MIB;
  const { made, givenUp } = await withStore(state, (store) => lossDay(store, { findings: 20_000, maxBytes }));
  const broker = await Mosquitto.make();
  cleanups.push(() => broker.remove());
  await broker.start();
  const server = await EnrolmentServer.start(broker.authority, [broker.url]);
  cleanups.push(() => server.stop());
  const killsAfter = [1, 20, 40];
  const { ledger } = await killedDrain({ state, made, maxBytes, broker, server, killsAfter });
  assert.deepEqual(wrongInLedger(ledger, made, givenUp), []);
  assert.ok(givenUp.finding > 0);
});
