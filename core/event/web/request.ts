import type { HttpFields } from '../event.ts';
import type { HttpAction } from './http-actions.ts';

/** What is known of a request while its line is read. */
export type Request = { -readonly [K in keyof HttpFields]: HttpFields[K] };

const METHOD = /^[A-Za-z][A-Za-z0-9_-]{0,31}$/;
const PROTOCOL = ' HTTP/';

/**
 * Takes a request line apart: `GET /path?query HTTP/1.1`. The target is everything between, blanks too, since clients
 * send them.
 * @returns whether it is a request line
 */
export function readRequestLine(text: string, request: Request): boolean {
  const space = text.indexOf(' ');
  if (space <= 0 || !METHOD.test(text.slice(0, space))) return false;
  const protocol = text.lastIndexOf(PROTOCOL);
  const target = protocol > space ? text.slice(space + 1, protocol) : text.slice(space + 1);
  request.method = text.slice(0, space);
  readTarget(target, request);
  return protocol > space || text.length > space + 1;
}

/** `/path?query` */
export function readTarget(target: string, request: Request): void {
  const mark = target.indexOf('?');
  const path = mark < 0 ? target : target.slice(0, mark);
  if (path !== '') request.path = path;
  if (mark >= 0 && mark < target.length - 1) request.query = target.slice(mark + 1);
}

/** Digits and nothing else, or undefined; `-` is no number. */
export function numberOf(text: string): number | undefined {
  if (text.length === 0 || text.length > 15) return undefined;
  let value = 0;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit < 0 || digit > 9) return undefined;
    value = value * 10 + digit;
  }
  return value;
}

export function actionOf(status: number | undefined, hasUser: boolean, isMalformed: boolean): HttpAction {
  if (isMalformed) return 'http_malformed';
  if (status === undefined || status < 100 || status > 599) return 'http_other';
  if (status < 400) return 'http_request';
  if (status >= 500) return 'http_server_error';
  switch (status) {
    case 401:
    case 407:
      return hasUser ? 'http_unauthorized' : 'http_unauthenticated';
    case 403:
      return 'http_forbidden';
    case 404:
    case 410:
      return 'http_not_found';
    default:
      return 'http_client_error';
  }
}
