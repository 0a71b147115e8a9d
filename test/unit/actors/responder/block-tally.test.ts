import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BlockTally, decisionRecords } from '../../../../actors/responder/index.ts';
import { createRecords } from '../../../../actors/store/index.ts';
import { contentId, type DecisionId } from '../../../../core/base/ids.ts';
import { hours, type Millis, millis, plus } from '../../../../core/base/time.ts';
import type { Decision } from '../../../../core/respond/decision.ts';
import { decision } from '../../../support/api/fake-appliance.ts';
import { MemoryStore } from '../../../support/memory-store.ts';

const NOW = millis(Date.UTC(2026, 0, 2, 12, 30));

const made = (name: string, at: Millis, change: Partial<Decision> = {}): Decision =>
  decision('192.0.2.9', { id: contentId(at, [name]) as DecisionId, at, ...change });

test('automatic blocks of the last 24 hours, those on record and those made since', async () => {
  const records = createRecords(new MemoryStore());
  const hourAgo = plus(NOW, hours(-1));
  const stands = made('stands', hourAgo);
  const lifted = made('lifted', hourAgo, { state: 'lifted', endedAt: NOW });
  const byHand = made('by hand', hourAgo, { origin: 'api' });
  const old = made('old', plus(NOW, hours(-25)));
  await decisionRecords(records).save(
    {
      networks: [],
      memory: [],
      outcomes: [stands, lifted, byHand, old].map(({ id, at }) => ({ decision: id, at, result: 'enforced' })),
      decisions: [
        stands,
        lifted,
        byHand,
        old,
        made('never in force', hourAgo, { state: 'expired', endedAt: hourAgo }),
        made('waited in vain', hourAgo, { state: 'expired', endedAt: NOW }),
        made('refused', hourAgo, { state: 'refused' }),
        made('dry', hourAgo, { state: 'dry_run' }),
      ],
    },
    { sync: true },
  );
  const tally = new BlockTally();
  await tally.load(records, NOW);
  assert.equal(tally.total(NOW), 2);
  tally.add(made('new', NOW), NOW);
  tally.add(made('new by hand', NOW, { origin: 'cli' }), NOW);
  tally.add(made('ended', NOW, { state: 'lifted' }), NOW);
  assert.equal(tally.total(NOW), 3);
  assert.equal(tally.total(plus(NOW, hours(23))), 1);
  assert.equal(tally.total(plus(NOW, hours(25))), 0);
});
