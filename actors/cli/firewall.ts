import type { Invocation } from '../../core/cli/argv.ts';
import type { ExitName } from '../../core/cli/exit-codes.ts';
import { showAll } from './control.ts';
import type { CliDeps } from './deps.ts';
import { isTrue, type Json, numberAt, objectIn, objectsIn, textAt } from './json.ts';
import { say, sayFacts, sayTable } from './say.ts';

/** What the firewall does, and what its rules have dropped. */
export function firewall(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const { since = '1h' } = invocation.values;
  const paths = [
    '/firewall/status',
    `/firewall/counters?since=${encodeURIComponent(since)}`,
    '/firewall/lists',
    '/status',
  ];
  const print = async ([status, counters, lists, whole]: readonly unknown[]): Promise<void> => {
    await sayFacts(deps, [...statusRows(objectIn(status)), ...enforcementRows(objectIn(whole)), ...listRows(lists)]);
    const rows = objectsIn(objectIn(counters)['counters']).map(counterRow);
    if (rows.length === 0) return;
    await say(deps, '\n');
    await sayTable(deps, { heads: ['RULE', `PACKETS SINCE ${since}`, 'BYTES', 'PACKETS IN ALL'], rows });
  };
  return showAll(invocation, deps, paths, print, ([firewall, counters, lists, status]) => [
    { firewall, counters, lists, status },
  ]);
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

/** A hair below the whole is not the whole. */
function enforcementRows(whole: Json): readonly (readonly [string, string])[] {
  const enforcement = objectIn(whole['enforcement']);
  const ratio = numberAt(enforcement, 'ratio');
  if (ratio === undefined) return [];
  const percent = ratio < 1 ? Math.min(99.99, Math.floor(ratio * 10_000) / 100) : 100;
  const [held, desired] = [numberAt(enforcement, 'held') ?? 0, numberAt(enforcement, 'desired') ?? 0];
  return [['in the kernel', `${percent} %, ${held.toLocaleString('en')} of ${desired.toLocaleString('en')}`]];
}

const listRows = (answer: unknown): readonly (readonly [string, string])[] =>
  objectsIn(objectIn(answer)['lists']).map((list, i) => {
    const packets = (numberAt(list, 'packets') ?? 0).toLocaleString('en');
    const does = `${textAt(list, 'mode') === 'count' ? 'counts, as ' : ''}${textAt(list, 'kind') ?? ''}`;
    const said = `${textAt(list, 'name') ?? ''}: ${does}, ${(textAt(list, 'state') ?? '').replaceAll('_', ' ')}, ${packets} packets`;
    return [i === 0 ? 'lists' : '', said] as const;
  });

const sum = (of: unknown): number =>
  Array.isArray(of) ? of.reduce((all: number, one) => all + (typeof one === 'number' ? one : 0), 0) : 0;

const counterRow = (row: Json): readonly string[] => [
  textAt(row, 'name') ?? '',
  sum(row['packets']).toLocaleString('en'),
  sum(row['bytes']).toLocaleString('en'),
  (numberAt(objectIn(row['total']), 'packets') ?? 0).toLocaleString('en'),
];
