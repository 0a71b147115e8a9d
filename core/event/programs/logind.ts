import { type ActionInfo, server, session } from '../action.ts';
import { SYSLOG_BYTES, setName } from '../fields.ts';
import { messageReader } from '../reader.ts';

export const LOGIND_ACTIONS = {
  logind_session_new: session('New session of a user'),
  logind_session_ended: session('Session logged out'),
  logind_session_removed: session('Removed session'),
  logind_other: server('Any other message: seats, buttons, power'),
} as const satisfies Readonly<Record<string, ActionInfo>>;

export type LogindAction = keyof typeof LOGIND_ACTIONS;

/** `New session 3 of user alice.`; since systemd 256 `New session '3' of user 'alice' with class 'user' and type 'tty'.` */
const NEW_SESSION = /^New session '?[A-Za-z0-9]+'? of user '?([^' ]+?)'?(?: with class .*)?\.?$/;

/** Names nobody but the host's own users. */
export const LOGIND = messageReader<LogindAction>({
  name: 'systemd-logind',
  description: 'systemd-logind: sessions of users',
  programs: ['systemd-logind'],
  senders: [{ who: 'root', exes: ['/usr/lib/systemd/systemd-logind'], units: ['systemd-logind.service'] }],
  actions: LOGIND_ACTIONS,
  cutAt: SYSLOG_BYTES,
  read(message, fields) {
    const opened = NEW_SESSION.exec(message);
    if (opened !== null) {
      setName(opened[1] ?? '', fields);
      return 'logind_session_new';
    }
    if (message.startsWith('Removed session ')) return 'logind_session_removed';
    return /^Session '?[A-Za-z0-9]+'? logged out\./.test(message) ? 'logind_session_ended' : 'logind_other';
  },
});
