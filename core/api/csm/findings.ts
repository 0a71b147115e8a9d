import { Type } from 'typebox';
import { rfc3339 } from '../../base/time.ts';
import type { FindingGroup } from '../../incident/finding-group.ts';
import { endpoint } from '../deps.ts';
import { severityInt } from './wire.ts';

/** Rows in one answer, which has no pages: what is older is in the history. */
const MOST = 2000;

/** CSM's fields, then `id`, `source_ip` and `count`, which are ours here. */
export const FindingRow = Type.Object({
  severity: Type.Integer({ minimum: 0, maximum: 2, description: '0 warning, 1 high, 2 critical' }),
  check: Type.String(),
  message: Type.String(),
  details: Type.Optional(Type.String()),
  time: Type.String({ description: 'RFC 3339' }),
  first_seen: Type.String({ description: 'RFC 3339' }),
  last_seen: Type.String({ description: 'RFC 3339' }),
  has_fix: Type.Boolean(),
  id: Type.String({ description: 'Of the latest finding in the row' }),
  source_ip: Type.Optional(Type.String()),
  count: Type.Integer({ description: 'Findings in the row' }),
});

export const findings = endpoint({
  name: 'findings',
  method: 'GET',
  path: '/api/v1/findings',
  scope: 'read',
  summary: `Active findings, one row for each check and subject, newest first; at most ${MOST}`,
  response: Type.Array(FindingRow),
  errors: [],
  heavy: true,
  handler: async ({ deps }) => ({ ok: true, value: (await deps.appliance.activeFindings(MOST)).map(rowOf) }),
});

const rowOf = ({ latest, firstSeen, lastSeen, findings }: FindingGroup) => ({
  severity: severityInt(latest.severity),
  check: latest.check,
  message: latest.message,
  ...(latest.details === undefined ? {} : { details: latest.details }),
  time: rfc3339(latest.at),
  first_seen: rfc3339(firstSeen),
  last_seen: rfc3339(lastSeen),
  has_fix: false,
  id: latest.id,
  ...(latest.subject.kind === 'ip' ? { source_ip: latest.subject.value } : {}),
  count: findings,
});
