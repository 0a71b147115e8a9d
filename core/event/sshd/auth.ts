import type { Fields } from '../fields.ts';
import type { SshAction } from './actions.ts';
import { peerAtEnd } from './peer.ts';
import { type Reader, setUser } from './readers.ts';

const FAILED: Readonly<Record<string, SshAction>> = {
  password: 'ssh_failed_password',
  publickey: 'ssh_failed_publickey',
  'keyboard-interactive': 'ssh_failed_keyboard_interactive',
  none: 'ssh_failed_none',
};

const ACCEPTED: Readonly<Record<string, SshAction>> = {
  password: 'ssh_accepted_password',
  publickey: 'ssh_accepted_publickey',
  'keyboard-interactive': 'ssh_accepted_keyboard_interactive',
};

export const failed: Reader = (rest, fields) => authOutcome(rest, fields, FAILED, 'ssh_failed_other');
export const partial: Reader = (rest, fields) => authOutcome(rest, fields, {}, 'ssh_partial');
export const postponed: Reader = (rest, fields) => authOutcome(rest, fields, {}, 'ssh_postponed');

export const accepted: Reader = (rest, fields) => {
  if (/^(?:key|certificate) |^\S+ public key /.test(rest)) return 'ssh_key_matched';
  return authOutcome(rest, fields, ACCEPTED, 'ssh_accepted_other');
};

/** `METHOD for USER from ADDRESS port N ssh2`, then perhaps `: KEY` */
function authOutcome(
  rest: string,
  fields: Fields,
  actions: Readonly<Record<string, SshAction>>,
  otherwise: SshAction,
): SshAction | undefined {
  const methodEnd = rest.indexOf(' for ');
  if (methodEnd <= 0) return undefined;
  const method = rest.slice(0, methodEnd);
  if (method.includes(' ')) return undefined;
  const end = protocolStart(rest);
  const from = end < 0 ? -1 : peerAtEnd(rest.slice(0, end), ' from ', fields);
  if (from < 0 && end !== AMBIGUOUS && !fields.isCut) return undefined;
  fields.method = method;
  if (from >= 0) setUser(rest.slice(methodEnd + 5, from), fields);
  const slash = method.indexOf('/');
  const name = slash < 0 ? method : method.slice(0, slash);
  return (Object.hasOwn(actions, name) ? actions[name] : undefined) ?? otherwise;
}

const AMBIGUOUS = -2;

/** A plain key as sshd names it: type and fingerprint. What it says of a certificate or a client host never looks so. */
const PLAIN_KEY = /^[A-Za-z0-9-]+ (?:[A-Z0-9]+:)?[A-Za-z0-9+/=:]+$/;

/**
 * Where the true ` ssh2` begins. The client chooses the user name before it and, in a certificate's id or a host name
 * for hostbased, text behind it, so ` ssh2: ` may occur more than once. It is certain at the end of the message, before
 * nothing but a plain key, or when it occurs only once.
 * @returns an index, -1 when there is none, `AMBIGUOUS` when several could be it
 */
function protocolStart(rest: string): number {
  if (rest.endsWith(' ssh2')) return rest.length - 5;
  const last = rest.lastIndexOf(' ssh2: ');
  if (last < 0) return -1;
  if (rest.indexOf(' ssh2: ') === last || PLAIN_KEY.test(rest.slice(last + 7))) return last;
  return AMBIGUOUS;
}
