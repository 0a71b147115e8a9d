import type { Result } from '../../core/base/result.ts';
import { decisions, outcomes } from '../../core/keys/records.ts';
import type { Outcome } from '../../core/respond/decision.ts';
import type { Records } from '../store/index.ts';
import type { DecisionRecords } from './ledger.ts';

/** Decisions under their id, found again by state. */
export const decisionRecords = (records: Records): DecisionRecords => ({
  active: async function* () {
    for await (const [, decision] of records.find(decisions, 'state', ['active'])) yield decision;
  },
  get: (id) => records.get(decisions, [id]),
  save: (changed, options) =>
    records.write(async (writes) => {
      for (const decision of changed) await writes.put(decisions, [decision.id], decision);
    }, options),
});

/** What the kernel did, kept beside the decision. */
export const saveOutcome = (records: Records, outcome: Outcome): Promise<Result<void, string>> =>
  records.write((writes) => writes.put(outcomes, [outcome.decision, outcome.at, outcome.result], outcome));
