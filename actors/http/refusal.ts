import { STATUS_CODES } from 'node:http';
import { API_HEADERS } from '../../core/api/headers.ts';
import type { HttpReply } from '../../core/api/http.ts';
import { jsonText } from '../../core/api/reply.ts';

/** What is told to a client whose request never reached the API. */
export const refusal = (status: number): HttpReply => ({
  status,
  headers: { ...API_HEADERS, 'content-type': 'application/json; charset=utf-8', connection: 'close' },
  body: jsonText({ error: STATUS_CODES[status] ?? 'Bad Request' }),
});
