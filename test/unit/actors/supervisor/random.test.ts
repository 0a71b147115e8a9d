import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSupervised, supervise } from '../../../../actors/supervisor/index.ts';
import { minutes, seconds } from '../../../../core/base/time.ts';
import { fc } from '../../../support/random.ts';
import { ScriptedService } from '../../../support/scripted-service.ts';
import { settled } from '../../../support/settled.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

const id = fc.constantFrom('a', 'b', 'c', 'd');
const step = fc.oneof(
  fc.record({ crash: id }),
  fc.record({ id, starting: fc.constantFrom('works' as const, 'fails' as const) }),
  fc.record({ pass: fc.constantFrom(0, 400, 1000, 5000, 60_000) }),
);

test('whatever crashes when, start and stop alternate for each service, and a stop brings all down', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 20 }), fc.boolean(), async (steps, critical) => {
      const clock = new SimulatedClock();
      const journal: string[] = [];
      const [a, b, c, d] = ['a', 'b', 'c', 'd'].map((name) => new ScriptedService(name, journal));
      assert.ok(a && b && c && d);
      const few = { crashes: 2, within: minutes(1) };
      const common = { intensity: few, backoff: { first: seconds(1), longest: seconds(8) } };
      const sources = supervise({ ...common, id: 'sources', strategy: 'one-for-one', children: [a, b], critical });
      const pipeline = supervise({
        ...common,
        id: 'pipeline',
        strategy: 'rest-for-one',
        children: [sources, c, d],
        critical,
      });
      const root = supervise({
        id: 'root',
        strategy: 'one-for-one',
        intensity: { crashes: 0, within: minutes(1) },
        children: [pipeline],
      });
      const supervised = await startSupervised(root, { clock, log: () => {} });
      for (const it of steps) {
        if ('crash' in it) [a, b, c, d].find((service) => service.id === it.crash)?.crash();
        else if ('starting' in it)
          Object.assign([a, b, c, d].find((service) => service.id === it.id) ?? {}, it, { id: it.id });
        else for (let left = it.pass; left > 0; left -= 5000) await pass(clock, Math.min(left, 5000));
        await settled();
      }
      await supervised.stop();
      for (const service of [a, b, c, d]) {
        assert.equal(service.overlaps, 0);
        const own = journal.filter((line) => line.endsWith(` ${service.id}`)).map((line) => line.slice(0, -2));
        assert.ok(
          own.every((what, i) => what === (i % 2 === 0 ? 'start' : 'stop')),
          own.join(),
        );
        assert.equal(own.at(-1), 'stop');
      }
      assert.equal(clock.pending, 0, 'no timer is left');
    }),
    { numRuns: 50 },
  );
});

/** In parts shorter than every limit: no promise settles while the simulated clock is on its way. */
async function pass(clock: SimulatedClock, length: number): Promise<void> {
  clock.advance(length);
  await settled();
}
