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

/** What an engine refuses before the dispatch sees it. */
export interface Refused {
  readonly status: number;
  /** Canonical address of the connection, or `local`: nothing else of such a request is believed. */
  readonly peer: string;
  /** As received; empty when it could not be read. */
  readonly method: string;
  readonly target: string;
}

/** Told of each. The id it gives goes out as `x-request-id`. Must not throw. */
export type OnRefused = (refused: Refused) => string;

/** Refuses, and has it told to whoever wants to know. */
export type Refuse = (refused: Refused) => HttpReply;

export const refuser =
  (onRefused: OnRefused | undefined): Refuse =>
  (refused) => {
    const reply = refusal(refused.status);
    return onRefused === undefined ? reply : { ...reply, requestId: onRefused(refused) };
  };
