import { findings } from '../../core/keys/records.ts';
import type { Records } from '../store/index.ts';
import type { FindingRecords } from './recorder.ts';

export const findingRecords = (records: Records): FindingRecords => ({
  newestFirst: async function* () {
    for await (const [[serial], finding] of records.list(findings, [], { reverse: true })) yield { finding, serial };
  },
  after: async function* (serial, limit) {
    for await (const [[own], finding] of records.list(findings, [], { after: [serial], limit }))
      yield { finding, serial: own };
  },
  append: (made) =>
    records.write(async (writes) => {
      const numbered: { readonly serial: number; readonly added: boolean }[] = [];
      for (const finding of made) numbered.push(await writes.append(findings, finding));
      return numbered;
    }),
});
