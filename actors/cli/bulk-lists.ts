import { printable } from '../../core/base/printable.ts';
import type { Invocation } from '../../core/cli/argv.ts';
import type { ExitName } from '../../core/cli/exit-codes.ts';
import { order, show } from './control.ts';
import type { CliDeps } from './deps.ts';
import { isTrue, type Json, numberAt, objectIn, objectsIn, textAt } from './json.ts';
import { complain, say, sayTable } from './say.ts';

/** Bulk block and allow lists: all of them, or one looked at anew or accepted. */
export async function bulkLists(invocation: Invocation, deps: CliDeps): Promise<ExitName> {
  const { ACTION: action, NAME: name } = invocation.arguments;
  if (action === undefined) return showLists(invocation, deps);
  if (action !== 'refresh' && action !== 'accept') {
    await complain(deps, `"${printable(action)}" is nothing to do with a list; there are refresh, accept`);
    return 'usage';
  }
  if (name === undefined) {
    await complain(deps, `${action} needs the NAME of a list`);
    return 'usage';
  }
  return order(invocation, deps, { path: `/firewall/lists/${action}`, body: { name }, done: standOf });
}

const showLists = (invocation: Invocation, deps: CliDeps): Promise<ExitName> =>
  show(invocation, deps, '/firewall/lists', async (body) => {
    const rows = objectsIn(objectIn(body)['lists']).map((row) => [
      textAt(row, 'name') ?? '',
      [textAt(row, 'kind'), textAt(row, 'mode') === 'count' ? '(counts)' : ''].join(' ').trim(),
      stateOf(row),
      counted(row, 'addresses'),
      counted(row, 'networks'),
      (numberAt(row, 'packets') ?? 0).toLocaleString('en'),
      textAt(row, 'fetched_at') ?? '',
      textAt(objectIn(row['held']), 'why') ?? textAt(row, 'last_error') ?? sourceOf(row),
    ]);
    if (rows.length === 0) return say(deps, 'there is no list\n');
    const heads = ['NAME', 'KIND', 'STATE', 'ADDRESSES', 'NETWORKS', 'PACKETS', 'FETCHED', 'SAYS'];
    return sayTable(deps, { heads, rows });
  });

/** What needs somebody is loud. */
const stateOf = (row: Json): string => {
  const state = (textAt(row, 'state') ?? '').replace('_', ' ');
  if (state === 'held') return 'HELD';
  return state === 'current' && !isTrue(row, 'in_kernel') ? 'current, not in the kernel' : state;
};

function sourceOf(row: Json): string {
  const source = textAt(row, 'source') ?? '';
  return textAt(row, 'origin') === 'fleet' ? `of the fleet: ${source}` : source;
}

function counted(row: Json, what: 'addresses' | 'networks'): string {
  const entries = objectIn(row['entries']);
  const sum = ['ipv4', 'ipv6'].reduce((all, family) => all + (numberAt(objectIn(entries[family]), what) ?? 0), 0);
  return sum.toLocaleString('en');
}

function standOf(row: Json): string {
  const held = textAt(objectIn(row['held']), 'why');
  const name = printable(textAt(row, 'name') ?? '');
  const stand = `${name}: ${stateOf(row)}, ${counted(row, 'addresses')} addresses and ${counted(row, 'networks')} networks`;
  return held === undefined ? stand : `${stand}; ${printable(held)}: bartizan lists accept ${name}`;
}
