import type { Millis } from '../base/time.ts';
import type { Finding, Severity } from '../detect/finding.ts';

/** A finding on record. */
export interface HistoryRow {
  readonly finding: Finding;
  readonly serial: number;
  /** Id of the suppression that matched it. */
  readonly suppressedBy?: string;
}

/** What a search asks for; everything given must hold. */
export interface HistoryFilter {
  /** Event time, inclusive. */
  readonly from?: Millis;
  /** Event time, exclusive. */
  readonly until?: Millis;
  readonly severity?: Severity;
  /** Somewhere in check, message, details or subject, in any case. */
  readonly search?: string;
  readonly checks?: readonly string[];
  /** Suppressed findings are left out unless asked for. */
  readonly suppressed?: 'include' | 'only';
}

/** Whether every finding in view passes. */
export const isPlain = ({ suppressed: _, ...filter }: HistoryFilter): boolean => Object.keys(filter).length === 0;

/** Makes the test of a filter. */
export function passing(filter: HistoryFilter): (row: HistoryRow) => boolean {
  const { from = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY, severity, suppressed } = filter;
  const checks = filter.checks === undefined ? undefined : new Set(filter.checks);
  const search = filter.search?.toLowerCase();
  return ({ finding, suppressedBy }) =>
    (suppressedBy === undefined ? suppressed !== 'only' : suppressed !== undefined) &&
    finding.at >= from &&
    finding.at < until &&
    (severity === undefined || finding.severity === severity) &&
    (checks === undefined || checks.has(finding.check)) &&
    (search === undefined || mentions(finding, search));
}

const mentions = ({ check, message, details = '', subject }: Finding, search: string): boolean =>
  [message, subject.value, check, details].some((text) => text.toLowerCase().includes(search));
