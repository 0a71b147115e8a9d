/**
 * A process of its own that follows the file named by its argument and prints its component once it has settled, so that
 * a test can run it as another user.
 */
import { FileWatcher, openFileSystem } from '../../actors/watchers/files/index.ts';
import { fingerprintOf } from './chunk-ledger.ts';
import { realClock } from './real-clock.ts';

const watcher = new FileWatcher({
  entries: [{ path: process.argv[2] ?? '', parser: 'none', start: 'beginning' }],
  cursors: () => new Map(),
  sink: { submit: async () => {} },
  fs: openFileSystem(),
  clock: realClock,
  fingerprintOf,
  report: (component) => {
    if (component.state === 'starting') return;
    console.log(JSON.stringify(component));
    process.exit(0);
  },
});
await watcher.start((cause) => {
  console.error(cause);
  process.exit(1);
});
