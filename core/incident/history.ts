import type { Finding } from '../detect/finding.ts';

/** A finding on record. */
export interface HistoryRow {
  readonly finding: Finding;
  readonly serial: number;
  /** Id of the suppression that matched it. */
  readonly suppressedBy?: string;
}
