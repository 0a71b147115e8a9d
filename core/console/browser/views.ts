import { actButton, at, made } from './page.ts';
import { cell, fill, type Row } from './rows.ts';
import type { BlockRow, ChangeRow, ComponentRow, FindingRow, NetworkRow, Pending, PendingRow, Status } from './wire.ts';
import { counts, maker, severity, stamp, timeLeft } from './words.ts';

/** Rows drawn of one table; the newest come first. */
const MOST_ROWS = 200;

/** The appliance as it was last heard of. */
export interface House {
  readonly status: Status;
  readonly findings: readonly FindingRow[];
  readonly blocks: readonly BlockRow[];
  readonly networks: readonly NetworkRow[];
  readonly pending: readonly PendingRow[];
  /** What is on trial. */
  readonly trial: Pending;
  readonly changes: readonly ChangeRow[];
}

/** How a view is drawn, besides what it shows. */
export interface Manner {
  /** Whether the reader may act: nobody sees a button that would be refused. */
  readonly mayWrite: boolean;
  /** Findings shown before, by id; undefined when this is the first time, in which nothing is new. */
  readonly known: ReadonlySet<string> | undefined;
}

export function show(house: House, { mayWrite, known }: Manner): void {
  const { status, findings, blocks } = house;
  const mayBlock = mayWrite && status.mode !== 'observe';
  showMode(status, mayWrite);
  showFigures(status);
  showFindings(findings, mayBlock ? new Set(blocks.map(({ ip }) => ip)) : undefined, known);
  showBlocks(house, mayWrite);
  const isObserving = status.mode === 'observe';
  at('observing').hidden = !isObserving;
  at('blocks-empty').hidden ||= isObserving;
  at('block-form').hidden = !mayBlock;
  showComponents(status.components);
  document.title = `${status.hostname} – Bartizan`;
  at('hostname').textContent = status.hostname;
  at('footer').textContent = [
    `Bartizan ${status.version}, up ${status.uptime}`,
    `HTTP: ${status.engine.http}`,
    `firewall: ${status.engine.firewall}`,
    `times in ${Intl.DateTimeFormat().resolvedOptions().timeZone}`,
  ].join(' · ');
}

function showMode({ mode, mode_reason, status_reason }: Status, mayWrite: boolean): void {
  for (const card of document.querySelectorAll<HTMLElement>('.mode')) {
    const isCurrent = card.dataset['mode'] === mode;
    card.ariaCurrent = isCurrent ? 'true' : null;
    for (const button of card.querySelectorAll('button')) {
      // Where the kernel does not do what the mode says, the mode can be applied again.
      button.hidden = !mayWrite || (isCurrent && mode_reason === '');
      button.textContent = isCurrent ? 'Apply again' : 'Switch';
    }
  }
  at('mode-reason').textContent = [mode_reason, status_reason].filter((reason) => reason !== '').join('; ');
}

function showFigures({ severities, blocklist_size, blocks_pending, dry_run_blocks, history_count }: Status): void {
  const figures: readonly (readonly [label: string, value: number, className: string])[] = [
    ['critical', severities.critical, 'critical'],
    ['high', severities.high, 'high'],
    ['warning', severities.warning, 'warning'],
    ['addresses blocked', blocklist_size, ''],
    ...(blocks_pending > 0 ? [['waiting for their turn', blocks_pending, 'warning'] as const] : []),
    ['would have been blocked', dry_run_blocks, ''],
    ['findings in all', history_count, ''],
  ];
  at('figures').replaceChildren(
    ...figures.map(([label, value, className]) =>
      made('div', [made('dt', label), made('dd', value.toLocaleString('en'), value > 0 ? className : '')]),
    ),
  );
}

/** @param blocked the addresses that are blocked; undefined for who cannot block */
function showFindings(
  findings: readonly FindingRow[],
  blocked: ReadonlySet<string> | undefined,
  known: ReadonlySet<string> | undefined,
): void {
  fill(
    at<HTMLTableSectionElement>('findings'),
    findings.slice(0, MOST_ROWS).map((finding) => {
      const level = severity(finding.severity);
      return {
        key: `${finding.check} ${finding.source_ip ?? finding.id}`,
        isNew: known !== undefined && !known.has(finding.id),
        cells: [
          cell('Severity', level, `tight ${level}`),
          cell('Check', finding.check, 'tight'),
          cell('What', whatOf(finding), 'text'),
          cell('Times', finding.count.toLocaleString('en'), 'tight number'),
          cell('Last seen', moment(finding.last_seen, `first seen ${stamp(finding.first_seen)}`), 'tight'),
          cell('', blocked === undefined ? '' : blockCell(finding, blocked), 'act'),
        ],
      };
    }),
  );
  showLength('findings', findings.length);
}

const whatOf = ({ message, details }: FindingRow): string | Node =>
  details === undefined ? message : made('div', [made('div', message), made('div', details, 'note')]);

function blockCell({ source_ip: ip, message }: FindingRow, blocked: ReadonlySet<string>): string | Node {
  if (ip === undefined) return '';
  if (blocked.has(ip)) return made('span', 'blocked', 'note');
  const button = actButton('block', ip, 'Block 24 h', `Block ${ip} for 24 hours`);
  button.dataset['reason'] = message;
  return button;
}

/** What waits for its turn and the networks, of which there are few, then the addresses. */
function showBlocks({ blocks, networks, pending }: House, mayUnblock: boolean): void {
  const rows: readonly BlockView[] = [
    ...pending.map(({ ip, reason, waiting_since }) => {
      return {
        subject: ip,
        reason,
        by: 'auto_response',
        since: waiting_since,
        left: made('span', 'waits for its turn', 'note'),
      };
    }),
    ...networks.map(({ cidr, reason, source, blocked_at, expires_in }) => {
      return { subject: cidr, reason, by: source, since: blocked_at, left: timeLeft(expires_in) };
    }),
    ...blocks.map(({ ip, reason, source, blocked_at, expires_at, expires_in }) => {
      const left = expires_at === '' ? timeLeft(expires_in) : untilCell(expires_in, expires_at);
      return { subject: ip, reason, by: source, since: blocked_at, left };
    }),
  ];
  fill(
    at<HTMLTableSectionElement>('blocks'),
    rows.slice(0, MOST_ROWS).map((row) => blockRow(row, mayUnblock)),
  );
  showLength('blocks', rows.length);
}

interface BlockView {
  /** Address, or network. */
  readonly subject: string;
  readonly reason: string;
  readonly by: string;
  readonly since: string;
  readonly left: string | Node;
}

function blockRow({ subject, reason, by, since, left }: BlockView, mayUnblock: boolean): Row {
  const act = subject.includes('/') ? 'unblock-network' : 'unblock';
  return {
    key: subject,
    cells: [
      cell('Address', subject, 'tight address'),
      cell('Reason', reason, 'text'),
      cell('By', maker(by), 'tight'),
      cell('Since', moment(since), 'tight'),
      cell('Time left', left, 'tight'),
      cell('', mayUnblock ? actButton(act, subject, 'Unblock', `Unblock ${subject}`) : '', 'act'),
    ],
  };
}

function untilCell(expiresIn: string, expiresAt: string): Node {
  const time = made('time', timeLeft(expiresIn));
  time.dateTime = expiresAt;
  time.title = `until ${stamp(expiresAt)}`;
  return time;
}

function showComponents(components: readonly ComponentRow[]): void {
  fill(
    at<HTMLTableSectionElement>('components'),
    components.map(({ name, state, message, detail = '', since, counters }) => {
      const says = made('span', state);
      says.title = `since ${stamp(since)}`;
      return {
        key: name,
        cells: [
          cell('Component', name),
          cell('State', says, `tight ${state}`),
          cell('Says', message ?? detail, 'text'),
          cell('Counted', counts(counters), 'note'),
        ],
      };
    }),
  );
}

/** Says that a list is empty, or how much of it is not drawn. */
function showLength(table: string, length: number): void {
  at(`${table}-table`).hidden = length === 0;
  at(`${table}-empty`).hidden = length > 0;
  at(`${table}-more`).textContent =
    length > MOST_ROWS ? `The newest ${MOST_ROWS} of ${length.toLocaleString('en')} are shown.` : '';
}

export function moment(iso: string, title = iso): HTMLTimeElement {
  const time = made('time', stamp(iso));
  time.dateTime = iso;
  time.title = title;
  return time;
}
