import { made } from './page.ts';

export interface Row {
  /** Unique in its table; the row with this key stays the same element. */
  readonly key: string;
  readonly cells: readonly HTMLTableCellElement[];
  /** Draws the eye once. */
  readonly isNew?: boolean;
}

/** A cell; `label` is its column's name, shown beside it where the window is too narrow for columns. */
export function cell(label: string, content: string | Node, className = ''): HTMLTableCellElement {
  const td = made('td', typeof content === 'string' ? content : [content], className);
  td.dataset['label'] = label;
  return td;
}

/**
 * Brings the body of a table in line with `rows`, touching only what differs: the page is brought up to date every few
 * seconds, and what somebody has focused, selected or pressed has to outlive that.
 */
export function fill(body: HTMLTableSectionElement, rows: readonly Row[]): void {
  const focused = body.contains(document.activeElement) ? document.activeElement : null;
  const index = focused?.closest('tr')?.sectionRowIndex ?? 0;
  const keys = new Set(rows.map(({ key }) => key));
  const kept = new Map<string, HTMLTableRowElement>();
  for (const tr of [...body.rows]) {
    const key = tr.dataset['key'] ?? '';
    if (keys.has(key)) kept.set(key, tr);
    else tr.remove();
  }
  let next = body.firstElementChild;
  for (const row of rows) {
    const tr = kept.get(row.key) ?? newRow(row.key);
    update(tr, row);
    if (tr === next) next = tr.nextElementSibling;
    else body.insertBefore(tr, next);
  }
  if (focused !== null && document.activeElement !== focused) focusAgain(body, focused, index);
}

function newRow(key: string): HTMLTableRowElement {
  const tr = document.createElement('tr');
  tr.dataset['key'] = key;
  tr.addEventListener('animationend', () => tr.classList.remove('new'));
  return tr;
}

function update(tr: HTMLTableRowElement, { cells, isNew }: Row): void {
  for (const [i, td] of cells.entries()) {
    const before = tr.cells[i];
    if (before === undefined) tr.append(td);
    else if (!before.isEqualNode(td)) before.replaceWith(td);
  }
  if (isNew) tr.classList.add('new');
}

/** The same element where it only moved, else the button that came to stand in its place, else the heading. */
function focusAgain(body: HTMLTableSectionElement, focused: Element, index: number): void {
  const row = body.rows[Math.min(index, body.rows.length - 1)];
  const target = focused.isConnected
    ? focused
    : (row?.querySelector('button') ?? body.closest('section')?.querySelector('h2'));
  if (target instanceof HTMLElement) target.focus({ preventScroll: true });
}
