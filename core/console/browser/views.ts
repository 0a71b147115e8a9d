import type { BlockRow, FindingRow, Status } from './api.ts';
import { at, button, cell, moment } from './page.ts';

const SEVERITIES = ['warning', 'high', 'critical'];

/** What a person may do from a row; absent for a principal who may only read. */
export interface Acts {
  readonly block: (ip: string, reason: string) => Promise<void>;
  readonly unblock: (ip: string) => Promise<void>;
}

export function showStatus(status: Status): void {
  at('hostname').textContent = status.hostname;
  document.title = `${status.hostname} – Bartizan`;
  const chosen = document.querySelector<HTMLInputElement>(`input[name="mode"][value="${CSS.escape(status.mode)}"]`);
  if (chosen !== null) chosen.checked = true;
  at('mode-reason').textContent = status.mode_reason ?? '';
  const { critical, high, warning } = status.severities;
  showFigures([
    ['Critical', critical],
    ['High', high],
    ['Warning', warning],
    ['Blocked', status.blocklist_size],
    ['Would have blocked', status.dry_run_blocks],
    ['Findings in all', status.history_count],
  ]);
  at('components').replaceChildren(
    ...status.components.map(({ name, state, message }) =>
      row(cell(name), cell(state, `tight ${state}`), cell(message ?? '')),
    ),
  );
  at('footer').textContent =
    `Version ${status.version}, up ${status.uptime}. HTTP ${status.engine.http}, firewall ${status.engine.firewall}.`;
}

export function showFindings(
  findings: readonly FindingRow[],
  fresh: ReadonlySet<string>,
  acts: Acts | undefined,
): void {
  at('findings').replaceChildren(
    ...findings.map((finding) => {
      const severity = SEVERITIES[finding.severity] ?? 'unknown';
      const ip = finding.source_ip;
      const act = acts === undefined || ip === undefined ? '' : button('Block', () => acts.block(ip, finding.message));
      const made = row(
        cell(severity, `tight ${severity}`),
        cell(finding.check, 'tight'),
        cell(finding.message),
        cell(moment(finding.last_seen), 'tight'),
        cell(act),
      );
      if (fresh.has(finding.message)) made.className = 'new';
      return made;
    }),
  );
  at('findings-empty').hidden = findings.length > 0;
}

export function showBlocks(blocks: readonly BlockRow[], acts: Acts | undefined): void {
  at('blocks').replaceChildren(
    ...blocks.map((block) =>
      row(
        cell(block.ip, 'tight'),
        cell(block.reason),
        cell(block.source.replaceAll('_', ' '), 'tight'),
        cell(moment(block.blocked_at), 'tight'),
        cell(block.expires_in, 'tight'),
        cell(acts === undefined ? '' : button('Unblock', () => acts.unblock(block.ip))),
      ),
    ),
  );
  at('blocks-empty').hidden = blocks.length > 0;
}

function showFigures(figures: readonly (readonly [label: string, value: number])[]): void {
  at('figures').replaceChildren(
    ...figures.map(([label, value]) => {
      const pair = document.createElement('div');
      const [term, text] = [document.createElement('dt'), document.createElement('dd')];
      term.textContent = label;
      text.textContent = value.toLocaleString();
      pair.append(term, text);
      return pair;
    }),
  );
}

function row(...cells: readonly HTMLTableCellElement[]): HTMLTableRowElement {
  const tr = document.createElement('tr');
  tr.append(...cells);
  return tr;
}
