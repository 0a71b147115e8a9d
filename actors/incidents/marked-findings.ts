import type { HistoryRow } from '../../core/incident/history.ts';
import { findings, suppressedMarks } from '../../core/keys/records.ts';
import type { Records } from '../store/index.ts';

export interface Walk {
  /** Newest first. */
  readonly reverse?: boolean;
  /** Only what lies behind this serial, in the order of the walk. */
  readonly after?: readonly [serial: number];
}

/** Findings on record with their marks, in the order of their serials: two sorted lists, read side by side. */
export async function* markedFindings(records: Records, walk: Walk): AsyncGenerator<HistoryRow> {
  const { reverse = false } = walk;
  const marks = records.list(suppressedMarks, [], walk)[Symbol.asyncIterator]();
  try {
    let mark = await marks.next();
    for await (const [[serial], finding] of records.list(findings, [], walk)) {
      while (!mark.done && (reverse ? mark.value[0][0] > serial : mark.value[0][0] < serial)) mark = await marks.next();
      const suppressedBy = !mark.done && mark.value[0][0] === serial ? mark.value[1].by : undefined;
      yield suppressedBy === undefined ? { finding, serial } : { finding, serial, suppressedBy };
    }
  } finally {
    await marks.return?.();
  }
}
