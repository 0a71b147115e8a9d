import { printable, shortened } from '../base/printable.ts';

/** Columns of text under their heads, two blanks apart. */
export interface Table {
  readonly heads: readonly string[];
  readonly rows: readonly (readonly string[])[];
}

/**
 * A table as lines. Cells are made printable; the last column is cut so that no line is wider than `width`. What is wide
 * for other reasons stays: a cut address would be a wrong one.
 */
export function tableLines({ heads, rows }: Table, width: number): readonly string[] {
  const cells = [heads, ...rows.map((row) => row.map(printable))];
  const widths = heads.map((_, i) => Math.max(...cells.map((row) => columnsOf(row[i] ?? ''))));
  return cells.map((row) => rowLine(row, widths, width));
}

/** One row under given column widths, for tables that are printed as they come. Cells must be printable. */
export function rowLine(cells: readonly string[], widths: readonly number[], width: number): string {
  const last = cells.length - 1;
  const lead = cells
    .slice(0, last)
    .map((cell, i) => cell + ' '.repeat(Math.max(0, (widths[i] ?? 0) - columnsOf(cell)) + 2));
  const before = lead.join('');
  return `${before}${shortened(cells[last] ?? '', Math.max(MIN_LAST, width - columnsOf(before)))}`.trimEnd();
}

/** The last column is never cut below this, however narrow the terminal. */
const MIN_LAST = 12;

/** Terminal columns of printable text: wide characters of East Asian scripts and emoji take two, combining marks none. */
function columnsOf(text: string): number {
  let columns = 0;
  for (const char of text) columns += /\p{M}/u.test(char) ? 0 : WIDE.test(char) ? 2 : 1;
  return columns;
}

const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff01-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u;
