import type { Service } from '../../supervisor/index.ts';
import { DEFAULT_LIMITS, FileRun, type FileWatcherParts } from './run.ts';

export { openFileSystem } from './effects.ts';
export type { FileSystemPort } from './file-system.ts';
export { type Chunk, type ChunkSink, type Cursor, entryKey, type FileEntry, MAX_LINE, type Skipped } from './port.ts';
export { DEFAULT_LIMITS, type FileWatcherParts, type Limits } from './run.ts';
export { type Report, Status } from './status.ts';
export type { Trust, TrustSetting } from './trust.ts';

/**
 * Follows log files: every whole line once, in order within its file, through rotation, truncation and restarts (see
 * `Locator` for the resume rules). Nothing a file or directory does is a crash: it is told as a `Component`
 * `file:PATH`, of which state `off` means that it may be forgotten.
 */
export class FileWatcher implements Service {
  readonly id = 'files';
  readonly #parts: FileWatcherParts;
  #run: FileRun | undefined;

  constructor(parts: FileWatcherParts) {
    this.#parts = parts;
  }

  /** Resolves when every file that is there is being opened; what it holds is read after that. */
  async start(crash: (cause: unknown) => void): Promise<void> {
    const { limits, cursors, ...parts } = this.#parts;
    let hasCrashed = false;
    const run = new FileRun({
      ...parts,
      cursors: await cursors(),
      limits: { ...DEFAULT_LIMITS, ...limits },
      crash: (cause) => {
        if (!hasCrashed) crash(cause);
        hasCrashed = true;
      },
    });
    this.#run = run;
    await run.start();
  }

  /** Closes every file. A chunk under way may still be taken by the sink; nothing follows it. */
  async stop(): Promise<void> {
    const run = this.#run;
    this.#run = undefined;
    await run?.stop();
  }
}
