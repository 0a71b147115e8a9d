import type { Invocation } from '../../core/cli/argv.ts';
import type { ExitName } from '../../core/cli/exit-codes.ts';
import { SEVERITIES } from '../../core/detect/finding.ts';
import { showAll } from './control.ts';
import type { CliDeps } from './deps.ts';
import { isTrue, type Json, numberAt, objectIn, objectsIn, textAt } from './json.ts';
import { say, sayTable } from './say.ts';

/** A list of the API as a table: where its rows are, and what of each is shown. */
interface Listing {
  /** Behind `/api/v1`. */
  readonly path: string;
  /** Where there are more such rows. */
  readonly further?: readonly string[];
  readonly rowsOf: (body: unknown) => readonly Json[];
  readonly columns: readonly (readonly [head: string, cell: (row: Json) => string])[];
  /** Said when there are none. */
  readonly none: string;
}

const text =
  (...keys: readonly string[]) =>
  (row: Json): string =>
    keys.map((key) => textAt(row, key)).find((value) => value !== undefined) ?? '';

/** Of an allow: all of them, or one. */
const portOf = (row: Json): string => {
  const port = numberAt(row, 'port');
  return port === undefined ? 'all' : `${port}/${textAt(row, 'proto') ?? ''}`;
};

const isWaiting = (row: Json): boolean => textAt(row, 'waiting_since') !== undefined;

/** What the kernel does about a block, an address's or a network's. */
const kernelOf = (row: Json): string =>
  isWaiting(row) ? 'its turn to come' : isTrue(row, 'enforced') ? 'drops' : 'NOT YET';
const seenText = (seen: Json): string =>
  [numberAt(seen, 'count')?.toLocaleString('en'), textAt(seen, 'unit')].filter(Boolean).join(' ');

const LISTINGS = {
  blocks: {
    path: '/blocked-ips',
    further: ['/firewall/subnets', '/pending-blocks'],
    rowsOf: objectsIn,
    columns: [
      ['ADDRESS', text('ip', 'cidr')],
      ['EXPIRES IN', text('expires_in')],
      ['KERNEL', kernelOf],
      ['BY', (row) => (isWaiting(row) ? 'auto_response' : text('source')(row))],
      ['REASON', text('reason')],
    ],
    none: 'nothing is blocked',
  },
  allowed: {
    path: '/firewall/allowed',
    rowsOf: (body) => ['allowed', 'port_allowed'].flatMap((key) => objectsIn(objectIn(body)[key])),
    columns: [
      ['ADDRESS', text('ip')],
      ['PORT', portOf],
      ['EXPIRES IN', text('expires_in')],
      ['BY', text('source')],
      ['REASON', text('reason')],
    ],
    none: 'nothing is allowed beyond infra_ips',
  },
  history: {
    path: '/history',
    rowsOf: (body) => objectsIn(objectIn(body)['findings']),
    columns: [
      ['TIME', text('timestamp')],
      ['SEVERITY', (row) => SEVERITIES[numberAt(row, 'severity') ?? -1] ?? ''],
      ['CHECK', text('check')],
      ['MESSAGE', text('message')],
    ],
    none: 'no findings on record',
  },
  audit: {
    path: '/audit',
    rowsOf: objectsIn,
    columns: [
      ['TIME', text('timestamp')],
      ['WHO', (row) => text('actor', 'actor_kind')(row)],
      ['FROM', (row) => textAt(row, 'source_ip') ?? textAt(row, 'broker') ?? 'local'],
      ['ACTION', text('action')],
      ['STATUS', (row) => numberAt(row, 'status')?.toString() ?? ''],
      ['TARGET', (row) => [text('target')(row), text('details')(row)].filter(Boolean).join('  ')],
    ],
    none: 'nobody has changed anything yet',
  },
  components: {
    path: '/components',
    rowsOf: objectsIn,
    columns: [
      ['COMPONENT', text('label', 'name')],
      ['STATE', text('state')],
      ['SINCE', text('changed_ago')],
      ['LAST EVENT', text('last_event_ago')],
      ['SEEN', (row) => seenText(objectIn(row['seen']))],
      ['TRUST', text('provenance')],
      ['SAYS', text('message', 'detail')],
    ],
    none: 'there are no components',
  },
  tokens: {
    path: '/tokens',
    rowsOf: objectsIn,
    columns: [
      ['ID', text('id')],
      ['NAME', text('name')],
      ['SCOPES', (row) => (Array.isArray(row['scopes']) ? row['scopes'].join(' ') : '')],
      ['STATE', text('state')],
      ['FROM', text('source')],
      ['LAST USED', text('last_used')],
      ['EXPIRES', text('expires_at')],
    ],
    none: 'there are no tokens',
  },
} as const satisfies Readonly<Record<string, Listing>>;

export type ListName = keyof typeof LISTINGS;

export const list =
  (name: ListName) =>
  (invocation: Invocation, deps: CliDeps): Promise<ExitName> => {
    const { path, further = [], rowsOf, columns, none }: Listing = LISTINGS[name];
    return showAll(invocation, deps, [`${path}${queryOf(invocation)}`, ...further], (bodies) => {
      const rows = bodies.flatMap(rowsOf).map((row) => columns.map(([, cell]) => cell(row)));
      return rows.length === 0
        ? say(deps, `${none}\n`)
        : sayTable(deps, { heads: columns.map(([head]) => head), rows });
    });
  };

/** Options that the API knows by the same name. */
function queryOf({ values: { search, query, limit } }: Invocation): string {
  const asked = Object.entries({ search, query, limit }).filter(
    (pair): pair is [string, string] => pair[1] !== undefined,
  );
  return asked.length === 0 ? '' : `?${new URLSearchParams(asked).toString()}`;
}
