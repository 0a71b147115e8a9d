import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Canaries, type CanaryDeps } from '../../../../actors/canary/index.ts';
import { GenerationBook } from '../../../../actors/lists/index.ts';
import type { Ran } from '../../../../actors/packets/index.ts';
import { ok } from '../../../../core/base/result.ts';
import { minutes } from '../../../../core/base/time.ts';
import { seededRandom } from '../../../support/seeded-random.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

type Judged = 'confirmed' | 'judging';

/** Canaries of a host that enforces; `may` says whether namespaces can be made. */
function canariesOf(may: () => boolean, judged: () => Judged) {
  const said = (code: number, err = ''): Ran => ({ kind: 'ended', code, out: '', err });
  const run = async (_: string, args: readonly string[], { input = '' }: { readonly input?: string }): Promise<Ran> =>
    args.includes('-batch') && input.startsWith('netns add') && !may() ? said(1, 'Operation not permitted') : said(0);
  const deps = {
    place: {
      tools: { run, sendFrom: async () => said(0), newName: () => 'bzp-1-1', isLeftOver: () => false },
      space: 'own',
      table: 'canary',
    },
    clock: new SimulatedClock(),
    random: seededRandom(),
    log: () => undefined,
    firewall: {
      state: () => 'enforcing',
      holds: () => true,
      drifted: () => undefined,
      judged: async () => ok(judged()),
    },
    desired: { blocks: () => [], blockOf: () => undefined, networks: () => [], allowed: () => [] },
    lists: { book: new GenerationBook(), kernel: { facts: () => undefined } },
    content: () => ({ infra: [], denied: [], lists: [] }),
    settings: () => ({ isOn: true, every: minutes(5) }),
    alarm: () => undefined,
  };
  return new Canaries(deps as unknown as CanaryDeps);
}

test('where no namespace can be made they are off, whatever else a round would have waited for', async () => {
  let judged: Judged = 'judging';
  const canaries = canariesOf(
    () => false,
    () => judged,
  );
  for (judged of ['judging', 'confirmed'] as const) {
    await canaries.round();
    const { state, message } = canaries.component();
    assert.equal(state, 'off', judged);
    assert.match(message ?? '', /no network namespace can be made: ip: Operation not permitted/);
  }
});

test('where they can be made, a round that has to wait is well; the right to make them may come late', async () => {
  let may = false;
  const canaries = canariesOf(
    () => may,
    () => 'judging',
  );
  await canaries.round();
  assert.equal(canaries.component().state, 'off');
  may = true;
  await canaries.round();
  const { state, detail } = canaries.component();
  assert.deepEqual([state, detail], ['ok', 'waits for a change on trial to end']);
});
