import type { Session } from './identity.ts';
import { SESSION_COOKIE } from './surface.ts';

const ATTRIBUTES = 'Path=/; HttpOnly; Secure; SameSite=Strict';

/** Value of the first cookie of this name. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  for (const pair of header?.split(';') ?? []) {
    const equals = pair.indexOf('=');
    if (equals >= 0 && pair.slice(0, equals).trim() === name) return pair.slice(equals + 1).trim();
  }
  return undefined;
}

/** `Set-Cookie` that starts a session in the browser. */
export const sessionCookie = ({ cookie, maxAge }: Session): string =>
  `${SESSION_COOKIE}=${cookie}; ${ATTRIBUTES}; Max-Age=${Math.floor(maxAge / 1000)}`;

/** `Set-Cookie` that ends it. */
export const CLEARED_COOKIE = `${SESSION_COOKIE}=; ${ATTRIBUTES}; Max-Age=0`;
