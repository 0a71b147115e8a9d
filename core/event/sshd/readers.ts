import { type Fields, setPeer } from '../fields.ts';
import type { SshAction } from './actions.ts';
import { addressAtEnd, peerAtEnd, peerAtStart } from './peer.ts';

/**
 * Reads what stands behind a message's opening words, ` [preauth]` taken off.
 * @returns the action, or undefined when the message is another one that opens alike
 */
export type Reader = (rest: string, fields: Fields) => SshAction | undefined;

/** The opening says it all. */
export const says =
  (action: SshAction): Reader =>
  () =>
    action;

/** An address follows at once; behind it anything may stand, the client's own words too. */
export const peerThen =
  (action: SshAction): Reader =>
  (rest, fields) =>
    peerAtStart(rest, fields) < 0 ? undefined : action;

/** `USER from ADDRESS port N`, then exactly `tail`. The user name may itself read `x from 192.0.2.1 port 22`. */
export const userFromPeer =
  (action: SshAction, tail = ''): Reader =>
  (rest, fields) => {
    if (!rest.endsWith(tail)) return undefined;
    const body = tail === '' ? rest : rest.slice(0, -tail.length);
    const end = peerAtEnd(body, ' from ', fields);
    const from = end < 0 ? addressAtEnd(body, ' from ', fields) : end;
    if (from < 0) return fields.isCut ? action : undefined;
    setUser(body.slice(0, from), fields);
    return action;
  };

/** Text of the client's, then `lead`, the address and perhaps a port at the very end. */
export const textThenPeer =
  (action: SshAction, lead: string): Reader =>
  (rest, fields) => {
    const isRead = peerAtEnd(rest, lead, fields) >= 0 || addressAtEnd(rest, lead, fields) >= 0;
    return isRead || fields.isCut ? action : undefined;
  };

/** Sets the user name, `invalid user ` and (older) `illegal user ` in front of it taken off. */
export function setUser(written: string, fields: Fields): void {
  const isUnknown = written.startsWith('invalid user ') || written.startsWith('illegal user ');
  const user = isUnknown ? written.slice('invalid user '.length) : written;
  if (isUnknown) fields.userUnknown = true;
  if (user !== '') fields.user = user;
}

/**
 * sshd's connection id, all of `text`: `ADDRESS port N`, before it once a user name was given `authenticating user NAME`
 * or `invalid user NAME`, after login `user NAME`. The name is the client's, so with a name the address is read from the
 * right end; without one nothing of the client's stands before it.
 * @returns whose connection it is, or undefined when the text is no connection id
 */
export function connectionId(text: string, fields: Fields): 'unnamed' | 'authenticating' | 'user' | undefined {
  const start = nameStart(text);
  if (start === 0) return peerAtStart(text, fields) < 0 ? undefined : 'unnamed';
  const end = peerAtEnd(text, ' ', fields);
  if (end < 0 && !fields.isCut) return undefined;
  if (text.startsWith('invalid user ')) fields.userUnknown = true;
  if (end > start) fields.user = text.slice(start, end);
  return text.startsWith('user ') ? 'user' : 'authenticating';
}

/** Where the user name begins in a connection id; 0 when there is none. */
export function nameStart(text: string): number {
  if (text.startsWith('authenticating user ')) return 'authenticating user '.length;
  if (text.startsWith('invalid user ')) return 'invalid user '.length;
  return text.startsWith('user ') ? 'user '.length : 0;
}

/** `Connection closed by ID` and its like: abandoned when a user name was given and nobody was logged in. */
export const connectionEnded =
  (otherwise: SshAction): Reader =>
  (rest, fields) => {
    const whose = connectionId(rest, fields);
    if (whose === undefined) return undefined;
    return whose === 'authenticating' ? 'ssh_auth_abandoned' : otherwise;
  };

/** `Connection from ID…`: accepted, timed out, or failed with sshd's own words on why. */
export const connectionFrom: Reader = (rest, fields) => {
  const timedOut = ' timed out';
  if (rest.endsWith(timedOut) && connectionId(rest.slice(0, -timedOut.length), fields) !== undefined) {
    return 'ssh_connection_timeout';
  }
  if (nameStart(rest) === 0) {
    const end = peerAtStart(rest, fields);
    if (end < 0) return undefined;
    return rest.startsWith(': ', end) ? 'ssh_protocol_error' : 'ssh_connection';
  }
  const reason = rest.indexOf(': ', rest.lastIndexOf(' port '));
  return connectionId(reason < 0 ? rest : rest.slice(0, reason), fields) && 'ssh_protocol_error';
};

/** `banner exchange: Connection from ADDRESS port N: reason` */
export const bannerExchange: Reader = (rest, fields) => (peerAtStart(rest, fields) < 0 ? undefined : 'ssh_bad_banner');

/** Reasons that quote the client. A message with a name before and such a reason behind has no end to be trusted. */
const QUOTING_REASONS = ['Change of username or service not allowed', 'bad service request'];
const TOO_MANY = ': Too many authentication failures';

/** `Disconnecting ID: reason`; up to OpenSSH 7 `Disconnecting: reason`. */
export const disconnecting: Reader = (rest, fields) => {
  if (rest.startsWith(TOO_MANY)) {
    const forUser = `${TOO_MANY} for `;
    if (rest.startsWith(forUser)) setUser(rest.slice(forUser.length), fields);
    return 'ssh_max_attempts';
  }
  if (rest.startsWith(': ')) return 'ssh_disconnecting';
  if (!rest.startsWith(' ')) return undefined;
  const id = rest.slice(1);
  if (nameStart(id) === 0) return peerAtStart(id, fields) < 0 ? undefined : 'ssh_disconnecting';
  if (!id.endsWith(TOO_MANY) || QUOTING_REASONS.some((reason) => id.includes(reason))) return 'ssh_disconnecting';
  return connectionId(id.slice(0, -TOO_MANY.length), fields) === 'authenticating'
    ? 'ssh_auth_abandoned'
    : 'ssh_disconnecting';
};

/** Since OpenSSH 9.8 `connection from ADDRESS to ADDRESS, pid = N`, before `ADDRESS port N`. */
export const graceTimeout: Reader = (rest, fields) => {
  const opening = 'connection from ';
  const peer = rest.startsWith(opening) ? rest.slice(opening.length) : rest;
  return peerAtStart(peer, fields) < 0 ? undefined : 'ssh_auth_timeout';
};

/** `#5 from [ADDRESS]:N on [ADDRESS]:N past MaxStartups` */
export const droppedConnection: Reader = (rest, fields) => {
  const match = /^#\d+ from \[([^\]]*)\]:(\d+) /.exec(rest);
  if (match === null) return undefined;
  setPeer(match[1] ?? '', Number(match[2]), fields);
  return 'ssh_connection_dropped';
};

/** `ipv4: new NET deferred penalty of …`, `NET: activating ipv4 penalty of …`; the net names a source when it is one. */
export const penalty: Reader = (rest, fields) => {
  const match = /^(?:ipv[46]: new )?([0-9a-f.:]+)\/(\d+):? /.exec(rest);
  const [, address = '', prefix] = match ?? [];
  if (prefix === (address.includes(':') ? '128' : '32')) setPeer(address, undefined, fields);
  return 'ssh_penalty';
};

/** `getaddrinfo for NAME [ADDRESS] failed…`; the name is whatever the client's DNS says. */
export const reverseMapping: Reader = (rest, fields) => {
  const body = rest.replace(/(?:\.| - POSSIBLE BREAK-IN ATTEMPT!)$/, '');
  const open = body.lastIndexOf(' [');
  if (open < 0 || !body.endsWith('] failed')) return undefined;
  if (!fields.isCut) setPeer(body.slice(open + 2, -'] failed'.length), undefined, fields);
  return 'ssh_reverse_mapping';
};

/** `NAME from HOST not allowed because …`, `NAME not allowed because …`; the name is one of the host's own users. */
export const notAllowed: Reader = (rest, fields) => {
  const end = rest.lastIndexOf(' not allowed because ');
  if (end < 0) return undefined;
  const body = rest.slice(0, end);
  const from = addressAtEnd(body, ' from ', fields);
  setUser(from < 0 ? body : body.slice(0, from), fields);
  return 'ssh_user_not_allowed';
};

/** `KEY signature for USER from ADDRESS port N rejected: …`: a hardware key without touch or verification. */
export const rejectedSignature: Reader = (rest, fields) => {
  const end = rest.lastIndexOf(' rejected: ');
  const start = rest.indexOf(' signature for ');
  if (start < 0 || end < start) return undefined;
  return userFromPeer('ssh_auth_refused')(rest.slice(start + ' signature for '.length, end), fields);
};

/** `shell for USER from ADDRESS port N id 0`, `user USER from ADDRESS port N id 0` */
export const sessionOf =
  (lead: string): Reader =>
  (rest, fields) => {
    const id = rest.lastIndexOf(' id ');
    const from = id < 0 ? -1 : peerAtEnd(rest.slice(0, id), ' from ', fields);
    const start = rest.lastIndexOf(lead, from) + lead.length;
    if (from > start && start >= lead.length) fields.user = rest.slice(start, from);
    return 'ssh_session';
  };
