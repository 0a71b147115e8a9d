import type { Failure, Ok } from '../base/result.ts';
import type { Preview } from '../change/preview.ts';
import type { FieldProblem } from './problem.ts';

/** Settings of a section as a client would have them, by their keys in it; `''` where the section is the setting. */
export interface PreviewOrder {
  readonly section: string;
  readonly changes: Readonly<Record<string, unknown>>;
  /** Canonical address of who asks, or `local`. */
  readonly peer: string;
  readonly signal: AbortSignal;
}

/** `unknown_section`: there is none of that name. `invalid`: `problems` says what is wrong. `failed`: the file cannot be read. */
export type PreviewRefusal =
  | Failure<'unknown_section' | 'failed'>
  | (Failure<'invalid'> & { readonly problems: readonly FieldProblem[] });

/** Finds out what a change would do, without doing it. */
export interface Previews {
  preview(order: PreviewOrder): Promise<Ok<Preview> | PreviewRefusal>;
}
