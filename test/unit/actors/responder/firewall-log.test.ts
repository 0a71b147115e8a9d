import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FirewallLog } from '../../../../actors/responder/index.ts';
import { createRecords } from '../../../../actors/store/index.ts';
import { hours, millis, plus } from '../../../../core/base/time.ts';
import type { Outcome } from '../../../../core/respond/decision.ts';
import { eventOfDecision, type FirewallEvent } from '../../../../core/respond/firewall-event.ts';
import { decision, START } from '../../../support/api/fake-appliance.ts';
import { MemoryStore } from '../../../support/memory-store.ts';

const event = (n: number): FirewallEvent => ({
  at: millis(n),
  action: 'block',
  subject: `203.0.113.${n}`,
  reason: '',
  origin: 'api',
});

test('events come newest first, in the order they were noted; the oldest go', async () => {
  const store = new MemoryStore();
  const log = new FirewallLog({ records: createRecords(store), log: () => {}, kept: 5 });
  for (let n = 1; n <= 4; n++) log.note(event(n));
  await log.flushed();
  for (let n = 5; n <= 8; n++) log.note(event(n));
  assert.deepEqual(
    (await log.newest(3)).map(({ at }) => at),
    [8, 7, 6],
  );
  assert.deepEqual(
    (await log.newest(99)).map(({ at }) => at),
    [8, 7, 6, 5, 4],
  );
  const again = new FirewallLog({ records: createRecords(store), log: () => {}, kept: 5 });
  again.note(event(9));
  assert.deepEqual(
    (await again.newest(99)).map(({ at }) => at),
    [9, 8, 7, 6, 5],
  );
});

test('many events are few batches; a store that refuses costs them and nothing else', async () => {
  const store = new MemoryStore();
  const said: string[] = [];
  const log = new FirewallLog({ records: createRecords(store), log: (_, message) => said.push(message) });
  for (let n = 1; n <= 1500; n++) log.note(event(n));
  await log.flushed();
  assert.ok(store.commits.length <= 4, String(store.commits.length));
  store.failing = () => true;
  log.note(event(1));
  await log.flushed();
  assert.deepEqual(said, ['firewall events are lost']);
  assert.equal((await log.newest(9999)).length, 1500);
});

test('what a decision did to the firewall', () => {
  const later = plus(START, hours(1));
  const of = (change: Parameters<typeof decision>[1], result?: Outcome['result']) => {
    const block = decision('192.0.2.9', change);
    const found = eventOfDecision(block, result && { decision: block.id, at: START, result });
    return found && [found.action, found.at, found.reason];
  };
  assert.deepEqual(of({}, 'enforced'), ['block', START, 'ssh_bruteforce']);
  const lifted = { state: 'lifted', endedAt: later, note: 'unblocked by ops' } as const;
  assert.deepEqual(of(lifted, 'lifted'), ['unblock', later, 'unblocked by ops']);
  assert.deepEqual(of({ state: 'expired', endedAt: later }, 'expired'), ['block_expired', later, 'ssh_bruteforce']);
  assert.deepEqual(of({ state: 'refused', note: 'allowed' }), ['block_refused', START, 'allowed']);
  assert.equal(of({ state: 'dry_run' }), undefined);
  assert.equal(of({ state: 'pending' }), undefined);
  // Ended before its turn came.
  assert.equal(of({ state: 'expired', endedAt: later }), undefined);
  assert.equal(of(lifted), undefined);
});
