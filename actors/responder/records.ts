import { allows, decisions, outcomes } from '../../core/keys/records.ts';
import type { Records } from '../store/index.ts';
import type { AllowRecords } from './allow-list.ts';
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

/** Allows under the address or network they name. */
export const allowRecords = (records: Records): AllowRecords => ({
  all: async function* () {
    for await (const [, allow] of records.list(allows, [])) yield allow;
  },
  save: ({ put, gone }, options) =>
    records.write(async (writes) => {
      if (put !== undefined) await writes.put(allows, [put.subject], put);
      for (const subject of gone) await writes.delete(allows, [subject]);
    }, options),
});
