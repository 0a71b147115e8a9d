export { JournalBatch, JournalEntry } from './batch.ts';
export { type CursorParts, parseCursor } from './cursor.ts';
export type * from './port.ts';

import { createRequire } from 'node:module';
import { messageOf } from '../../core/base/result.ts';
import { unavailable } from './failure.ts';
import type { JournalOptions, JournalPort, JournalResult } from './port.ts';
import { checkOptions, DEFAULT_MAX_VALUE } from './validate.ts';
import { decodeAnswer, encodeOpen } from './wire.ts';
import { type EngineLink, toFailure, WireJournal } from './wire-port.ts';

/** What journal.node exports: an engine on a thread of its own. */
interface JournalAddon {
  readonly Port: new () => EngineLink;
}

/**
 * Opens a journal at its head. Any number may be open at once, on any thread. libsystemd is looked for now, not when the
 * process starts: a host without it answers `unavailable`. An open port does not keep the process alive, a call under way
 * does. A journal without a single file, or with unreadable ones only, opens too: ask `files()`.
 */
export async function openJournal(options: JournalOptions): Promise<JournalResult<JournalPort>> {
  const refused = checkOptions(options);
  if (refused !== undefined) return refused;
  const loaded = start();
  if (!loaded.ok) return loaded;
  const link = loaded.value;
  const answer = decodeAnswer(await link.call(encodeOpen(options, options.maxValueBytes ?? DEFAULT_MAX_VALUE)));
  if (answer.ok) return { ok: true, value: new WireJournal(link, options.fields) };
  await link.close();
  return toFailure(answer, describe(options));
}

function start(): JournalResult<EngineLink> {
  try {
    const addon = createRequire(import.meta.url)('./journal.node') as JournalAddon;
    return { ok: true, value: new addon.Port() };
  } catch (thrown) {
    return unavailable(`the addon does not run (\`npm run build\` makes it): ${messageOf(thrown)}`);
  }
}

function describe({ source }: JournalOptions): string {
  switch (source.kind) {
    case 'system':
      return 'open the system journal';
    case 'directory':
      return `open the journal in ${source.path}`;
    case 'files':
      return `open the journal files ${source.paths.join(', ')}`;
  }
}
