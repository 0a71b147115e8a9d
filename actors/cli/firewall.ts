import type { Invocation } from '../../core/cli/argv.ts';
import type { ExitName } from '../../core/cli/exit-codes.ts';
import { showAll } from './control.ts';
import type { CliDeps } from './deps.ts';
import { isTrue, type Json, numberAt, objectIn, objectsIn, textAt } from './json.ts';
import { say, sayFacts, sayTable } from './say.ts';

/** What the firewall does, and what its rules have dropped. */
export function firewall(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const { since = '1h' } = invocation.values;
  const paths = ['/firewall/status', `/firewall/counters?since=${encodeURIComponent(since)}`];
  return showAll(invocation, deps, paths, async ([status, counters]) => {
    await sayFacts(deps, statusRows(objectIn(status)));
    const rows = objectsIn(objectIn(counters)['counters']).map(counterRow);
    if (rows.length === 0) return;
    await say(deps, '\n');
    await sayTable(deps, { heads: ['RULE', `PACKETS SINCE ${since}`, 'BYTES', 'PACKETS IN ALL'], rows });
  });
}

function statusRows(status: Json): readonly (readonly [string, string | undefined])[] {
  const count = (key: string) => (numberAt(status, key) ?? 0).toLocaleString('en');
  const lasting = (kind: 'blocked' | 'allow') =>
    `${count(`${kind}_permanent`)} for good, ${count(`${kind}_temporary`)} for a time`;
  const infra = status['infra_ips'];
  return [
    ['firewall', isTrue(status, 'enabled') ? 'on' : 'off'],
    ['blocked', `${count('blocked_count')} addresses (${lasting('blocked')}), room for ${count('deny_ip_limit')}`],
    ['networks', `${count('blocked_net_count')} blocked`],
    ['waiting', `${count('pending_count')} for their turn`],
    ['allowed', `${count('allowed_count')} (${lasting('allow')})`],
    ['infra', Array.isArray(infra) && infra.length > 0 ? infra.join(' ') : 'none'],
  ];
}

const sum = (of: unknown): number =>
  Array.isArray(of) ? of.reduce((all: number, one) => all + (typeof one === 'number' ? one : 0), 0) : 0;

const counterRow = (row: Json): readonly string[] => [
  textAt(row, 'name') ?? '',
  sum(row['packets']).toLocaleString('en'),
  sum(row['bytes']).toLocaleString('en'),
  (numberAt(objectIn(row['total']), 'packets') ?? 0).toLocaleString('en'),
];
