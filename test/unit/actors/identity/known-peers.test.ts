import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Acquaintances, KNOWN_FOR, MOST_KNOWN } from '../../../../actors/identity/known-peers.ts';
import { OrderedWriter } from '../../../../actors/identity/writer.ts';
import { days, hours } from '../../../../core/base/time.ts';
import { identityKeys } from '../../../../core/keys/identity-keys.ts';
import { MemoryStore } from '../../../support/memory-store.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const PEER = '192.0.2.1';

async function start({ store = new MemoryStore(), clock = new SimulatedClock() } = {}) {
  const writer = new OrderedWriter(store, () => {});
  const inside = new Set<string>();
  const known = new Acquaintances({ clock, writer, isInside: (key) => inside.has(key) });
  await known.load(store);
  return { store, clock, writer, inside, known };
}

test('who got in is known for 30 days, over restarts', async () => {
  const first = await start();
  assert.equal(first.known.isKnown(PEER), false);
  first.known.gotIn(PEER);
  first.known.gotIn('2001:db8::/64');
  await first.writer.settled();
  first.clock.advance(KNOWN_FOR);
  const again = await start(first);
  assert.deepEqual([again.known.isKnown(PEER), again.known.isKnown('2001:db8::/64')], [true, true]);
  first.clock.advance(1);
  assert.equal(again.known.isKnown(PEER), false);
  const last = await start(first);
  await last.writer.settled();
  assert.deepEqual(last.store.keys(), []);
});

test('a login within the hour of another is not written again', async () => {
  const { store, clock, writer, known } = await start();
  for (let i = 0; i < 5; i++) known.gotIn(PEER);
  clock.advance(hours(1));
  known.gotIn(PEER);
  await writer.settled();
  assert.equal(store.commits.length, 2);
});

test('where a session is open somebody is known', async () => {
  const { inside, known } = await start();
  inside.add(PEER);
  assert.equal(known.isKnown(PEER), true);
});

test('there are never more than a thousand, and those who were here last stay', async () => {
  const { store, clock, writer, known } = await start();
  for (let i = 0; i < MOST_KNOWN + 5; i++) {
    clock.advance(1);
    known.gotIn(`192.0.${i >> 8}.${i & 255}`);
  }
  await writer.settled();
  assert.equal(store.keys().length, MOST_KNOWN);
  assert.deepEqual([known.isKnown('192.0.0.4'), known.isKnown('192.0.0.5')], [false, true]);
});

test('a moment in the far future, or no moment at all, is not believed', async () => {
  const store = new MemoryStore();
  const clock = new SimulatedClock();
  await store.commit([
    { put: identityKeys.known(PEER), value: clock.now() + days(400) },
    { put: identityKeys.known('192.0.2.2'), value: 'today' },
  ]);
  const { known, writer } = await start({ store, clock });
  await writer.settled();
  assert.deepEqual([known.isKnown(PEER), known.isKnown('192.0.2.2'), store.keys()], [false, false, []]);
});
