import type { Refusal, Reply } from './endpoint.ts';
import { API_HEADERS } from './headers.ts';
import type { HttpReply } from './http.ts';
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
export function valueReply({ value, status = 200, headers }: Reply<unknown>): HttpReply {
  const redirect = status >= 300 && status < 400;
  return {
    status,
    headers: { ...API_HEADERS, ...(redirect ? {} : { 'content-type': JSON_TYPE }), ...headers },
    body: redirect ? '' : jsonText(value),
  };
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
