import { Type } from 'typebox';
import { type Millis, rfc3339 } from '../../base/time.ts';
import { BRUTE_FORCE } from '../../detect/checks/grants.ts';
import { categoryOf } from '../../detect/checks.ts';
import { summed } from '../../incident/rollup.ts';
import { endpoint } from '../deps.ts';
import type { Stats } from '../stats.ts';
import { ago, Count, SeverityCounts, severityCounts } from './wire.ts';

const HOURS = 24;
const TOP_SOURCES = 10;

export const stats = endpoint({
  name: 'stats',
  method: 'GET',
  path: '/api/v1/stats',
  scope: 'read',
  summary: 'The last 24 hours in numbers: severities, checks, automatic responses, brute force',
  response: Type.Object({
    last_24h: SeverityCounts,
    by_check: Type.Record(Type.String(), Count),
    last_critical_ago: Type.String({ description: 'e.g. 3h ago, or None' }),
    last_critical_iso: Type.String({ description: 'RFC 3339, or empty' }),
    accounts_at_risk: Type.Array(Type.Object({ account: Type.String(), severity: Type.Integer(), findings: Count })),
    auto_response: Type.Object({ blocked: Count, quarantined: Count, killed: Count }),
    top_accounts: Type.Array(Type.Object({ account: Type.String(), count: Count })),
    brute_force: Type.Object({
      total_attacks: Count,
      unique_ips: Count,
      wp_login_count: Count,
      xmlrpc_count: Count,
      top_ips: Type.Array(Type.Object({ ip: Type.String(), count: Count })),
    }),
  }),
  errors: [],
  handler: async ({ deps: { stats: numbers, clock } }) => ({ ok: true, value: statsOf(numbers, clock.now()) }),
});

/** This version knows no accounts, no quarantine and no web checks: of these it reports nothing. */
function statsOf(numbers: Stats, now: Millis) {
  const { severities, checks } = summed(numbers.series('hour', HOURS).map(({ rollup }) => rollup));
  const lastCritical = numbers.lastCritical();
  const { unique, top } = numbers.bruteForce(TOP_SOURCES);
  const attacks = Object.entries(checks).filter(([check]) => categoryOf(check) === BRUTE_FORCE);
  return {
    last_24h: severityCounts(severities),
    by_check: { ...checks },
    last_critical_ago: lastCritical === undefined ? 'None' : ago(lastCritical, now),
    last_critical_iso: lastCritical === undefined ? '' : rfc3339(lastCritical),
    accounts_at_risk: [],
    auto_response: { blocked: numbers.blocked(), quarantined: 0, killed: 0 },
    top_accounts: [],
    brute_force: {
      total_attacks: attacks.reduce((sum, [, count]) => sum + count, 0),
      unique_ips: unique,
      wp_login_count: 0,
      xmlrpc_count: 0,
      top_ips: top.map((source) => ({ ...source })),
    },
  };
}
