import type { Event } from '../../event/event.ts';
import { displayList, displayName } from '../display.ts';
import type { Evidence } from '../sliding/sliding-check.ts';

/** Users, paths, … named in a message. */
const SHOWN = 5;

/** Of a path shown, in characters. */
const PATH_SHOWN = 80;

/** The first few. */
export const shown = (values: ReadonlySet<string>): string => displayList(values, SHOWN);

export const logins = (count: number): string => `${count} failed ${count === 1 ? 'login' : 'logins'}`;

/** ` (users root, admin, …)`, or nothing. */
export const users = ({ values }: Evidence): string =>
  values.size === 0 ? '' : ` (${values.size === 1 ? 'user' : 'users'} ${shown(values)})`;

export const onHost = ({ host }: Event): string => (host === undefined ? '' : ` on ${displayName(host)}`);

export const asUser = ({ user }: Event): string =>
  user === undefined ? 'as an unnamed user' : `as ${displayName(user)}`;

export const byMethod = ({ method }: Event): string => (method === undefined ? '' : ` by ${displayName(method)}`);

/** The path of the request that completed it. */
export const path = ({ http }: Event): string => displayName(http?.path ?? '', PATH_SHOWN);

/** The virtual host, where the log names it. */
export const atSite = ({ http }: Event): string =>
  http?.host === undefined ? '' : ` at ${displayName(http.host, 64)}`;
