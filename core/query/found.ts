import type { Millis } from '../base/time.ts';
import type { KeptLine } from '../event/kept.ts';

export interface FoundLine {
  /** Its own for good: segment and row. */
  readonly id: string;
  readonly line: KeptLine;
}

export interface SearchProgress {
  /** Blocks of the time asked for, and how many of them are done: read, or passed over because of what their header says. */
  readonly blocks: number;
  readonly done: number;
  readonly read: number;
  /** Rows looked at, and of these the ones that matched. */
  readonly rows: number;
  readonly matched: number;
  /** Everything on this side of that moment was seen. */
  readonly reached?: Millis;
}
