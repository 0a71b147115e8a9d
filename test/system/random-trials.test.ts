/**
 * Random changes of the firewall's settings, each on trial with an admin watching: `BARTIZAN_RANDOM_TRIALS=1000` for the
 * long form, 50 unless told. The seed is printed; `BARTIZAN_TEST_SEED` repeats a run.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { ReferenceKernel } from '../support/change/kernel-tables.ts';
import { TrialEdge } from '../support/change/trial-edge.ts';
import { namespacesUnavailable } from '../support/network-namespace.ts';
import { SEED } from '../support/random.ts';

const TRIALS = Number(process.env['BARTIZAN_RANDOM_TRIALS'] ?? 50);
/** Side by side, each with an admin, an edge and a neighbour. */
const EDGES = 4;

describe('random changes of the firewall', { skip: namespacesUnavailable() }, () => {
  const edges: TrialEdge[] = [];
  let reference: ReferenceKernel;
  before(async () => {
    reference = new ReferenceKernel();
    for (let i = 0; i < EDGES; i++) edges.push(new TrialEdge(SEED + i, reference));
    await Promise.all(edges.map((edge) => edge.open()));
  });
  after(async () => {
    for (const edge of edges) await edge[Symbol.asyncDispose]();
    reference?.[Symbol.dispose]();
  });

  test(`${TRIALS} trials: the admin is never locked out past the deadline; kernel, file and report agree`, {
    timeout: 120_000 + TRIALS * 2000,
  }, async (t) => {
    const share = Math.ceil(TRIALS / EDGES);
    await Promise.all(
      edges.map(async (edge) => {
        for (let i = 0; i < share; i++) await edge.change();
      }),
    );
    const count = new Map<string, number>();
    for (const { ends } of edges) for (const [end, n] of ends) count.set(end, (count.get(end) ?? 0) + n);
    const back = edges.flatMap((edge) => edge.back).sort((a, b) => a - b);
    t.diagnostic(`seed ${SEED}: ${[...count].map(([end, n]) => `${n} ${end}`).join(', ')}`);
    t.diagnostic(
      `back after the deadline, ms: p50 ${back[back.length >> 1]?.toFixed(1)}, max ${back.at(-1)?.toFixed(1)} of ${back.length}`,
    );
    assert.ok(back.length > 0, 'an admin was cut off at least once');
  });
});
