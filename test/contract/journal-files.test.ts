import { existsSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openJournal } from '../../native/journal/index.ts';
import { appendEntries } from '../support/journal-files.ts';
import { noJournalRemote } from '../support/journald.ts';
import { type JournalBench, journalSuite } from './journal-suite.ts';

/** Files made by the real systemd-journal-remote, read by the real libsystemd. */
function realBench(): JournalBench {
  const directory = mkdtempSync(join(tmpdir(), 'bartizan-journal-'));
  const active = join(directory, 'system.journal');
  let rotations = 0;
  return {
    append: (...entries) => {
      if (entries.length > 0) appendEntries(directory, entries);
    },
    rotate: () => renameSync(active, join(directory, `system@${++rotations}.journal`)),
    vacuum: () => {
      for (const name of readdirSync(directory)) if (name.includes('@')) rmSync(join(directory, name));
    },
    refuse: () => writeFileSync(join(directory, 'system@junk.journal'), 'junk'.repeat(1000)),
    open: (options) => openJournal({ ...options, source: { kind: 'directory', path: directory } }),
    dispose: () => {
      if (existsSync(directory)) rmSync(directory, { recursive: true });
    },
  };
}

journalSuite('real files', realBench, noJournalRemote);
