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

/**
 * What to do about a finding, or nothing when it is no ground for a block: its check must grant one, and every event that
 * counted must be at least as trustworthy as that grant demands. The id is made from the finding's, so the same
 * finding seen again after a crash decides the same thing once. A block counts from the event, so a log read late blocks
 * only for what is left by the wall clock, and nothing for an attack that is long over.
 */
export function decide(finding: Finding, policy: BlockPolicy, now: Millis): Decision | undefined {
  const response = checkOf(finding.check)?.response;
  if (response?.kind !== 'block' || finding.subject.kind !== 'ip') return undefined;
  if (PROVENANCES.indexOf(finding.provenance) > PROVENANCES.indexOf(response.least)) return undefined;
  const parsed = parseIp(finding.subject.value);
  if (!parsed.ok) return undefined;
  const note = objection(parsed.value.text, policy);
  const expiresAt: Deadline = policy.expiry === 'never' ? 'never' : plus(finding.at, policy.expiry);
  const state = note ? 'refused' : hasPassed(expiresAt, now) ? 'expired' : stateIn(policy.mode);
  return {
    id: decisionIdOf(finding),
    kind: 'block',
    ip: parsed.value.text,
    reason: finding.message,
    origin: 'auto_response',
    findings: [finding.id],
    at: now,
    expiresAt,
    state,
    ...(state === 'expired' ? { endedAt: now, note: 'the attack is older than the block would have lasted' } : {}),
    ...(note ? { note } : {}),
  };
}

/** Why the address must not be blocked, if so. */
export function objection(
  address: Ip,
  { protectedNetworks, allowed }: Pick<BlockPolicy, 'protectedNetworks' | 'allowed'>,
): string | undefined {
  if (protectedNetworks === undefined) return 'the addresses of this host are unknown';
  const ip = parseIp(address);
  if (!ip.ok) return undefined;
  const guard = coveredBy(ip.value, protectedNetworks);
  if (guard !== undefined) return refusalText(address, guard);
  const allow = allowed(ip.value);
  return allow && allowedText(address, allow);
}

/** Why an address may not be blocked, for a person. */
export const refusalText = (ip: string, guard: NamedNetwork): string =>
  `${ip} must not be blocked: ${guard.why} (${guard.net.text})`;

export const decisionIdOf = (finding: Finding): DecisionId =>
  contentId(finding.at, ['block', finding.id]) as DecisionId;

const stateIn = (mode: Mode): DecisionState => (mode === 'enforce' ? 'active' : 'dry_run');
