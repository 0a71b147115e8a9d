import { allows, decisions, networkDecisions, outcomes, plannerState } from '../../core/keys/records.ts';
import { allowKey } from '../../core/respond/allow.ts';
import type { Decision } from '../../core/respond/decision.ts';
import type { PlannerState } from '../../core/respond/planner.ts';
import type { Records } from '../store/index.ts';
import type { AllowRecords } from './allow-list.ts';
import type { DecisionRecords, Told } from './ledger.ts';

/** So many are read faster one after the other, whatever lies between them, than each by its key. */
const MANY = 50_000;
const MOST_SHARED = 1000;

const PARTS: Readonly<Record<PlannerState['part'], true>> = { offences: true, block_queue: true };
const isPart = (name: string): name is PlannerState['part'] => Object.hasOwn(PARTS, name);

/** Decisions under their id, found again by state; beside them outcomes, and what the planner remembers. */
export const decisionRecords = (records: Records): DecisionRecords => ({
  in: async function* (state) {
    if ((await records.count(decisions, 'state', [state], MANY)) < MANY) {
      for await (const [, decision] of records.find(decisions, 'state', [state])) yield [decision];
      return;
    }
    const shared: Shared = new Map();
    for await (const page of records.pages(decisions)) {
      yield page.flatMap((decision) => (decision.state === state ? sharing(shared, decision) : []));
    }
  },
  networks: async function* () {
    for await (const [, decision] of records.find(networkDecisions, 'state', ['active'])) yield decision;
  },
  memory: async function* () {
    for await (const [[part, key], value] of records.list(plannerState, [])) {
      if (isPart(part)) yield { part, changes: [[key, value]] };
    }
  },
  get: async (id) => (await records.get(decisions, [id])) ?? (await records.get(networkDecisions, [id])),
  save: (told, options) => records.write((writes) => write(writes, told), options),
});

type Shared = Map<string, string>;
const NO_FINDINGS: Decision['findings'] = [];

/** Very many blocks have few reasons and authors: one string stands for all that are alike. */
function sharing(shared: Shared, decision: Decision): Decision {
  const { reason, origin, actor, findings } = decision;
  // The record was just read and is nobody's.
  return Object.assign(decision, {
    reason: sharedOf(shared, reason),
    origin: sharedOf(shared, origin),
    ...(actor === undefined ? {} : { actor: sharedOf(shared, actor) }),
    ...(findings.length === 0 ? { findings: NO_FINDINGS } : {}),
  });
}

function sharedOf<Text extends string>(shared: Shared, text: Text): Text {
  const known = shared.get(text);
  if (known !== undefined) return known as Text;
  if (shared.size < MOST_SHARED) shared.set(text, text);
  return text;
}

type Writes = Parameters<Parameters<Records['write']>[0]>[0];

async function write(writes: Writes, told: Told): Promise<void> {
  await Promise.all([
    writes.foreseeKeys(
      decisions,
      told.decisions.map(({ id }) => [id]),
    ),
    writes.foreseeKeys(
      networkDecisions,
      told.networks.map(({ id }) => [id]),
    ),
  ]);
  for (const decision of told.decisions) await writes.put(decisions, [decision.id], decision);
  for (const decision of told.networks) await writes.put(networkDecisions, [decision.id], decision);
  for (const outcome of told.outcomes) {
    await writes.put(outcomes, [outcome.decision, outcome.at, outcome.result], outcome);
  }
  for (const { part, changes } of told.memory) {
    for (const [key, value] of changes) {
      if (value === undefined) await writes.delete(plannerState, [part, key]);
      else await writes.put(plannerState, [part, key], value);
    }
  }
}

/** Allows under the address or network they name, and its port. */
export const allowRecords = (records: Records): AllowRecords => ({
  all: async function* () {
    for await (const [, allow] of records.list(allows, [])) yield allow;
  },
  save: ({ puts, gone }, options) =>
    records.write(async (writes) => {
      for (const allow of puts) await writes.put(allows, [allowKey(allow)], allow);
      for (const key of gone) await writes.delete(allows, [key]);
    }, options),
});
