import { Type } from 'typebox';
import { type Millis, rfc3339 } from '../../base/time.ts';
import type { Finding } from '../../detect/finding.ts';
import { endpoint } from '../deps.ts';
import { refuse } from '../endpoint.ts';
import { AuditEntry, entryOf } from './audit.ts';
import { severityInt } from './wire.ts';

/** Findings looked at, newest first. */
const LOOKED_AT = 2000;
const MOST_RELATED = 50;
const MOST_ACTIONS = 20;
/** Audit records looked at, newest first. */
const ACTIONS_LOOKED_AT = 2000;

export const findingDetail = endpoint({
  name: 'findingDetail',
  method: 'GET',
  path: '/api/v1/finding-detail',
  scope: 'admin',
  summary: 'A finding by check and message: when it was seen, what was done about its check, what is related',
  query: Type.Object({ check: Type.Optional(Type.String()), message: Type.Optional(Type.String()) }),
  example: { query: { check: 'ssh_bruteforce', message: '5 failed logins from 192.0.2.9 in 60 s' } },
  response: Type.Object({
    check: Type.String(),
    message: Type.String(),
    first_seen: Type.String({ description: 'RFC 3339, or empty' }),
    last_seen: Type.String({ description: 'RFC 3339, or empty' }),
    actions: Type.Array(AuditEntry),
    related: Type.Array(
      Type.Object({
        severity: Type.Integer({ minimum: 0, maximum: 2 }),
        check: Type.String(),
        message: Type.String(),
        timestamp: Type.String({ description: 'RFC 3339' }),
      }),
    ),
  }),
  heavy: true,
  errors: ['bad_request'],
  handler: async ({ deps, query: { check = '', message = '' } }) => {
    if (check === '') return refuse('bad_request', 'check is required');
    const findings: Finding[] = [];
    for await (const { finding } of deps.history.newest({}, LOOKED_AT)) findings.push(finding);
    const audited = await deps.auditTrail.newest(ACTIONS_LOOKED_AT);
    const actions = audited.map(entryOf).filter((entry) => mentions(entry, check));
    return { ok: true, value: { ...detailOf(findings, check, message), actions: actions.slice(0, MOST_ACTIONS) } };
  },
});

/** Without a message every finding of the check is meant. Related are those of the same check or about the same subject. */
function detailOf(findings: readonly Finding[], check: string, message: string) {
  const meant = findings.filter((one) => one.check === check && (message === '' || one.message === message));
  const own = new Set(meant);
  const subjects = new Set(meant.map(({ subject }) => subject.value));
  const related = findings.filter((one) => !own.has(one) && (one.check === check || subjects.has(one.subject.value)));
  return {
    check,
    message,
    first_seen: extreme(
      meant.map(({ firstAt }) => firstAt),
      Math.min,
    ),
    last_seen: extreme(
      meant.map(({ at }) => at),
      Math.max,
    ),
    related: (message === '' ? meant : related).slice(0, MOST_RELATED).map((one) => ({
      severity: severityInt(one.severity),
      check: one.check,
      message: one.message,
      timestamp: rfc3339(one.at),
    })),
  };
}

const extreme = (moments: readonly Millis[], of: (...all: number[]) => number): string =>
  moments.length === 0 ? '' : rfc3339(of(...moments) as Millis);

const mentions = ({ action, target, details = '' }: ReturnType<typeof entryOf>, check: string): boolean =>
  [action, target, details].some((text) => text.includes(check));
