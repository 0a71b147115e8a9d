import { type Fields, setPeer, setRepeats } from '../fields.ts';
import type { SshAction } from './actions.ts';
import { addressAtEnd } from './peer.ts';
import { type Reader, setUser } from './readers.ts';

/** `pam_unix(sshd:auth): text` */
export const pamModule: Reader = (rest, fields) => {
  const end = rest.indexOf('): ');
  return end < 0 ? undefined : pamText(rest.slice(end + 3), fields);
};

/** What a PAM module says; as the whole message in old logs, whose tag is `sshd(pam_unix)`. */
export function pamText(text: string, fields: Fields): SshAction {
  if (text.startsWith('authentication failure; ')) return pamFailure(text, fields);
  if (text.startsWith('check pass; user unknown')) {
    fields.userUnknown = true;
    return 'ssh_pam_failure';
  }
  const opened = 'session opened for user ';
  if (text.startsWith(opened)) {
    const by = text.lastIndexOf(' by ');
    setUser(withoutUid(text.slice(opened.length, by < opened.length ? text.length : by)), fields);
    return 'ssh_session_opened';
  }
  const closed = 'session closed for user ';
  if (text.startsWith(closed)) {
    setUser(withoutUid(text.slice(closed.length)), fields);
    return 'ssh_session_closed';
  }
  return 'ssh_pam_other';
}

/** `PAM 5 more authentication failures; …`, `PAM service(sshd) ignoring max retries; 6 > 3` */
export const pamSummary: Reader = (rest, fields) => {
  const match = /^(\d{1,6}) more authentication failures?; /.exec(rest);
  if (match === null) return 'ssh_pam_other';
  setRepeats(Number(match[1]), fields);
  return pamFailure(rest, fields);
};

/** `Authentication failure for illegal user NAME from HOST`, or any other complaint about PAM. */
export const pamError: Reader = (rest, fields) => {
  const start = rest.indexOf(' for ');
  if (start < 0) return 'ssh_pam_other';
  const body = rest.slice(start + 5);
  const from = addressAtEnd(body, ' from ', fields);
  if (from < 0) return 'ssh_pam_other';
  setUser(body.slice(0, from), fields);
  return 'ssh_pam_failure';
};

/**
 * `logname= uid=0 euid=0 tty=ssh ruser= rhost=HOST  user=NAME`. Nothing of the client's stands before `rhost=`, and
 * only some modules write a name behind it, so the first `rhost=` is the true one.
 */
function pamFailure(text: string, fields: Fields): SshAction {
  const start = text.indexOf(' rhost=');
  if (start < 0) return 'ssh_pam_failure';
  const space = text.indexOf(' ', start + 7);
  setPeer(text.slice(start + 7, space < 0 ? text.length : space), undefined, fields);
  const user = space < 0 ? -1 : text.indexOf(' user=', space);
  if (user >= 0 && user <= space + 1) setUser(text.slice(user + 6), fields);
  return 'ssh_pam_failure';
}

const withoutUid = (user: string): string => user.replace(/\(uid=\d+\)$/, '');
