import type { Finding } from '../../../core/detect/finding.ts';
import type { Event } from '../../../core/event/event.ts';
import { evaluate, type Rule, type Verdict } from './evaluate.ts';
import { unknownLogins } from './known-logins.ts';
import { RULES } from './rules.ts';

/** Names and paths are told apart by so many of their first units. */
const LONGEST = 256;

/** What of a finding is compared, in one order. */
export const verdictsOf = (findings: readonly Finding[]): readonly Verdict[] =>
  sorted(findings.map(({ id: _, message: __, details: ___, ...verdict }) => verdict));

const sorted = (verdicts: readonly Verdict[]): readonly Verdict[] =>
  [...verdicts].sort((a, b) => a.last.offset - b.last.offset || (a.check < b.check ? -1 : 1));

/** What the reference finds, with its own thresholds and times unless others are given. */
export function expectedOf(
  events: readonly Event[],
  rules: readonly Rule[] = RULES,
  times: Parameters<typeof unknownLogins>[1] = {},
): readonly Verdict[] {
  const cut = events.map(
    (event): Event => (event.user === undefined ? event : { ...event, user: event.user.slice(0, LONGEST) }),
  );
  return sorted([...evaluate(cut, rules), ...unknownLogins(cut, times)]);
}
