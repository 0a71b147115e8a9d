import { type Awaitable, whenThere } from '../base/awaitable.ts';
import { csvPieces } from './csv.ts';
import type { Breathe, Endpoint, Refusal, Reply, RowsReply } from './endpoint.ts';
import { API_HEADERS } from './headers.ts';
import type { HttpReply } from './http.ts';
import { propertyNames } from './schema.ts';
import type { Surface } from './surface.ts';

const JSON_TYPE = 'application/json; charset=utf-8';

const ESCAPES: Readonly<Record<string, string>> = {
  '<': '\\u003c',
  '>': '\\u003e',
  '&': '\\u0026',
  '\u2028': '\\u2028',
  '\u2029': '\\u2029',
};

const ESCAPED = /[<>&\u2028\u2029]/g;

/** JSON as CSM writes it: two-space indent, what HTML could read escaped, a line feed at the end. */
export const jsonText = (value: unknown): string =>
  `${JSON.stringify(value, null, 2).replace(ESCAPED, (c) => ESCAPES[c] ?? c)}\n`;

/** Entries of a list that are turned into text in one go: some 100 kB, a millisecond or two. */
const BITE = 200;

/** As `jsonText`, made so that a value with a long list (itself, or one of its fields) holds nobody up. */
export function replyText(value: unknown, breathe: Breathe): Awaitable<string> {
  if (isLong(value)) return listText(value, '', breathe).then((text) => `${text}\n`);
  const isObject = typeof value === 'object' && value !== null;
  return isObject && Object.values(value).some(isLong) ? objectText(value, breathe) : jsonText(value);
}

const isLong = (value: unknown): value is readonly unknown[] => Array.isArray(value) && value.length > BITE;

async function objectText(value: object, breathe: Breathe): Promise<string> {
  const fields: string[] = [];
  for (const [name, one] of Object.entries(value)) {
    const text = isLong(one) ? await listText(one, '  ', breathe) : indented(one, '  ');
    if (text !== undefined) fields.push(`  ${indented(name, '')}: ${text}`);
  }
  return `{\n${fields.join(',\n')}\n}\n`;
}

async function listText(list: readonly unknown[], margin: string, breathe: Breathe): Promise<string> {
  let text = '[';
  for (let i = 0; i < list.length; i += BITE) {
    if (i > 0) await breathe();
    const inside = indented(list.slice(i, i + BITE), margin) ?? '';
    text += `${i > 0 ? ',' : ''}${inside.slice(1, inside.lastIndexOf('\n'))}`;
  }
  return `${text}\n${margin}]`;
}

/** A value as it stands `margin` deep in a text; `undefined` for what JSON leaves out. */
const indented = (value: unknown, margin: string): string | undefined =>
  (JSON.stringify(value, null, 2) as string | undefined)
    ?.replace(ESCAPED, (c) => ESCAPES[c] ?? c)
    .replaceAll('\n', `\n${margin}`);

/** A redirect carries no body. */
export function valueReply(
  endpoint: Pick<Endpoint<unknown>, 'transport' | 'contentType' | 'status'>,
  { value, status = endpoint.status ?? 200, headers }: Reply<unknown>,
  breathe: Breathe,
): Awaitable<HttpReply> {
  const { transport, contentType = 'text/plain; charset=utf-8' } = endpoint;
  if (status >= 300 && status < 400) return { status, headers: { ...API_HEADERS, ...headers }, body: '' };
  const isText = transport === 'text';
  const head = { ...API_HEADERS, 'content-type': isText ? contentType : JSON_TYPE, ...headers };
  return whenThere(isText ? String(value) : replyText(value, breathe), (body) => ({ status, headers: head, body }));
}

/** A table as a file to keep. */
export function rowsReply(
  { response }: Pick<Endpoint<unknown>, 'response'>,
  { rows, fileName }: RowsReply<unknown>,
): HttpReply {
  const headers = {
    ...API_HEADERS,
    'content-type': 'text/csv; charset=utf-8; header=present',
    'content-disposition': `attachment; filename="${fileName}"`,
  };
  return { status: 200, headers, body: '', pieces: csvPieces(propertyNames(response), rows) };
}

export function refusalReply(surface: Surface, refusal: Refusal, requestId: string): HttpReply {
  const { code, message, fields = [] } = refusal;
  return {
    status: surface.status[code],
    headers: { ...API_HEADERS, 'content-type': JSON_TYPE, ...refusal.headers },
    body: jsonText(surface.errorBody({ code, message, fields, requestId })),
  };
}

/** The head of server-sent events, not buffered by a proxy on the way. */
export const STREAM_HEAD: HttpReply = {
  status: 200,
  headers: { ...API_HEADERS, 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' },
  body: '',
};

export const optionsReply = (allow: string): HttpReply => ({
  status: 204,
  headers: { ...API_HEADERS, allow },
  body: '',
});
