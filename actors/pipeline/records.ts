import { checkpoints, cursors } from '../../core/keys/records.ts';
import type { Records } from '../store/index.ts';
import type { CheckpointRecords } from './pipeline.ts';

/** Detector state under detector and key, cursors under their path, both in one batch. */
export const checkpointRecords = (records: Records): CheckpointRecords => ({
  load: async () => {
    const states = new Map<string, [string, unknown][]>();
    for await (const [[check, key], value] of records.list(checkpoints, [])) {
      const changes = states.get(check);
      if (changes === undefined) states.set(check, [[key, value]]);
      else changes.push([key, value]);
    }
    return [...states].map(([check, changes]) => ({ check, changes }));
  },
  save: (states, moved) =>
    records.write(async (writes) => {
      for (const { check, changes } of states) {
        for (const [key, value] of changes) {
          if (value === undefined) await writes.delete(checkpoints, [check, key]);
          else await writes.put(checkpoints, [check, key], value);
        }
      }
      for (const cursor of moved) await writes.put(cursors, [cursor.path], cursor);
    }),
});
