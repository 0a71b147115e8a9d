import type { Failure, Ok, Result } from '../base/result.ts';
import type { Millis } from '../base/time.ts';
import type { Change, Word } from '../change/change.ts';
import type { Changes, Pending } from '../change/changes.ts';
import type { Change as SettingChange } from '../config/change.ts';
import type { Config } from '../config/settings.ts';
import type { FieldProblem } from './problem.ts';

/** The settings as they are, and how they are written. */
export interface SettingsState {
  /** As last read or written by us, defaults filled in. Holds secrets. */
  readonly config: Config;
  /** SHA-256 of the file as it is on disk at this moment, hex. */
  readonly etag: string;
  /** Another hand edited the file since; what it wrote is not in `config` yet. */
  readonly edited: boolean;
  /** Dotted paths of settings that wait for a restart. */
  readonly waiting: readonly string[];
}

/** What the client saw of the file: any of these etags, or whatever is there. */
export type Seen = 'anything' | readonly string[];

/** Settings that somebody wants otherwise. */
export interface SettingsOrder {
  readonly changes: readonly SettingChange[];
  readonly seen: Seen;
  readonly word: Word;
  /** Skips the trial that a change which can shut an administrator out goes through. */
  readonly forcedBecause?: string;
}

/** A trial that is asked for by name: confirmed by a word only, and begun with a restart. */
export interface TrialOrder extends SettingsOrder {
  readonly trial: Millis;
}

export interface SettingsWritten {
  /** Dotted paths of what is written otherwise now. */
  readonly applied: readonly string[];
  /** As `SettingsState.etag`. */
  readonly etag: string;
  readonly waiting: readonly string[];
  /** What did not follow, by the setting's dotted path. */
  readonly warnings: readonly FieldProblem[];
  /** There when it is on trial, or was forced. */
  readonly change?: Change;
}

/**
 * `stale`: the file is not what the client saw. `invalid`: `problems` says what is wrong; nothing was written. `pending`:
 * another change is on trial. `failed`: the disk or the kernel refused; everything is as it was, or will be.
 */
export type SettingsRefusal =
  | Failure<'stale' | 'failed'>
  | (Failure<'invalid'> & { readonly problems: readonly FieldProblem[] })
  | (Failure<'pending'> & { readonly busy: Pending });

/** What the endpoints ask of the settings. */
export interface SettingsDesk {
  state(): Promise<Result<SettingsState, 'failed'>>;
  /** Writes into the file; live settings take effect before it resolves, what can cut goes on trial. */
  write(order: SettingsOrder): Promise<Ok<SettingsWritten> | SettingsRefusal>;
  tryOut(order: TrialOrder): Promise<Ok<SettingsWritten> | SettingsRefusal>;
  /** Takes over what another hand wrote into the file, as if it had been written through here. */
  takeOver(order: Pick<SettingsOrder, 'word' | 'forcedBecause'>): Promise<Ok<SettingsWritten> | SettingsRefusal>;
  /** Ends the process shortly, so that the service manager starts it anew. */
  restart(): void;
}

/** Settings that are on trial; no other change is any business of the settings. */
export function settingsOnTrial(changes: Pick<Changes, 'pending'>): Pending | undefined {
  const pending = changes.pending();
  return pending?.change.subject === 'settings' ? pending : undefined;
}
