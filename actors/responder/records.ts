import { decisions, outcomes } from '../../core/keys/records.ts';
import type { Records } from '../store/index.ts';
import type { DecisionRecords } from './ledger.ts';

/** Decisions under their id, found again by state; outcomes beside them. */
export const decisionRecords = (records: Records): DecisionRecords => ({
  active: async function* () {
    for await (const [, decision] of records.find(decisions, 'state', ['active'])) yield decision;
  },
  get: (id) => records.get(decisions, [id]),
  save: ({ decisions: changed, outcomes: told }, options) =>
    records.write(async (writes) => {
      for (const decision of changed) await writes.put(decisions, [decision.id], decision);
      for (const outcome of told) await writes.put(outcomes, [outcome.decision, outcome.at, outcome.result], outcome);
    }, options),
});
