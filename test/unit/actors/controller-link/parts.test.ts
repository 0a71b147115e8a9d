import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Parts } from '../../../../actors/controller-link/orders/parts.ts';
import { digestOf } from '../../../../actors/link-wire/index.ts';
import { ok } from '../../../../core/base/result.ts';
import { seconds } from '../../../../core/base/time.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const BYTES = new Uint8Array([1, 2, 3]);
const PART = { sha256: digestOf(BYTES), bytes: BYTES.length };
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

function site() {
  const clock = new SimulatedClock();
  const said: string[] = [];
  const link = {
    subscribe: async () => {
      said.push('asked');
      return ok(undefined);
    },
    unsubscribe: async () => {
      said.push('let go');
      return ok(undefined);
    },
  };
  return { clock, said, parts: new Parts(link, 'acme', clock) };
}

test('a part that was lost or altered on the way is asked for once more', async () => {
  const { clock, said, parts } = site();
  const fetched = parts.fetch(PART);
  await turn();
  parts.arrived(PART.sha256, new Uint8Array([1, 2, 4]));
  clock.advance(seconds(60));
  await turn();
  assert.deepEqual(said, ['asked', 'asked']);
  parts.arrived(PART.sha256, BYTES);
  assert.deepEqual(await fetched, ok(BYTES));
  clock.advance(seconds(600));
  assert.deepEqual(said, ['asked', 'asked', 'let go']);
});

test('a part that the broker does not have is lost after two minutes', async () => {
  const { clock, said, parts } = site();
  const fetched = parts.fetch(PART);
  await turn();
  clock.advance(seconds(121));
  const result = await fetched;
  assert.equal(result.ok ? '' : result.code, 'lost');
  assert.equal(said.at(-1), 'let go');
});
