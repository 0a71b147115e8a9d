import type { Result } from '../../core/base/result.ts';
import type { Millis } from '../../core/base/time.ts';
import type { BundleFacts, Progress, Refusal, SlotsView, Work } from '../../core/image/slots.ts';
import type { BundleSource } from '../../core/image/source.ts';

/** Both slots, and what they can be given. RAUC keeps them; its service is the only one that writes. */
export interface Slots {
  /** `busy` while something is being installed: RAUC does not answer then. */
  list(): Promise<Result<SlotsView, 'busy' | 'unavailable'>>;
  /** Checks the signature and reads what the bundle says of itself; writes nothing. */
  inspect(source: BundleSource): Promise<Result<BundleFacts, Refusal>>;
  /**
   * Writes a bundle into the slot that does not run, and has it booted next. Cannot be taken back once begun: a slot that was
   * half written is not booted. Tells each step.
   */
  install(source: BundleSource, tell: (progress: Progress) => void): Promise<Result<void, InstallEnd>>;
  /** What is being done, whoever has asked for it; answered while something is being installed, too. */
  work(): Promise<Result<Work, 'unavailable'>>;
}

/** `unknown`: whoever waited for it was cut off, and it may go on. */
export type InstallEnd = Refusal | 'unknown';

/** How a program ended. `late`: it was killed for taking too long; `killed`: by somebody else. */
export type Ran =
  | { readonly kind: 'ended'; readonly code: number; readonly out: string; readonly err: string }
  | { readonly kind: 'missing' }
  | { readonly kind: 'late' }
  | { readonly kind: 'killed'; readonly signal: string };

export interface RunOptions {
  readonly timeout: Millis;
  /** Each line of its standard output, as it comes. */
  readonly onLine?: (line: string) => void;
}

/** Runs a program with a fixed argv, never through a shell. Resolves whatever becomes of it. */
export type Run = (program: string, args: readonly string[], options: RunOptions) => Promise<Ran>;

/** The files that say what runs here, and those in which is kept what becomes of updates. Absent is undefined. */
export interface UpdaterFiles {
  /** As text, 64 KiB at most; undefined where it cannot be read. */
  read(path: string): Promise<string | undefined>;
  /** Whole or not at all, and durable once it resolves. */
  write(path: string, text: string): Promise<void>;
  /** Whole or not at all; for a folder in memory. */
  put(path: string, text: string): Promise<void>;
  /** Bundles on the sticks that are in: their paths and bytes, 50 at most. */
  bundles(): Promise<readonly { readonly path: string; readonly bytes: number }[]>;
}
