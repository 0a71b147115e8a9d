import type { IClientOptions } from 'mqtt';
import { messageOf } from '../../core/base/result.ts';

/** Where a broker is, as options of the client: given a text it would read it by what Node warns of. @param url as `readSettings` judged it */
export function brokerPlace(url: string): IClientOptions {
  const { protocol, hostname, port, pathname, search, username, password } = new URL(url);
  const scheme = protocol.slice(0, -1) as NonNullable<IClientOptions['protocol']>;
  const isWebSocket = scheme.startsWith('ws');
  return {
    protocol: scheme,
    // In a URL, which is what becomes of it over WebSocket, an IPv6 address keeps its brackets.
    hostname: isWebSocket ? hostname : hostname.replace(/^\[|\]$/g, ''),
    ...(port === '' ? {} : { port: Number(port) }),
    ...(isWebSocket ? { path: `${pathname}${search}` } : {}),
    ...(username === '' ? {} : { username: decodeURIComponent(username) }),
    ...(password === '' ? {} : { password: decodeURIComponent(password) }),
  };
}

/** Several addresses of one name make an error of errors, which says nothing itself. */
export const connectTrouble = (cause: Error): string =>
  cause instanceof AggregateError ? [...new Set(cause.errors.map(messageOf))].join('; ') : messageOf(cause);
