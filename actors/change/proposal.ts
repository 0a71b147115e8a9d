import { uuidv7 } from '../../core/base/ids.ts';
import type { Clock, Random } from '../../core/base/ports.ts';
import { millis, plus } from '../../core/base/time.ts';
import type { Change, ChangeId } from '../../core/change/change.ts';
import type { ChangeRequest } from '../../core/change/changes.ts';
import type { TrialFacts } from '../../core/change/texts.ts';
import type { BootClock } from './boot-clock.ts';
import type { OnTrial } from './on-trial.ts';
import type { Prepared, Subject } from './port.ts';

export interface ProposalDeps {
  readonly subject: Subject;
  readonly clock: Clock;
  readonly bootClock: BootClock;
  readonly random: Random;
}

/** A change that was judged good, as it is before its trial begins. */
export function newTrial(request: ChangeRequest, prepared: Prepared<unknown>, deps: ProposalDeps): OnTrial {
  const { clock, bootClock, random } = deps;
  const { plan, snapshot, summary, parts, spans, before, after } = prepared;
  const { word, forcedBecause, confirmedBy, trial } = request;
  const now = clock.now();
  const change: Change = {
    id: uuidv7(now, random) as ChangeId,
    subject: request.subject,
    summary,
    parts,
    word,
    ...(forcedBecause === undefined ? {} : { forcedBecause }),
    confirmedBy,
    spans,
    state: 'applying',
    proposedAt: now,
    trial,
    deadline: plus(bootClock.now(), trial),
    bootId: bootClock.bootId,
    before,
    after,
    evidence: [],
  };
  const { id, subject, bootId } = change;
  const forced = forcedBecause !== undefined;
  const facts: TrialFacts = { id, subject, spans, bootId, trial, before, after, forced, deadline: millis(0) };
  return { ...onTrial(change, { facts, snapshot }, deps.subject), plan };
}

/** A change with what is known of it besides; a verdict that did not come about is none. */
export function onTrial(
  { verdict: _, ...change }: Change,
  found: Pick<OnTrial, 'facts' | 'snapshot'>,
  subject: Subject | undefined,
): OnTrial {
  const { unheard = [] } = change;
  const probes = subject?.probes(change).flatMap(({ name }) => (unheard.includes(name) ? [] : [name])) ?? [];
  return { change, ...found, probes, streaks: {} };
}
