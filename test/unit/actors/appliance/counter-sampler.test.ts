import assert from 'node:assert/strict';
import { test } from 'node:test';
import { CounterSampler } from '../../../../actors/appliance/index.ts';
import { SAMPLE } from '../../../../core/respond/counter-history.ts';
import { settled } from '../../../support/settled.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

function bench() {
  const clock = new SimulatedClock();
  const state = { packets: 5, isSlow: false, reads: 0 };
  const crashes: unknown[] = [];
  const sampler = new CounterSampler({
    clock,
    read: async () => {
      state.reads++;
      if (state.isSlow) await new Promise(() => {});
      if (state.packets < 0) throw new Error('a bug');
      return [{ name: 'blocked4', packets: state.packets, bytes: 0 }];
    },
  });
  const start = async () => {
    await sampler.start((cause) => crashes.push(cause));
    await settled();
  };
  const pass = async () => {
    clock.advance(SAMPLE);
    await settled();
  };
  const from = clock.now();
  return { state, crashes, sampler, start, pass, packets: () => sampler.since(from).series[0]?.packets };
}

test('counters are read every ten seconds while it runs', async () => {
  const b = bench();
  await b.start();
  b.state.packets = 9;
  await b.pass();
  assert.deepEqual(b.packets(), [0, 4]);
  await b.sampler.stop();
  b.state.packets = 20;
  await b.pass();
  assert.deepEqual([b.state.reads, b.packets()], [2, [0, 4, 0]]);
  await b.start();
  assert.deepEqual(b.packets(), [0, 4, 11], 'what came meanwhile is not lost');
});

test('a kernel that does not answer is not asked again, and a bug is a crash', async () => {
  const b = bench();
  b.state.isSlow = true;
  await b.start();
  await b.pass();
  assert.equal(b.state.reads, 1);
  const other = bench();
  other.state.packets = -1;
  await other.start();
  assert.equal(other.crashes.length, 1);
});
