import { type ActionInfo, authFailure, authStep, authSuccess } from '../action.ts';
import { type Fields, SYSLOG_BYTES, setName, setPeer } from '../fields.ts';
import { messageReader } from '../reader.ts';

export const LOGIN_ACTIONS = {
  login_failed: authFailure('FAILED LOGIN'),
  login_max_attempts: authFailure(
    'TOO MANY LOGIN TRIES, FAILED LOGIN SESSION: the last try, written instead of FAILED LOGIN',
  ),
  login_refused: authFailure('invalid password, no such user, illegal root login'),
  login_succeeded: authSuccess('LOGIN ON'),
  login_root: authSuccess('ROOT LOGIN ON'),
  login_other: authStep('Any other message of login'),
} as const satisfies Readonly<Record<string, ActionInfo>>;

export type LoginAction = keyof typeof LOGIN_ACTIONS;

/** The host (or line) stands before the name, which is whatever was typed: so both are read from the left. */
const FROM_FOR = /^ (?:\(?\d+\)? )?(?:on '[^']*' )?(?:FROM|from) ('[^']*'|\S+) FOR (.*)$/;
const ON_FOR = /^ (?:\(?\d+\)? )?on '[^']*' FOR (.*)$/;

const FAILURES: readonly (readonly [string, LoginAction])[] = [
  ['FAILED LOGIN SESSION', 'login_max_attempts'],
  ['TOO MANY LOGIN TRIES', 'login_max_attempts'],
  ['FAILED LOGIN', 'login_failed'],
];

/**
 * login of util-linux (Debian 13) and of shadow (before): consoles, and telnet or rlogin servers, which pass the client's
 * address. It runs as root; a user who starts it himself is not.
 */
export const LOGIN = messageReader<LoginAction>({
  name: 'login',
  description: 'login on consoles and through telnet or rlogin servers',
  programs: ['login'],
  senders: [
    {
      who: 'root',
      exes: ['/usr/bin/login'],
      units: [
        'getty@*.service',
        'serial-getty@*.service',
        'console-getty.service',
        'container-getty@*.service',
        'telnet@*.service',
        'inetd.service',
        'xinetd.service',
        'session-*.scope',
      ],
    },
  ],
  actions: LOGIN_ACTIONS,
  cutAt: SYSLOG_BYTES,
  read(message, fields) {
    for (const [opening, action] of FAILURES) {
      if (message.startsWith(opening)) return failed(message.slice(opening.length), action, fields);
    }
    if (message.startsWith('ROOT LOGIN')) {
      fields.user = 'root';
      hostAtEnd(message, fields);
      return 'login_root';
    }
    const by = /^(?:LOGIN ON|DIALUP AT) \S+ BY (\S+)/.exec(message);
    if (by !== null) {
      setName(by[1] ?? '', fields);
      hostAtEnd(message, fields);
      return 'login_succeeded';
    }
    return /^(?:invalid password for |Illegal root login|no such user)/i.test(message)
      ? 'login_refused'
      : 'login_other';
  },
});

/** `2 FROM HOST FOR NAME, reason`; of shadow ` (2) on 'TTY' from 'HOST' FOR 'NAME', reason` */
function failed(rest: string, action: LoginAction, fields: Fields): LoginAction {
  const from = FROM_FOR.exec(rest);
  if (from !== null) setPeer(unquoted(from[1] ?? ''), undefined, fields);
  const named = from?.[2] ?? ON_FOR.exec(rest)?.[1] ?? '';
  const reason = named.lastIndexOf(', ');
  const name = unquoted(reason < 0 ? named : named.slice(0, reason));
  if (name === 'UNKNOWN' || name === '(unknown)') fields.userUnknown = true;
  else setName(name, fields);
  return action;
}

/** ` FROM HOST`, of shadow ` from 'HOST'`: behind a name that is one of the host's users. */
function hostAtEnd(message: string, fields: Fields): void {
  const match = / (?:FROM|from) ('[^']*'|\S+)$/.exec(message);
  if (match !== null && !fields.isCut) setPeer(unquoted(match[1] ?? ''), undefined, fields);
}

const unquoted = (text: string): string => (text.startsWith("'") && text.endsWith("'") ? text.slice(1, -1) : text);
