import type { Millis } from '../../core/base/time.ts';
import type { Finding } from '../../core/detect/finding.ts';
import type { Decision } from '../../core/respond/decision.ts';
import { type BlockPolicy, decisionOf, judge } from '../../core/respond/policy.ts';

/** What the policy says of a finding, as the planner writes it down where nothing stands yet. */
export function decide(finding: Finding, policy: BlockPolicy, now: Millis): Decision | undefined {
  const verdict = judge(finding, policy, now);
  return verdict && decisionOf(finding, verdict, now);
}
