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
      await writes.foresee(
        findings,
        made.map(({ finding }) => finding),
      );
      const numbered: { readonly serial: number; readonly added: boolean }[] = [];
      for (const row of made) {
        const { finding, suppressedBy } = row;
        const one = await writes.append(findings, finding);
        numbered.push(one);
        if (!one.added) continue;
        if (suppressedBy !== undefined) await writes.put(suppressedMarks, [one.serial], { by: suppressedBy });
        draft.add({ ...row, serial: one.serial });
      }
      await draft.save(writes);
      return numbered;
    });
    if (kept.ok) counts.take(draft);
    return kept;
  },
});
