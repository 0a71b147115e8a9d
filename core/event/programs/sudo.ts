import { type ActionInfo, authFailure, authStep, session } from '../action.ts';
import { type Fields, onlyIndexOf, SYSLOG_BYTES, setName, setRepeats } from '../fields.ts';
import { messageReader } from '../reader.ts';

export const SUDO_ACTIONS = {
  sudo_command: session('A command was run as another user'),
  sudo_failed: authFailure('incorrect password attempts; repeats says how many'),
  sudo_refused: authFailure('NOT in sudoers, NOT authorized on host, command not allowed'),
  sudo_no_password: authFailure('a password is required and nobody could be asked for it'),
  sudo_other: authStep('Any other message of sudo: unknown user, configuration, a long command continued'),
} as const satisfies Readonly<Record<string, ActionInfo>>;

export type SudoAction = keyof typeof SUDO_ACTIONS;

const ATTEMPTS = /^(\d{1,6}) incorrect password attempts? ; /;

/** In the order in which sudo writes them: right behind the user, or behind its complaint. */
const FIRST_ITEMS = ['HOST=', 'TTY=', 'CHROOT=', 'PWD=', 'USER=', 'GROUP=', 'TSID=', 'ENV=', 'COMMAND='];

const REFUSALS = [
  'user NOT in sudoers ; ',
  'user NOT authorized on host ; ',
  'command not allowed ; ',
  'user not allowed to ',
  'setid command rejected in intercept mode ; ',
  'sorry, you are not allowed to ',
  'no tty present and no askpass program specified ; ',
  'sorry, you must have a tty to run sudo ; ',
];

/**
 * `alice : 3 incorrect password attempts ; TTY=pts/0 ; PWD=/home/alice ; USER=root ; COMMAND=/usr/bin/id`. The user stands
 * first and is one of the host's; the working directory and the command are the user's own text and may look like any
 * other item, so the target user is believed only where `USER=` stands once.
 *
 * sudo runs setuid root and logs under the real user's id and in the user's session.
 */
export const SUDO = messageReader<SudoAction>({
  name: 'sudo',
  description: 'sudo',
  programs: ['sudo'],
  senders: [{ who: 'setuid', exes: ['/usr/bin/sudo', '/usr/bin/sudo-rs', '/usr/lib/cargo/bin/sudo'] }],
  actions: SUDO_ACTIONS,
  cutAt: SYSLOG_BYTES,
  read(message, fields) {
    if (message.startsWith('@cee:{"sudo":')) return 'sudo_other';
    const colon = message.indexOf(' : ');
    if (colon <= 0) return undefined;
    const user = message.slice(0, colon).trimStart();
    if (user.includes(' ')) return 'sudo_other';
    setName(user, fields);
    return said(message.slice(colon + 3), fields);
  },
});

function said(text: string, fields: Fields): SudoAction {
  const target = ' ; USER=';
  const start = onlyIndexOf(text, target);
  if (start >= 0) {
    const end = text.indexOf(' ; ', start + target.length);
    if (end >= 0) setTarget(text.slice(start + target.length, end), fields);
  }
  if (FIRST_ITEMS.some((item) => text.startsWith(item))) return 'sudo_command';
  const attempts = ATTEMPTS.exec(text);
  if (attempts !== null) {
    setRepeats(Number(attempts[1]), fields);
    return 'sudo_failed';
  }
  if (text.startsWith('a password is required ; ')) return 'sudo_no_password';
  return REFUSALS.some((refusal) => text.startsWith(refusal)) ? 'sudo_refused' : 'sudo_other';
}

function setTarget(name: string, fields: Fields): void {
  if (name !== '') fields.targetUser = name;
}
