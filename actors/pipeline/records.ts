import { checkpoints, cursors, journalCursors, meta } from '../../core/keys/records.ts';
import { isPosition } from '../segments/index.ts';
import type { Records } from '../store/index.ts';
import type { CheckpointRecords } from './pipeline.ts';

/** Under which `meta` keeps how far the events were durable. */
const EVENTS = 'events_position';

/**
 * Detector state under detector and key, cursors under their path, how far the events are durable beside them: all in
 * one batch.
 */
export const checkpointRecords = (records: Records): CheckpointRecords => ({
  load: async () => {
    const states = new Map<string, [string, unknown][]>();
    for await (const [[check, key], value] of records.list(checkpoints, [])) {
      const changes = states.get(check);
      if (changes === undefined) states.set(check, [[key, value]]);
      else changes.push([key, value]);
    }
    const position = await records.get(meta, [EVENTS]);
    return {
      states: [...states].map(([check, changes]) => ({ check, changes })),
      ...(isPosition(position) ? { position } : {}),
    };
  },
  save: ({ states, cursors: moved, position }) =>
    records.write(async (writes) => {
      for (const { check, changes } of states) {
        for (const [key, value] of changes) {
          if (value === undefined) await writes.delete(checkpoints, [check, key]);
          else await writes.put(checkpoints, [check, key], value);
        }
      }
      for (const cursor of moved) {
        if ('cursor' in cursor) await writes.put(journalCursors, [cursor.path], cursor);
        else await writes.put(cursors, [cursor.path], cursor);
      }
      if (position !== undefined) await writes.put(meta, [EVENTS], position);
    }),
});
