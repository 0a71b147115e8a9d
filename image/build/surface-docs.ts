/** Build step by hand: rewrites the endpoint tables in `docs/surfaces/`. A test fails while they are stale. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Endpoint } from '../../core/api/endpoint.ts';
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
  const table = ['| method and path | scope | what | refuses with |', '|---|---|---|---|', ...rows];
  return `${page.slice(0, from + BEGIN.length)}\n\n${table.join('\n')}\n\n${page.slice(to)}`;
}

function rowOf({ method, path, scope, summary, errors, transport, audit }: Endpoint<never>): string {
  const statuses = [...new Set(errors.map((code) => HTTP_STATUS[code]))].sort().join(' ');
  const notes = [transport === 'sse' ? 'event stream' : '', audit ? `audit \`${audit.action}\`` : ''].filter(Boolean);
  const what = notes.length > 0 ? `${summary} (${notes.join(', ')})` : summary;
  return `| \`${method} ${path}\` | ${scope} | ${what} | ${statuses} |`;
}

if (import.meta.main) {
  const root = join(import.meta.dirname, '../../..');
  for (const { file, endpoints } of PAGES) {
    const page = join(root, file);
    writeFileSync(page, withTable(readFileSync(page, 'utf8'), endpoints));
  }
}
