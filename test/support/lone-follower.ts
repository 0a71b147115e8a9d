/**
 * A process of its own that follows the file named by its argument and prints what its component says, one JSON line
 * each, until it is killed: so that a test can run it as another user or under other limits.
 */
import { FileWatcher, openFileSystem } from '../../actors/watchers/files/index.ts';
import { millis } from '../../core/base/time.ts';
import { fingerprintOf } from './chunk-ledger.ts';
import { realClock } from './real-clock.ts';

const watcher = new FileWatcher({
  entries: [{ path: process.argv[2] ?? '', parser: 'none', start: 'beginning' }],
  cursors: () => new Map(),
  sink: { submit: async () => {} },
  fs: openFileSystem(),
  clock: realClock,
  fingerprintOf,
  limits: { pollInterval: millis(50) },
  report: (component) => console.log(JSON.stringify(component)),
});
await watcher.start((cause) => {
  console.error(cause);
  process.exit(1);
});
