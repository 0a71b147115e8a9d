import type { Id } from '../base/ids.ts';
import type { Millis } from '../base/time.ts';
import type { Origin } from '../respond/decision.ts';

export type ChangeId = Id & { readonly of: 'change' };

/**
 * `applying`: snapshot on disk, the new state is being put in place. `probing`: in place, its probes run. `awaiting`: on
 * trial until somebody or a probe policy confirms. `confirming`, `reverting`: on the way to an end. `confirmed`,
 * `reverted`: ended. `stuck`: could not be reverted yet and is tried again; loud.
 */
export type ChangeState =
  | 'applying'
  | 'probing'
  | 'awaiting'
  | 'confirming'
  | 'confirmed'
  | 'reverting'
  | 'reverted'
  | 'stuck';

/**
 * What of this host's run belongs to a trial. `nothing`: it takes effect at once; `restart`: a restart of the process puts
 * it in place. Both go on through restarts of the process, wanted or not, and are reverted by another boot. `reboot`: goes
 * on through one boot as well.
 */
export const SPANS = ['nothing', 'restart', 'reboot'] as const;
export type Spans = (typeof SPANS)[number];

/** Who asks for, confirms or reverts a change. */
export interface Word {
  /** Name of the principal. */
  readonly actor: string;
  readonly origin: Origin;
  /** Canonical address of the client, or `local`. */
  readonly peer: string;
}

/** Who may end a trial well: a person (or controller) only, or its probes as well. */
export type ConfirmedBy = 'word' | 'probes';

/** What a probe saw, kept with the change. */
export interface Evidence {
  readonly probe: string;
  readonly at: Millis;
  /** `unknown`: it could not be found out, which is neither for nor against the change. */
  readonly result: 'passed' | 'failed' | 'unknown';
  /** For a person: what was tried and what came of it. */
  readonly detail: string;
  /** How long it took, ms. */
  readonly took: Millis;
}

export const VERDICT_BY = [
  'word',
  'probes',
  'deadline',
  'apply_failed',
  'probes_failed',
  'reboot',
  'failed_starts',
  'crash',
  'forced',
] as const;

/** Why a change ended as it did. */
export interface Verdict {
  readonly result: 'confirmed' | 'reverted';
  readonly by: (typeof VERDICT_BY)[number];
  /** Whose word it was, for `word` and `forced`. */
  readonly word?: Word;
  /** For a person. */
  readonly why: string;
  readonly at: Millis;
  /** Of a confirmation: whether it came over a connection opened after the apply; why that is not known. */
  readonly freshConnection?: { readonly proved: boolean; readonly why?: string };
}

/** A change, from its proposal to its end. Everything but `plan` may be shown; secrets are never in it. */
export interface Change {
  /** UUIDv7. */
  readonly id: ChangeId;
  /** Which kind of thing is changed, e.g. `settings`. */
  readonly subject: string;
  /** One line for a person, e.g. `firewall.denied_networks, infra_ips`. */
  readonly summary: string;
  /** What is affected, e.g. dotted paths of settings. */
  readonly parts: readonly string[];
  readonly word: Word;
  /** Given when the trial was skipped. */
  readonly forcedBecause?: string;
  readonly confirmedBy: ConfirmedBy;
  readonly spans: Spans;
  readonly state: ChangeState;
  /** Wall clock, for people. */
  readonly proposedAt: Millis;
  /** Wall clock when the new state was in place. */
  readonly appliedAt?: Millis;
  /** How long the trial lasts once the new state is in place, ms, ≥ 1,000. */
  readonly trial: Millis;
  /** On the boot-time clock of `bootId`: when the trial ends. There from `applying` on. */
  readonly deadline: Millis;
  readonly bootId: string;
  /** What held before and what is to hold: `sha256:HEX` of what the subject changes. */
  readonly before: string;
  readonly after: string;
  readonly evidence: readonly Evidence[];
  /** Probes that did not pass before the change either: what they see since is kept and decides nothing. */
  readonly unheard?: readonly string[];
  readonly verdict?: Verdict;
}
