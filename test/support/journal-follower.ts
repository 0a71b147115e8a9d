/** Follows the system's journal where it runs, from its tail, and writes each line it hands on as JSON. */
import { JournalWatcher, ownEntries } from '../../actors/watchers/journal/index.ts';
import { openJournal } from '../../native/journal/index.ts';
import { JournalLedger } from './journal-ledger.ts';
import { realClock } from './real-clock.ts';

const say = (what: object): void => console.log(JSON.stringify(what));
const ledger = new JournalLedger();

const watcher = new JournalWatcher({
  source: { kind: 'system' },
  open: openJournal,
  own: await ownEntries(),
  cursor: () => ledger.cursor,
  sink: {
    submit: async (chunk) => {
      await ledger.submit(chunk);
      if (chunk.entries === 0) say({ began: chunk.cursor.cursor });
      for (const line of ledger.taken.splice(0)) say({ line });
    },
  },
  clock: realClock,
  report: (component) => say({ component }),
  lost: (loss) => say({ loss }),
});
await watcher.start((cause) => {
  throw cause;
});
// Until whoever started it has heard enough.
process.stdin.resume().once('end', () => void watcher.stop());
