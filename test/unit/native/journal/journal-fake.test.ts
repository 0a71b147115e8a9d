import { millis } from '../../../../core/base/time.ts';
import { FakeJournald } from '../../../../native/journal/fake.ts';
import type { JournalOptions } from '../../../../native/journal/index.ts';
import { type JournalBench, journalSuite } from '../../../contract/journal-suite.ts';
import { SimulatedClock } from '../../../support/simulated-clock.ts';

/** The fake, whose time passes at once: a wait that nobody ends is over. */
function fakeBench(): JournalBench {
  const clock = new SimulatedClock();
  const hasty = { now: () => clock.now(), after: (_: number, run: () => void) => hurry(run) };
  const journald = new FakeJournald(hasty);
  return {
    append: (...entries) => {
      if (entries.length > 0) journald.append(...entries);
    },
    rotate: () => journald.rotate(),
    vacuum: () => journald.vacuum(),
    refuse: () => journald.refuse('/var/log/journal/junk.journal'),
    open: async (options: Omit<JournalOptions, 'source'>) => journald.open({ ...options, source: { kind: 'system' } }),
    dispose: () => clock.advance(millis(0)),
  };
}

function hurry(run: () => void): () => void {
  const immediate = setImmediate(run);
  return () => clearImmediate(immediate);
}

journalSuite('fake', fakeBench);
