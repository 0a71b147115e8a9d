import type { ListState } from '../../core/api/lists.ts';
import type { Change } from '../../core/change/change.ts';
import type { Finding } from '../../core/detect/finding.ts';
import type { Decision, NetworkDecision, Outcome } from '../../core/respond/decision.ts';

/** What is told to everybody in the process who wants to know, in order. */
export type Topics = {
  readonly finding: { readonly finding: Finding; readonly serial: number };
  /** Each decision as it is made and as it ends; the outcome where the kernel had to do with it. */
  readonly decision: { readonly decision: Decision | NetworkDecision; readonly outcome?: Outcome };
  /** Each change at each of its states. */
  readonly change: { readonly change: Change };
  /** Each bulk list when its state changes, and when another generation of it is in force. */
  readonly list: { readonly name: string; readonly state: ListState };
};
