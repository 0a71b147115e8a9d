import { csvPieces } from './csv.ts';
import type { Endpoint, Refusal, Reply, RowsReply } from './endpoint.ts';
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

/** JSON as CSM writes it: two-space indent, what HTML could read escaped, a line feed at the end. */
export const jsonText = (value: unknown): string =>
  `${JSON.stringify(value, null, 2).replace(/[<>&\u2028\u2029]/g, (c) => ESCAPES[c] ?? c)}\n`;

/** A redirect carries no body. */
export function valueReply(
  { transport, contentType = 'text/plain; charset=utf-8' }: Pick<Endpoint<unknown>, 'transport' | 'contentType'>,
  { value, status = 200, headers }: Reply<unknown>,
): HttpReply {
  if (status >= 300 && status < 400) return { status, headers: { ...API_HEADERS, ...headers }, body: '' };
  const isText = transport === 'text';
  return {
    status,
    headers: { ...API_HEADERS, 'content-type': isText ? contentType : JSON_TYPE, ...headers },
    body: isText ? String(value) : jsonText(value),
  };
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
