import { type Millis, minutes, seconds } from '../base/time.ts';
import type { Verdict } from './change.ts';
import type { TrialFacts, VerdictFacts } from './texts.ts';

/** The shortest trial there is; who is asked by people and APIs holds them to `TRIAL`. */
export const SHORTEST_TRIAL: Millis = seconds(1);
export const LONGEST_TRIAL: Millis = minutes(24 * 60);

/** How long a trial asked for by a person lasts. */
export const TRIAL = { least: minutes(1), most: minutes(30), usual: minutes(5) } as const;

/** Starts that may fail during a trial; the last of them reverts it. */
export const FAILED_STARTS = 3;

/** What a person asked for, brought within bounds; nothing asked is the usual. */
export const clampTrial = (asked: Millis = TRIAL.usual): Millis =>
  Number.isFinite(asked) ? (Math.round(Math.min(TRIAL.most, Math.max(TRIAL.least, asked))) as Millis) : TRIAL.usual;

/** What a start finds of a trial, and on what machine. */
export interface StartFacts {
  /** `undefined`: nothing is on trial. */
  readonly trial: TrialFacts | undefined;
  /** An end that was decided on before the process died, and did not come about. */
  readonly verdict: VerdictFacts | undefined;
  readonly bootId: string;
  /** Boot-time clock, ms. */
  readonly uptime: Millis;
  /** Starts that failed since the trial began. */
  readonly failures: number;
}

/** `resume`: with the facts as they are from now on, the deadline on this boot's clock. */
export type StartDecision =
  | { readonly do: 'nothing' }
  | { readonly do: 'resume'; readonly trial: TrialFacts }
  | { readonly do: 'revert'; readonly by: Verdict['by']; readonly why: string };

/**
 * What a start does about a trial that it finds on disk. A revert that had begun is finished: its files may be half of
 * either. A confirmation that had begun was told to nobody, and the trial stands. An apply that did not end is undone.
 *
 * In the boot of the apply the trial goes on for what is left. Another boot reverts, unless a reboot belongs to the
 * trial: then `trial` ms of the new boot's uptime count, once: the trial goes on as one of this boot, and the next boot
 * reverts, so that a machine which boots in a loop comes out of it.
 */
export function decideStart({ trial, verdict, bootId, uptime, failures }: StartFacts): StartDecision {
  if (trial === undefined) return { do: 'nothing' };
  if (verdict?.result === 'reverted') return { do: 'revert', by: verdict.by, why: verdict.why };
  if (trial.deadline === 0) return revert('crash', 'the process died before the change was in place');
  // The start that asks is counted already.
  if (failures > FAILED_STARTS) return revert('failed_starts', `${failures - 1} starts failed during the trial`);
  if (trial.bootId === bootId) return untilDeadline(trial, Math.min(trial.deadline, uptime + trial.trial), uptime);
  if (trial.spans !== 'reboot') return revert('reboot', 'the machine was booted during the trial');
  return untilDeadline({ ...trial, bootId, spans: 'restart' }, trial.trial, uptime);
}

/** @param deadline never further away than a whole trial: a clock that claims more is not believed */
function untilDeadline(trial: TrialFacts, deadline: number, uptime: Millis): StartDecision {
  if (deadline <= uptime) return revert('deadline', 'nobody confirmed it in time');
  return { do: 'resume', trial: { ...trial, deadline: deadline as Millis } };
}

const revert = (by: Verdict['by'], why: string): StartDecision => ({ do: 'revert', by, why });
