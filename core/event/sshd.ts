import type { Parser } from './event.ts';
import { createMessageParser } from './message-parser.ts';
import { messageReader } from './reader.ts';
import { SSH_ACTIONS } from './sshd/actions.ts';
import { readMessage } from './sshd/messages.ts';
import { pamText } from './sshd/pam.ts';
import { SSHD_MESSAGE_BYTES } from './sshd/peer.ts';
import type { ZoneOffset } from './syslog-time.ts';

const OLD_PAM_TAG = 'sshd(pam_unix)';

/**
 * OpenSSH's server. The source address is the client's true one or absent, whatever the client put into a user name, a
 * banner, a key id or a disconnect message. Host names give no address.
 *
 * OpenSSH 9.8 split the session, 10.0 the authentication from the listener; old PAM put its module into the tag. All
 * messages about a login that is not there yet, and PAM's, come from root: the process that talks to the client hands
 * its own to the monitor. After login the process that serves the user logs under the user's id, whom nobody need
 * believe. Its monitor moves into the user's session scope.
 */
export const SSHD = messageReader({
  name: 'sshd',
  description: 'OpenSSH server',
  programs: ['sshd', 'sshd-session', 'sshd-auth', OLD_PAM_TAG],
  senders: [
    {
      who: 'root',
      exes: [
        '/usr/sbin/sshd',
        '/usr/lib/openssh/sshd-session',
        '/usr/lib/openssh/sshd-auth',
        '/usr/libexec/openssh/sshd-session',
        '/usr/libexec/openssh/sshd-auth',
      ],
      units: ['ssh.service', 'sshd.service', 'ssh@*.service', 'sshd@*.service', 'session-*.scope'],
    },
  ],
  actions: SSH_ACTIONS,
  cutAt: SSHD_MESSAGE_BYTES,
  readsPam: true,
  read: (message, fields, program) =>
    program === OLD_PAM_TAG ? pamText(message, fields) : readMessage(message, fields),
});

/** The parser of OpenSSH's server log alone. @param zone of the lines that carry no zone of their own */
export const createSshdParser = (zone: ZoneOffset): Parser => createMessageParser({ readers: [SSHD], zone });
