import type { Ip } from '../base/ip.ts';
import type { PendingBlock } from './block-queue.ts';
import type { Decision, NetworkDecision, Origin } from './decision.ts';
import type { Offence } from './offences.ts';

/** What the planner knew of an address before a person spoke for it. */
export interface Remembered {
  readonly ip: Ip;
  readonly offence?: Offence;
  /** Its block that waited. */
  readonly waited?: PendingBlock;
}

/** What an order did to the blocks, so that it can be taken back. */
export interface Reversal {
  /** Blocks that it made. */
  readonly made: readonly (Decision | NetworkDecision)[];
  /** Blocks that it ended, as they stood. */
  readonly ended: readonly (Decision | NetworkDecision)[];
  readonly remembered: readonly Remembered[];
  /** It emptied the books: whatever it did is one line in the log of the firewall, and so is its reversal. */
  readonly isFlush?: true;
}

export const NOTHING_TO_REVERSE: Reversal = { made: [], ended: [], remembered: [] };

/** By whose word something is taken back. */
export interface ReverseRequest {
  /** Name of the principal. */
  readonly actor: string;
  readonly origin: Origin;
}

/** How many blocks were ended or stand again; `warning` when not all could, or the kernel still has to follow. */
export interface Reversed {
  readonly count: number;
  readonly warning?: string;
}

export const isNothing = ({ made, ended, remembered }: Reversal): boolean =>
  made.length === 0 && ended.length === 0 && remembered.every(({ waited }) => waited === undefined);
