import { type ActionInfo, authFailure, authStep, session } from '../action.ts';
import { type Fields, onlyIndexOf, SYSLOG_BYTES, setName, setPeer } from '../fields.ts';
import { messageReader } from '../reader.ts';

export const PAM_ACTIONS = {
  pam_failure: authFailure('authentication failure, with user and rhost where the program gave them'),
  pam_user_unknown: authFailure('check pass; user unknown'),
  pam_password_failed: authFailure('unix_chkpwd: password check failed, written beside pam_failure'),
  pam_refused: authFailure('Refused by a module: pam_listfile, pam_access, pam_succeed_if, pam_faillock, pam_tally2'),
  pam_session_opened: session('session opened'),
  pam_session_closed: session('session closed'),
  pam_password_changed: authStep('password changed'),
  pam_other: authStep('Any other message of a module'),
} as const satisfies Readonly<Record<string, ActionInfo>>;

export type PamAction = keyof typeof PAM_ACTIONS;

/**
 * What PAM's modules say within any program: `pam_unix(sudo:auth): …`, and unix_chkpwd, which checks a password for them.
 * The program's own name stands in the event; sshd's reader reads its PAM itself.
 */
export const PAM = messageReader<PamAction>({
  name: 'pam',
  description: 'Messages of PAM modules within any program',
  programs: ['unix_chkpwd'],
  senders: [
    { who: 'namesake' },
    {
      who: 'setuid',
      exes: ['passwd', 'chsh', 'chfn', 'chage', 'newgrp', 'pkexec', 'unix_chkpwd'].map((name) => `/usr/bin/${name}`),
    },
    { who: 'setuid', exes: ['/usr/lib/polkit-1/polkit-agent-helper-1'] },
  ],
  actions: PAM_ACTIONS,
  cutAt: SYSLOG_BYTES,
  read(message, fields, program) {
    if (program === 'unix_chkpwd') return passwordChecked(message, fields);
    if (!message.startsWith('pam_')) return program.includes('(pam_') ? moduleText(message, fields) : undefined;
    const end = message.indexOf('): ');
    const text = end < 0 ? message.indexOf(': ') + 2 : end + 3;
    return text < 3 ? undefined : moduleText(message.slice(text), fields);
  },
});

/** What a module says, behind `pam_unix(service:type): `. */
function moduleText(text: string, fields: Fields): PamAction {
  if (text.startsWith('authentication failure; ')) return failure(text, fields);
  if (text.startsWith('check pass; user unknown')) {
    fields.userUnknown = true;
    return 'pam_user_unknown';
  }
  if (text.startsWith('session ')) return sessionText(text, fields);
  const changed = 'password changed for ';
  if (text.startsWith(changed)) {
    setName(text.slice(changed.length), fields);
    return 'pam_password_changed';
  }
  return refusal(text, fields) ? 'pam_refused' : 'pam_other';
}

/**
 * `logname=L uid=U euid=E tty=T ruser=R rhost=HOST  user=NAME`. Servers of mail and files put the client's words into
 * `ruser`, before the host, and some modules an unknown name behind it, so only an `rhost=` that stands there once is
 * the true one.
 */
function failure(text: string, fields: Fields): PamAction {
  const host = onlyIndexOf(text, ' rhost=');
  if (host < 0) return 'pam_failure';
  const space = text.indexOf(' ', host + 7);
  const end = space < 0 ? text.length : space;
  if (!fields.isCut || space >= 0) setPeer(text.slice(host + 7, end), undefined, fields);
  const named = ' user=';
  const user = space < 0 ? -1 : text.indexOf(named, space);
  if (user >= 0 && user <= space + 1) setName(text.slice(user + named.length), fields);
  else setName(between(text, ' ruser=', host), fields);
  return 'pam_failure';
}

/** `session opened for user NAME(uid=0) by ROOT(uid=0)`, `session closed for user NAME` */
function sessionText(text: string, fields: Fields): PamAction {
  const opened = 'session opened for user ';
  if (text.startsWith(opened)) {
    const by = text.lastIndexOf(' by ');
    setName(withoutUid(text.slice(opened.length, by < opened.length ? text.length : by)), fields);
    return 'pam_session_opened';
  }
  const closed = 'session closed for user ';
  if (!text.startsWith(closed)) return 'pam_other';
  setName(withoutUid(text.slice(closed.length)), fields);
  return 'pam_session_closed';
}

/** Modules that say no. Whoever they name is not needed to know that they do. */
function refusal(text: string, fields: Fields): boolean {
  const refused = /^Refused user (.+) for service \S+$/.exec(text);
  if (refused !== null) {
    setName(refused[1] ?? '', fields);
    return true;
  }
  const access = 'access denied for user `';
  if (text.startsWith(access)) {
    const from = onlyIndexOf(text, "' from `");
    if (from > 0 && text.endsWith("'") && !fields.isCut) {
      setName(text.slice(access.length, from), fields);
      setPeer(text.slice(from + 8, -1), undefined, fields);
    }
    return true;
  }
  return (
    text.startsWith('Consecutive login failures for user ') ||
    text.startsWith('requirement "') ||
    /^user .+ \(\d+\) (?:has )?tally /.test(text) ||
    text.endsWith('temporarily locked')
  );
}

/** `password check failed for user (NAME)` */
function passwordChecked(message: string, fields: Fields): PamAction | undefined {
  const opening = 'password check failed for user (';
  if (message.startsWith('check pass; user unknown')) return 'pam_user_unknown';
  if (!message.startsWith(opening) || !message.endsWith(')')) return undefined;
  setName(message.slice(opening.length, -1), fields);
  return 'pam_password_failed';
}

/** What stands between the first `lead` and `end`; empty when `lead` is not before it. */
function between(text: string, lead: string, end: number): string {
  const start = text.indexOf(lead);
  return start < 0 || start + lead.length > end ? '' : text.slice(start + lead.length, end);
}

const withoutUid = (user: string): string => user.replace(/\(uid=\d+\)$/, '');
