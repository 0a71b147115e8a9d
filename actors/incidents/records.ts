import { findings, suppressedMarks } from '../../core/keys/records.ts';
import type { Records } from '../store/index.ts';
import { markedFindings } from './marked-findings.ts';
import type { FindingRecords } from './recorder.ts';
import type { FindingRollups } from './rollups.ts';

/** Findings, their marks and their counts, each time in one batch. */
export const findingRecords = (records: Records, counts: FindingRollups): FindingRecords => ({
  newestFirst: () => markedFindings(records, { reverse: true }),
  after: (serial) => markedFindings(records, { after: [serial] }),
  append: async (made) => {
    const draft = counts.draft();
    const kept = await records.write(async (writes) => {
      const numbered = await writes.appendAll(
        findings,
        made.map(({ finding }) => finding),
      );
      for (const [i, { serial, added }] of numbered.entries()) {
        const row = made[i];
        if (!added || row === undefined) continue;
        if (row.suppressedBy !== undefined) await writes.put(suppressedMarks, [serial], { by: row.suppressedBy });
        draft.add({ ...row, serial });
      }
      await draft.save(writes);
      return numbered;
    });
    if (kept.ok) counts.take(draft);
    return kept;
  },
});
