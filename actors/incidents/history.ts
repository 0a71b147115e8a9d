import type { History, HistoryPage } from '../../core/api/history.ts';
import { Lanes } from '../../core/base/lanes.ts';
import type { HistoryRow } from '../../core/incident/history.ts';
import { type HistoryFilter, isPlain, passing } from '../../core/query/finding-history.ts';
import type { Records } from '../store/index.ts';
import { markedFindings } from './marked-findings.ts';

/** Findings that one search looks at; reading them takes about half a second. */
const FURTHEST = 100_000;
/** Findings that are read at once for somebody who takes them one by one. */
const STRETCH = 1000;
/** Searches at a time: what they take of the processor must not keep findings from being acted upon. */
const AT_ONCE = 2;

export interface HistoryDeps {
  readonly records: Records;
  /** Serial of the newest finding, and how many of all are suppressed. */
  readonly counts: () => { readonly findings: number; readonly suppressed: number };
}

interface PageOf {
  readonly limit: number;
  readonly offset: number;
}

/** Searches the findings in the store. */
export class FindingHistory implements History {
  readonly #deps: HistoryDeps;
  readonly #lanes = new Lanes(AT_ONCE);

  constructor(deps: HistoryDeps) {
    this.#deps = deps;
  }

  async page(filter: HistoryFilter, page: PageOf): Promise<HistoryPage> {
    const { findings: all, suppressed } = this.#deps.counts();
    const known = isPlain(filter) ? inView(filter, all, suppressed) : undefined;
    return this.#lanes.run(async () =>
      known === all
        ? { rows: await this.#straight(all, page), total: all, truncated: false }
        : this.#search(filter, page, known),
    );
  }

  /** A lane is held while a stretch is read, not while somebody takes his time over it. */
  async *newest(filter: HistoryFilter, limit: number): AsyncGenerator<HistoryRow> {
    const passes = passing(filter);
    let left = limit;
    let after: readonly [serial: number] | undefined;
    for (let looked = 0; looked < FURTHEST && left > 0; looked += STRETCH) {
      const { rows, last } = await this.#lanes.run(() => this.#stretch(passes, after, left));
      yield* rows;
      if (last === undefined) return;
      left -= rows.length;
      after = [last];
    }
  }

  /** Of the findings behind one those that pass. @returns serial of the last that was looked at, none at the end */
  async #stretch(
    passes: (row: HistoryRow) => boolean,
    after: readonly [serial: number] | undefined,
    limit: number,
  ): Promise<{ readonly rows: readonly HistoryRow[]; readonly last: number | undefined }> {
    const rows: HistoryRow[] = [];
    let looked = 0;
    const walk = { reverse: true, ...(after === undefined ? {} : { after }) };
    for await (const row of markedFindings(this.#deps.records, walk)) {
      if (passes(row)) rows.push(row);
      if (++looked === STRETCH || rows.length === limit) return { rows, last: row.serial };
    }
    return { rows, last: undefined };
  }

  /** @param known how many pass, where that is known without looking */
  async #search(filter: HistoryFilter, { limit, offset }: PageOf, known: number | undefined): Promise<HistoryPage> {
    const passes = passing(filter);
    const rows: HistoryRow[] = [];
    let passed = 0;
    let looked = 0;
    for await (const row of markedFindings(this.#deps.records, { reverse: true })) {
      const full = known !== undefined && rows.length >= limit;
      if (full || looked++ === FURTHEST) return { rows, total: known ?? passed, truncated: !full };
      if (!passes(row)) continue;
      if (passed >= offset && rows.length < limit) rows.push(row);
      passed++;
    }
    return { rows, total: known ?? passed, truncated: false };
  }

  /** Without anything to leave out, a page's place follows from the serials, which have no gaps. */
  async #straight(newest: number, { limit, offset }: PageOf): Promise<readonly HistoryRow[]> {
    const rows: HistoryRow[] = [];
    const first = newest - offset;
    if (limit <= 0 || first < 1) return rows;
    for await (const row of markedFindings(this.#deps.records, { reverse: true, after: [first + 1] })) {
      rows.push(row);
      if (rows.length >= limit) break;
    }
    return rows;
  }
}

/** How many findings a filter lets pass that looks at nothing but suppression. */
function inView({ suppressed: shown }: HistoryFilter, all: number, suppressed: number): number {
  if (shown === undefined) return all - suppressed;
  return shown === 'only' ? suppressed : all;
}
