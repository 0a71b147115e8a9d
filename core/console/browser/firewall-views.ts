import { actButton, at, made } from './page.ts';
import { cell, fill, type Row } from './rows.ts';
import { moment } from './views.ts';
import type { Allowed, BlockRow, ListRow, Lists, NetworkRow, PendingRow, Status } from './wire.ts';
import { maker, percent, severity, stamp, timeLeft } from './words.ts';

/** Rows drawn of one table. */
const MOST_ROWS = 200;

/** Fills a table and says that it is empty, or how much of it is not drawn. */
function table(name: string, rows: readonly Row[], all = rows.length): void {
  fill(at<HTMLTableSectionElement>(name), rows);
  at(`${name}-table`).hidden = rows.length === 0;
  at(`${name}-empty`).hidden = all > 0;
  at(`${name}-more`).textContent = all > rows.length ? `${rows.length} of ${all.toLocaleString('en')} are shown.` : '';
}

export function showState({ mode, mode_reason, components, enforcement, ...status }: Status, allowed: number): void {
  const firewall = components.find(({ name }) => name === 'firewall');
  const state = firewall?.state ?? 'off';
  const word = made('strong', state, state);
  const said = firewall?.message ?? firewall?.detail ?? mode_reason;
  at('state').replaceChildren(word, said === '' ? '' : `: ${said}`);
  const figures: readonly (readonly [label: string, value: string, className: string])[] = [
    ['mode', mode.replace('_', ' '), ''],
    ...(enforcement === undefined
      ? []
      : [
          [
            'of what is desired is in the kernel',
            percent(enforcement.ratio),
            enforcement.ratio < 1 ? 'critical' : 'ok',
          ] as const,
        ]),
    ['addresses blocked', status.blocklist_size.toLocaleString('en'), ''],
    ['waiting for their turn', status.blocks_pending.toLocaleString('en'), status.blocks_pending > 0 ? 'warning' : ''],
    ['always let in', allowed.toLocaleString('en'), ''],
  ];
  at('figures').replaceChildren(
    ...figures.map(([label, value, className]) => made('div', [made('dt', label), made('dd', value, className)])),
  );
  at('footer').textContent =
    `Bartizan ${status.version} · firewall: ${status.engine.firewall} · times in ${Intl.DateTimeFormat().resolvedOptions().timeZone}`;
}

/** Those that hold what is looked for, in any case. */
export function found(blocks: readonly BlockRow[], sought: string): readonly BlockRow[] {
  const word = sought.trim().toLowerCase();
  if (word === '') return blocks;
  return blocks.filter(({ ip, reason, source }) =>
    [ip, reason, maker(source)].some((text) => text.toLowerCase().includes(word)),
  );
}

export function showBlocks(blocks: readonly BlockRow[], sought: string, mayWrite: boolean): void {
  const shown = found(blocks, sought);
  const rows = shown.slice(0, MOST_ROWS).map(({ ip, reason, source, blocked_at, expires_at, expires_in }) => ({
    key: ip,
    cells: [
      cell('Address', ip, 'tight address'),
      cell('Reason', reason, 'text'),
      cell('By', maker(source), 'tight'),
      cell('Since', moment(blocked_at), 'tight'),
      cell('Time left', until(expires_in, expires_at), 'tight'),
      cell('', mayWrite ? actButton('unblock', ip, 'Unblock', `Unblock ${ip}`) : '', 'act'),
    ],
  }));
  table('blocks', rows, blocks.length);
  at('search-row').hidden = blocks.length === 0;
  const isSearch = sought.trim() !== '';
  if (isSearch)
    at('blocks-more').textContent =
      `${shown.length.toLocaleString('en')} of ${blocks.length.toLocaleString('en')} found.`;
  at('unblock-found').hidden = !(mayWrite && isSearch && shown.length > 0);
}

const until = (expiresIn: string, expiresAt: string): string | Node => {
  if (expiresAt === '') return timeLeft(expiresIn);
  const time = made('time', timeLeft(expiresIn));
  time.dateTime = expiresAt;
  time.title = `until ${stamp(expiresAt)}`;
  return time;
};

export function showNetworks(networks: readonly NetworkRow[]): void {
  const rows = networks.slice(0, MOST_ROWS).map(({ cidr, reason, source, blocked_at, expires_in }) => ({
    key: cidr,
    cells: [
      cell('Network', cidr, 'tight address'),
      cell('Reason', reason, 'text'),
      cell('By', maker(source), 'tight'),
      cell('Since', moment(blocked_at), 'tight'),
      cell('Time left', timeLeft(expires_in), 'tight'),
      cell('', actButton('unblock-network', cidr, 'Unblock', `Unblock ${cidr}`), 'act'),
    ],
  }));
  table('networks', rows, networks.length);
}

export function showPending(pending: readonly PendingRow[], mayWrite: boolean): void {
  const rows = pending
    .slice(0, MOST_ROWS)
    .map(({ ip, reason, severity: level, waiting_since, expires_in, expires_at }) => ({
      key: ip,
      cells: [
        cell('Address', ip, 'tight address'),
        cell('Reason', reason, 'text'),
        cell('Severity', severity(level), `tight ${severity(level)}`),
        cell('Waits since', moment(waiting_since), 'tight'),
        cell('Time left', until(expires_in, expires_at), 'tight'),
        cell('', mayWrite ? actButton('unblock', ip, 'Let go', `Let ${ip} go, which waits to be blocked`) : '', 'act'),
      ],
    }));
  table('pending', rows, pending.length);
}

export function showAllows({ allowed, port_allowed }: Allowed): void {
  const all = [
    ...allowed.map((row) => ({ ...row, port: '', isWhole: true })),
    ...port_allowed.map(({ port, proto, ...row }) => ({ ...row, port: `${port}/${proto}`, isWhole: false })),
  ];
  const rows = all.slice(0, MOST_ROWS).map(({ ip, port, reason, source, expires_in, isWhole }) => ({
    key: `${ip} ${port}`,
    cells: [
      cell('Address', ip, 'tight address'),
      cell('Port', isWhole ? 'all' : port, 'tight'),
      cell('Reason', reason, 'text'),
      cell('By', maker(source), 'tight'),
      cell('Time left', timeLeft(expires_in), 'tight'),
      cell('', removal(ip, port), 'act'),
    ],
  }));
  table('allows', rows, all.length);
}

function removal(ip: string, port: string): HTMLButtonElement {
  const button = actButton('disallow', ip, 'Remove', `Let ${ip} in no more than any other`);
  if (port !== '') button.dataset['port'] = port;
  return button;
}

export function showLists({ lists }: Lists, mayWrite: boolean): void {
  const rows = lists.map((list) => {
    const { name, kind, mode, origin, source, state, entries, packets, fetched_at } = list;
    const { last_error = '', held, in_kernel } = list;
    const isOfFleet = origin === 'fleet';
    const why = isOfFleet ? 'the controller decides about it' : (held?.why ?? last_error);
    const title = made('span', name);
    title.title = source;
    const says = [why, ...(in_kernel ? [] : ['not in the kernel'])].filter((text) => text !== '');
    return {
      key: name,
      cells: [
        cell('List', title),
        cell('Does', mode === 'count' ? `counts, as ${kind}` : kind, 'tight'),
        cell('State', state.replaceAll('_', ' '), `tight ${LIST_CLASSES[state] ?? ''}`),
        cell('Entries', entriesIn(entries).toLocaleString('en'), 'tight number'),
        cell('Packets', packets.toLocaleString('en'), 'tight number'),
        cell('Fetched', fetched_at === undefined ? 'never' : moment(fetched_at), 'tight'),
        cell('Says', says.join('; '), 'text'),
        cell('', mayWrite && !isOfFleet ? listButton(name, held !== undefined) : '', 'act'),
      ],
    };
  });
  table('lists', rows);
}

const entriesIn = ({ ipv4, ipv6 }: ListRow['entries']): number =>
  ipv4.addresses + ipv4.networks + ipv6.addresses + ipv6.networks;

const listButton = (name: string, isHeld: boolean): HTMLButtonElement =>
  isHeld
    ? actButton('accept-list', name, 'Accept', `Put the news of ${name} in force`)
    : actButton('refresh-list', name, 'Look now', `Look at the source of ${name} now`);

const LIST_CLASSES: Readonly<Record<string, string>> = {
  current: 'ok',
  stale: 'degraded',
  held: 'warning',
  refused: 'failed',
  never_loaded: 'warning',
};
