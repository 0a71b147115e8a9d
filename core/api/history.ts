import type { HistoryRow } from '../incident/history.ts';
import type { HistoryFilter } from '../query/finding-history.ts';

export interface HistoryPage {
  /** Newest first. */
  readonly rows: readonly HistoryRow[];
  /** Rows that pass, as far as was looked. */
  readonly total: number;
  /** There are older findings that were not looked at. */
  readonly truncated: boolean;
}

/** Findings on record. Every search looks at a bounded number of them, newest first. */
export interface History {
  page(filter: HistoryFilter, page: { readonly limit: number; readonly offset: number }): Promise<HistoryPage>;
  /** The newest that pass, at most `limit`, newest first, read as they are taken. */
  newest(filter: HistoryFilter, limit: number): AsyncIterable<HistoryRow>;
}
