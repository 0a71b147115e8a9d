import { contentId, type DecisionId } from '../base/ids.ts';
import { type Ip, type ParsedIp, parseIp } from '../base/ip.ts';
import { coveredBy, type NamedNetwork } from '../base/prefixes.ts';
import { type Deadline, hasPassed, type Millis, plus } from '../base/time.ts';
import { checkOf } from '../detect/checks.ts';
import type { Finding } from '../detect/finding.ts';
import { PROVENANCES } from '../event/event.ts';
import { type Allow, allowedText } from './allow.ts';
import type { Decision, DecisionState } from './decision.ts';
import type { Mode } from './mode.ts';

export interface BlockPolicy {
  readonly mode: Mode;
  /** How long a block lasts, counted from the finding's event time. */
  readonly expiry: Millis | 'never';
  /** `undefined` when this host's own addresses are unknown: then nothing is blocked. */
  readonly protectedNetworks: readonly NamedNetwork[] | undefined;
  /** What an operator has allowed. */
  readonly allowed: (ip: ParsedIp) => Allow | undefined;
}

/** What is made of a finding, before it is written down as a decision. */
export interface Verdict {
  readonly ip: Ip;
  readonly state: Extract<DecisionState, 'active' | 'dry_run' | 'refused' | 'expired'>;
  readonly expiresAt: Deadline;
  /** Why it is refused, or over. */
  readonly note?: string;
}

/**
 * What to do about a finding, or nothing when it is no ground for a block: its check must grant one, and every event that
 * counted must be at least as trustworthy as that grant demands. A block counts from the event, so a log read late blocks
 * only for what is left by the wall clock, and nothing for an attack that is long over.
 */
export function judge(finding: Finding, policy: BlockPolicy, now: Millis): Verdict | undefined {
  const response = checkOf(finding.check)?.response;
  if (response?.kind !== 'block' || finding.subject.kind !== 'ip') return undefined;
  if (PROVENANCES.indexOf(finding.provenance) > PROVENANCES.indexOf(response.least)) return undefined;
  const parsed = parseIp(finding.subject.value);
  if (!parsed.ok) return undefined;
  const ip = parsed.value.text;
  const expiresAt: Deadline = policy.expiry === 'never' ? 'never' : plus(finding.at, policy.expiry);
  const refusal = objectionTo(parsed.value, policy);
  if (refusal !== undefined) return { ip, expiresAt, state: 'refused', note: refusal };
  return hasPassed(expiresAt, now)
    ? { ip, expiresAt, state: 'expired', note: 'the attack is older than the block would have lasted' }
    : { ip, expiresAt, state: policy.mode === 'enforce' ? 'active' : 'dry_run' };
}

/**
 * The verdict as a decision. Its id is made from the finding's, so the same finding seen again after a crash decides the
 * same thing once.
 */
export const decisionOf = (finding: Finding, verdict: Verdict, now: Millis): Decision => ({
  id: decisionIdOf(finding),
  kind: 'block',
  ip: verdict.ip,
  reason: finding.message,
  origin: 'auto_response',
  findings: [finding.id],
  at: now,
  expiresAt: verdict.expiresAt,
  state: verdict.state,
  ...(verdict.state === 'expired' ? { endedAt: now } : {}),
  ...(verdict.note === undefined ? {} : { note: verdict.note }),
});

type Objections = Pick<BlockPolicy, 'protectedNetworks' | 'allowed'>;

/** Why the address must not be blocked, if so. */
export function objection(address: Ip, policy: Objections): string | undefined {
  const ip = parseIp(address);
  if (ip.ok) return objectionTo(ip.value, policy);
  return policy.protectedNetworks === undefined ? UNKNOWN_HOST : undefined;
}

const UNKNOWN_HOST = 'the addresses of this host are unknown';

function objectionTo(ip: ParsedIp, { protectedNetworks, allowed }: Objections): string | undefined {
  if (protectedNetworks === undefined) return UNKNOWN_HOST;
  const guard = coveredBy(ip, protectedNetworks);
  if (guard !== undefined) return refusalText(ip.text, guard);
  const allow = allowed(ip);
  return allow && allowedText(ip.text, allow);
}

/** Why an address may not be blocked, for a person. */
export const refusalText = (ip: string, guard: NamedNetwork): string =>
  `${ip} must not be blocked: ${guard.why} (${guard.net.text})`;

export const decisionIdOf = (finding: Finding): DecisionId =>
  contentId(finding.at, ['block', finding.id]) as DecisionId;
