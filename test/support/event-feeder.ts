import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { systemClock } from '../../actors/clock/index.ts';
import { checkpointRecords, Pipeline, startWorker } from '../../actors/pipeline/index.ts';
import { ok } from '../../core/base/result.ts';
import { CHECKS } from '../../core/detect/checks.ts';
import { cursors } from '../../core/keys/records.ts';
import { openIn } from './store-directory.ts';

/**
 * A process that feeds a log through the real pipeline and store, as the file watcher does, until it is killed or the log
 * ends: `node event-feeder.js STATE_DIRECTORY LOG SOURCE`. It goes on at the stored cursor, and prints a line a chunk.
 */
const [, , directory = '', path = '', source = ''] = process.argv;
const CHUNK = 24 * 1024;
/** Slow enough to be killed before and behind several checkpoints of the same log. */
const PACE_MS = 12;
const { store } = await openIn(directory);
const pipeline = new Pipeline({
  checks: { ssh_bruteforce: CHECKS.ssh_bruteforce.defaults },
  records: checkpointRecords(store.records),
  events: { directory: join(directory, 'events'), damaged: (part) => process.stdout.write(`damage ${part.why}\n`) },
  startWorker,
  clock: systemClock,
  log: () => {},
  record: async () => {},
  flushed: async () => ok(undefined),
});
await pipeline.start((cause) => {
  throw cause;
});
const file = openSync(path, 'r');
const size = fstatSync(file).size;
let offset = (await store.records.get(cursors, [path]))?.offset ?? 0;
process.stdout.write(`from ${offset}\n`);
while (offset < size) {
  const bytes = new Uint8Array(Math.min(CHUNK, size - offset));
  readSync(file, bytes, 0, bytes.length, offset);
  const chunk = bytes.slice(0, bytes.lastIndexOf(0x0a) + 1);
  const next = offset + chunk.length;
  await pipeline.submit({
    path,
    parser: 'sshd',
    provenance: 'file',
    fingerprint: source,
    offset,
    bytes: chunk,
    receivedAt: systemClock.now(),
    cursor: { path, fingerprint: source, offset: next, dev: '1', ino: '1', anchor: 0 },
  });
  offset = next;
  await pause(PACE_MS);
  process.stdout.write(`at ${offset}\n`);
}
closeSync(file);
await pipeline.stop();
await store.service.stop();
