import type { Service } from '../../supervisor/index.ts';
import { JournalRun, type JournalWatcherParts, nameOf } from './run.ts';

export { ownEntries } from './effects.ts';
export type { JournalChunk, JournalLoss, JournalSink } from './port.ts';
export type { JournalWatcherParts } from './run.ts';

/**
 * Follows the systemd journal: every entry once, in order, through rotation, vacuum, flush and restarts (see `resume`).
 * A first start begins behind what is there. Nothing the journal does is a crash: it is told as the `Component`
 * `journal:system` (or `journal:DIRECTORY`).
 */
export class JournalWatcher implements Service {
  readonly id = 'journal';
  readonly #parts: JournalWatcherParts;
  #run: JournalRun | undefined;

  constructor(parts: JournalWatcherParts) {
    this.#parts = parts;
  }

  /** Resolves when the journal is being opened; what it holds is read after that. */
  async start(crash: (cause: unknown) => void): Promise<void> {
    let hasCrashed = false;
    const run = new JournalRun({
      ...this.#parts,
      cursor: await this.#parts.cursor(nameOf(this.#parts.source)),
      crash: (cause) => {
        if (!hasCrashed) crash(cause);
        hasCrashed = true;
      },
    });
    this.#run = run;
    run.start();
  }

  /** Ends a wait or read under way. A chunk under way may still be taken by the sink; nothing follows it. */
  async stop(): Promise<void> {
    const run = this.#run;
    this.#run = undefined;
    await run?.stop();
  }
}
