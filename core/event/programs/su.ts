import { type ActionInfo, authFailure, authStep, authSuccess } from '../action.ts';
import { type Fields, SYSLOG_BYTES, setName } from '../fields.ts';
import { messageReader } from '../reader.ts';

export const SU_ACTIONS = {
  su_succeeded: authSuccess('(to TARGET) USER on TTY, Successful su for TARGET by USER'),
  su_failed: authFailure('FAILED SU (to TARGET) USER on TTY, FAILED su for TARGET by USER'),
  su_other: authStep('Any other message of su'),
} as const satisfies Readonly<Record<string, ActionInfo>>;

export type SuAction = keyof typeof SU_ACTIONS;

const FAILED = 'FAILED SU ';
const FAILED_RUNUSER = 'FAILED RUNUSER ';

/**
 * su of util-linux, and of shadow before Debian 10. The target is what the caller typed, so the caller, one of the host's
 * users, is read from the message's end. su runs setuid root and logs under the caller's id and in the caller's session.
 */
export const SU = messageReader<SuAction>({
  name: 'su',
  description: 'su and runuser',
  programs: ['su', 'runuser'],
  senders: [
    { who: 'setuid', exes: ['/usr/bin/su'] },
    { who: 'root', exes: ['/usr/sbin/runuser'], units: ['*'] },
  ],
  actions: SU_ACTIONS,
  cutAt: SYSLOG_BYTES,
  read(message, fields) {
    if (message.startsWith('(to ')) return toTarget(message, fields) ? 'su_succeeded' : 'su_other';
    for (const opening of [FAILED, FAILED_RUNUSER]) {
      if (message.startsWith(opening)) {
        toTarget(message.slice(opening.length), fields);
        return 'su_failed';
      }
    }
    return ofShadow(message, fields) ?? 'su_other';
  },
});

/** `(to TARGET) USER on TTY` */
function toTarget(text: string, fields: Fields): boolean {
  const tty = text.lastIndexOf(' on ');
  const user = text.lastIndexOf(') ', tty);
  if (tty < 0 || user < 4) return false;
  setName(text.slice(user + 2, tty), fields);
  setTarget(text.slice(4, user), fields);
  return true;
}

/** `Successful su for TARGET by USER`, `FAILED su for TARGET by USER`, `- /dev/pts/0 USER:TARGET` (`+` on success) */
function ofShadow(message: string, fields: Fields): SuAction | undefined {
  const by = message.lastIndexOf(' by ');
  for (const opening of ['Successful su for ', 'FAILED su for ']) {
    if (!message.startsWith(opening) || by < opening.length) continue;
    setName(message.slice(by + 4), fields);
    setTarget(message.slice(opening.length, by), fields);
    return opening.startsWith('F') ? 'su_failed' : 'su_succeeded';
  }
  const match = /^([+-]) (\S+) ([^:\s]+):(\S+)$/.exec(message);
  if (match === null) return undefined;
  setName(match[3] ?? '', fields);
  setTarget(match[4] ?? '', fields);
  return match[1] === '+' ? 'su_succeeded' : 'su_failed';
}

function setTarget(name: string, fields: Fields): void {
  if (name !== '') fields.targetUser = name;
}
