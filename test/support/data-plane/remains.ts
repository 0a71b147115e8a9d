import assert from 'node:assert/strict';
import { join } from 'node:path';
import { systemClock } from '../../../actors/clock/index.ts';
import { segmentDisk } from '../../../actors/segments/index.ts';
import { openStore } from '../../../actors/store/index.ts';
import type { Finding } from '../../../core/detect/finding.ts';
import { EVENTS_DIRECTORY, type KeptLine } from '../../../core/event/kept.ts';
import { decisions, findings } from '../../../core/keys/records.ts';
import type { Decision } from '../../../core/respond/decision.ts';
import { storedLines } from '../stored-lines.ts';

/** What a daemon that was stopped has left on its disk. */
export interface Remains {
  readonly findings: readonly Finding[];
  readonly decisions: readonly Decision[];
  readonly events: readonly KeptLine[];
}

/** Opens the store of a state directory; a damaged one fails. */
export async function remainsOf(state: string): Promise<Remains> {
  const store = await openStore({
    stateDirectory: state,
    clock: systemClock,
    log: () => {},
    onDamage: ({ message }) => assert.fail(message),
  });
  assert.ok(store.ok);
  const { records, service } = store.value;
  const found: Finding[] = [];
  const decided: Decision[] = [];
  for await (const [, finding] of records.list(findings, [])) found.push(finding);
  for await (const [, decision] of records.list(decisions, [])) decided.push(decision);
  await service.stop();
  return { findings: found, decisions: decided, events: await eventsOf(state) };
}

/** Every line that is kept, also while the daemon runs. */
export async function eventsOf(state: string): Promise<readonly KeptLine[]> {
  const disk = segmentDisk(join(state, EVENTS_DIRECTORY));
  try {
    return await storedLines(disk);
  } finally {
    await disk.close();
  }
}

/** Findings about the appliance itself have no line behind them. */
export const isOfLines = ({ first }: Finding): boolean => first.source !== 'bartizan';

export const idsOf = (made: readonly Finding[]): readonly string[] =>
  made
    .filter(isOfLines)
    .map(({ id }) => id)
    .sort();

/** Where a line stood, and what it said: equal for lines that are the same. */
export const placeOf = ({ position, message }: KeptLine): string =>
  `${position.source} ${String(position.offset).padStart(12)} ${message}`;
