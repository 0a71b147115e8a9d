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
    subscribe: () => {
      said.push('asked');
      return new Promise<never>(() => {});
    },
    unsubscribe: async () => {
      said.push('let go');
      return ok(undefined);
    },
  };
  return { clock, said, parts: new Parts(link, 'acme', clock) };
}

test('a part that does not come is lost after two minutes, also where the broker never answers', async () => {
  const { clock, said, parts } = site();
  const fetched = parts.fetch(PART);
  await turn();
  clock.advance(seconds(121));
  const result = await fetched;
  assert.equal(result.ok ? '' : result.code, 'lost');
  assert.equal(said.at(-1), 'let go');
});
