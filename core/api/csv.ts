/** Characters handed to the transport at a time. */
const PIECE = 16 * 1024;

/**
 * A table as RFC 4180 has it, the columns' names first. Pieces hold whole lines and are made as the client takes them, so
 * one that reads slowly holds the rows up, not memory; rows that fail midway cut the transfer off.
 */
export async function* csvPieces(columns: readonly string[], rows: AsyncIterable<unknown>): AsyncGenerator<string> {
  let piece = csvLine(columns);
  for await (const row of rows) {
    piece += csvLine(columns.map((column) => (row as Readonly<Record<string, unknown>>)[column] ?? ''));
    if (piece.length < PIECE) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}

export const csvLine = (cells: readonly unknown[]): string => `${cells.map(csvCell).join(',')}\r\n`;

/**
 * One cell. Text that a spreadsheet would take for a formula (`=`, `+`, `-`, `@`, their full-width forms, a tab or line
 * break in front) gets an apostrophe before it, since findings quote what attackers write; numbers stay numbers.
 */
function csvCell(value: unknown): string {
  const plain = String(value);
  const text = typeof value === 'string' && /^[=+\-@\t\r\n＝＋－＠]/u.test(plain) ? `'${plain}` : plain;
  return /[",\r\n]|^\s|\s$/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
