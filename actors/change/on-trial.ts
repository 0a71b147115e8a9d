import type { Change, Verdict } from '../../core/change/change.ts';
import type { Moment } from '../../core/change/connection.ts';
import type { Streaks } from '../../core/change/probing.ts';
import type { TrialFacts } from '../../core/change/texts.ts';
import type { Applied, Snapshot } from './port.ts';

/** The change on trial and what else its subject and the disk need to know of it. */
export interface OnTrial {
  readonly change: Change;
  readonly facts: TrialFacts;
  readonly snapshot: Snapshot;
  /** As prepared; gone after a restart, when nothing is applied any more. */
  readonly plan?: unknown;
  /** Names of its probes. */
  readonly probes: readonly string[];
  readonly streaks: Streaks;
  /** When the new state was in place, in the life of this process. */
  readonly placed?: Moment;
}

/** A verdict that is being brought about. */
export type Draft = Pick<Verdict, 'by' | 'why' | 'word' | 'freshConnection'>;

/** What apply and resume leave. */
export interface Placed extends Applied {
  readonly trial: OnTrial;
}

/** What confirm and revert leave: the change with its verdict. */
export interface Ended extends Applied {
  readonly change: Change;
}

export interface EndInput {
  readonly trial: OnTrial;
  readonly draft: Draft;
}
