/** Build step by hand: rewrites the endpoint tables in `docs/surfaces/`. A test fails while they are stale. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Endpoint, Transport } from '../../core/api/endpoint.ts';
import { HTTP_STATUS } from '../../core/api/problem.ts';
import { CSM_ENDPOINTS, OWN_ENDPOINTS } from '../../core/api/tables.ts';

const BEGIN = '<!-- endpoints: generated from the tables -->';
const END = '<!-- end of endpoints -->';

/** Each page and the tables it shows. */
export const PAGES: readonly { readonly file: string; readonly endpoints: readonly Endpoint<never>[] }[] = [
  { file: 'docs/surfaces/csm.md', endpoints: [...CSM_ENDPOINTS, ...OWN_ENDPOINTS] },
];

/** The page with its table made anew; what people wrote around it stays. @throws when the page has no place for it */
export function withTable(page: string, endpoints: readonly Endpoint<never>[]): string {
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) throw new Error(`the page lacks "${BEGIN}" or "${END}"`);
  const rows = [...endpoints].sort((a, b) => (a.path < b.path ? -1 : a.path > b.path ? 1 : 0)).map(rowOf);
  const table = aligned([['method and path', 'scope', 'what', 'refuses with'], ...rows]);
  return `${page.slice(0, from + BEGIN.length)}\n\n${table}\n\n${page.slice(to)}`;
}

type Row = readonly [endpoint: string, scope: string, what: string, refusals: string];

const TRANSPORTS: Readonly<Record<Transport, string>> = {
  json: '',
  sse: 'event stream',
  csv: 'CSV',
  text: 'text',
  file: 'file',
};

function rowOf({ method, path, scope, summary, errors, transport = 'json', upload, audit }: Endpoint<never>): Row {
  const statuses = [...new Set(errors.map((code) => HTTP_STATUS[code]))].sort().join(' ');
  const transports = [TRANSPORTS[transport], upload === undefined ? '' : 'multipart'];
  const notes = [...transports, audit ? `audit \`${audit.action}\`` : ''].filter(Boolean);
  const what = notes.length > 0 ? `${summary} (${notes.join(', ')})` : summary;
  return [`\`${method} ${path}\``, scope, what, statuses];
}

/** The rows as a Markdown table, the first one its head, columns of even width as the formatter wants them. */
function aligned(rows: readonly Row[]): string {
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`);
  const rule = `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`;
  return [lines[0], rule, ...lines.slice(1)].join('\n');
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '../../..');
  for (const { file, endpoints } of PAGES) {
    const page = join(root, file);
    writeFileSync(page, withTable(readFileSync(page, 'utf8'), endpoints));
  }
}
