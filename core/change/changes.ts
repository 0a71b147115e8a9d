import type { Failure, Ok } from '../base/result.ts';
import type { Millis } from '../base/time.ts';
import type { Change, ChangeId, ConfirmedBy, Word } from './change.ts';

/** A change that somebody asks for. */
export interface ChangeRequest {
  /** Whose business it is, e.g. `settings`. */
  readonly subject: string;
  /** As the subject wants it. */
  readonly proposal: unknown;
  readonly word: Word;
  /** How long it may stay unconfirmed, ms, ≥ 1,000. */
  readonly trial: Millis;
  readonly confirmedBy: ConfirmedBy;
  /** Skips the trial; the reason is audited. */
  readonly forcedBecause?: string;
}

/** What is on trial now. */
export interface Pending {
  readonly change: Change;
  /** Until the trial ends, ms. */
  readonly left: Millis;
  /** Wall clock at which that will be. */
  readonly until: Millis;
}

/**
 * `pending`: another change is on trial, see `busy`. `invalid`, `stale`: what the subject says of the proposal. `failed`:
 * could not be applied, and everything is as before, or will be: the text says which.
 */
export type ProposeFailure = Failure<'invalid' | 'stale' | 'failed' | 'unknown_subject'> | PendingFailure;
export type PendingFailure = Failure<'pending'> & { readonly busy: Pending };

/** `none`: nothing is on trial. `other`: the change of that id is not, or no more. `old_connection`: see `ConfirmRequest`. */
export type EndFailure = Failure<'none' | 'other' | 'old_connection' | 'failed'>;

export interface ConfirmRequest {
  readonly id: ChangeId;
  readonly word: Word;
  /**
   * Wall clock when the connection was opened that the word came over. One from before the apply proves nothing about the
   * new state and is refused; `unknown` with the reason is taken and the reason is kept.
   */
  readonly connection: { readonly openedAt: Millis } | { readonly unknown: string };
}

/** What the API, the command line and controllers ask of the changes. */
export interface Changes {
  pending(): Pending | undefined;
  /** Newest first. `before`: only older ones. */
  list(limit: number, before?: ChangeId): Promise<readonly Change[]>;
  get(id: ChangeId): Promise<Change | undefined>;
  /** Resolves when the new state is in place and on trial, or a restart that puts it in place is about to be asked for. */
  propose(request: ChangeRequest): Promise<Ok<Change> | ProposeFailure>;
  /** Resolves when kernel and disk have it for good. */
  confirm(request: ConfirmRequest): Promise<Ok<Change> | EndFailure>;
  /** Resolves when what was is back and was read back. */
  revert(request: { readonly id: ChangeId; readonly word: Word }): Promise<Ok<Change> | EndFailure>;
  /** Told of every change of state. Returns the unsubscriber. */
  onChange(listener: (change: Change) => void): () => void;
}
