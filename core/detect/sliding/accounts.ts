import type { Event } from '../../event/event.ts';
import { detached } from '../trail/texts.ts';

/** Names and paths are told apart by so many of their first UTF-16 units. */
export const LONGEST_TEXT = 256;

export const cut = (text: string): string => (text.length > LONGEST_TEXT ? text.slice(0, LONGEST_TEXT) : text);

/** Accounts that are remembered; names are an attacker's choice, and together they take a megabyte at the most. */
const MOST = 512;

interface Named {
  readonly host: string | undefined;
  readonly account: string;
}

/** Names accounts: the user on the host. An attacked one is named line after line, and its text made and hashed once. Keeps no line alive. */
export class Accounts {
  readonly #named = new Map<string, Named>();

  of({ user, host }: Event): string | undefined {
    if (user === undefined) return undefined;
    const named = this.#named.get(user);
    if (named !== undefined && named.host === host) return named.account;
    const account = host === undefined ? cut(user) : `${cut(user)}@${cut(host)}`;
    if (user.length > LONGEST_TEXT || (host?.length ?? 0) > LONGEST_TEXT) return account;
    if (this.#named.size >= MOST) this.#named.clear();
    const kept = { host: host && detached(host), account: detached(account) };
    this.#named.set(detached(user), kept);
    return kept.account;
  }
}
