import { fc } from './random.ts';

const part = (...texts: readonly string[]) => fc.constantFrom(...texts);

const address = fc.oneof(
  { weight: 6, arbitrary: fc.ipV4() },
  fc.ipV6(),
  part('2001:db8::7', 'fe80::1', '::1', '::', '2001:db8:0:1::', '2001:db8:0:1:1:1:1:1', '1:0:0:2:0:0:0:3'),
  part(
    '2001:DB8::7',
    '2001:db8:0::7',
    '::ffff:1.2.3.4',
    '::1.2.3.4',
    '::102:304',
    'fe80::1%eth0',
    '64:ff9b::1.2.3.4',
    ':',
    '::1::',
  ),
  part('01.2.3.4', '256.1.1.1', '1.2.3', '1.2.3.4.5', 'host.example', 'UNKNOWN', '', '0.0.0.0', '1.2.3.4 ', '1..2.3'),
);
const port = fc.oneof(
  { weight: 6, arbitrary: fc.integer({ min: 0, max: 70_000 }).map(String) },
  part('', 'x', '123456', '00022', '22x', '-1'),
);
/** Names that mean to be taken for what stands around them. */
const user = fc.oneof(
  { weight: 4, arbitrary: part('root', 'admin', 'ops', 'a b', 'o(uid=1000)', 'x(uid=1', '?') },
  fc
    .array(
      part(
        ...[
          '',
          ' ',
          'x',
          'invalid user ',
          'illegal user ',
          ' from ',
          ' port ',
          ' port 22',
          '1.2.3.4',
          ' for ',
          ' ssh2',
          ' ssh2: ',
        ],
        ...[
          ' by ',
          '(uid=0)',
          ' rhost=',
          ' user=',
          '): ',
          ' [preauth]',
          ': ',
          'authenticating user ',
          'user ',
          '\u00fc',
          '\t',
        ],
      ),
      { maxLength: 5 },
    )
    .map((parts) => parts.join('')),
);
const method = part(
  ...[
    'password',
    'publickey',
    'keyboard-interactive/pam',
    'none',
    'hostbased',
    'gssapi-with-mic',
    '',
    'a b',
    '/x',
    'key',
    'certificate',
  ],
);
const end = part(
  '',
  '',
  ' ssh2',
  ' ssh2: ED25519 SHA256:abc+/d',
  ' ssh2: a ssh2: b',
  ' [preauth]',
  ' [preauth] ',
  ':11: bye',
  '.',
);
const who = fc.oneof(
  user.map((name) => `${name} `),
  part('', 'authenticating user ', 'invalid user ', 'user ').chain((before) => user.map((name) => `${before}${name} `)),
);

/** What logind says of a session, and what looks like it. */
const logind = fc
  .tuple(
    part('New session ', 'New session ', "New session '", 'Session '),
    part('3', 'c12', '', '3 4'),
    part(' of user ', ' of user ', "' of user '", ' of '),
    user,
    part('.', '.', '', '..', "'.", ". with class 'user'."),
  )
  .map((parts) => parts.join(''));

/** A command run by sudo, what it complains of, and what looks like either. */
const sudo = fc
  .tuple(
    part('', ' ', '     ', '     ', '\t', 'pam_unix(sudo:session): ', 'pam_', '@cee:{"sudo":'),
    user,
    part(' : ', ' : ', ' : ', ' :', ': '),
    part(
      'TTY=pts/0 ; ',
      'TTY=pts/0 ; ',
      'HOST=h ; ',
      '3 incorrect password attempts ; ',
      '1 incorrect password attempt ; ',
      '0 incorrect password attempts ; ',
      '1234567 incorrect password attempts ; ',
      'user NOT in sudoers ; ',
      '',
      'x',
    ),
    part(
      'PWD=/tmp ; USER=root',
      'PWD=/tmp ; USER=root',
      'PWD=/tmp ; USER=',
      'PWD=/ ; USER=a ; USER=root',
      'USER=b',
      '',
    ),
    part(
      ' ; COMMAND=/bin/id',
      ' ; COMMAND=/bin/id',
      ' ; COMMAND=/bin/id ; USER=x',
      '',
      ' ; ',
      ` ; COMMAND=${'x'.repeat(1000)}`,
    ),
  )
  .map((parts) => parts.join(''));

/** Whom su refused, and what looks like it. */
const su = fc
  .tuple(
    part('FAILED SU ', 'FAILED SU ', 'FAILED RUNUSER ', '', '- '),
    part('(to root) ', '(to root) ', '(to ) ', '(to a) b) ', '(to x on y) ', '(to', 'x'),
    user,
    part(' on pts/1', ' on pts/1', ' on none', ' on ', ''),
  )
  .map((parts) => parts.join(''));

const session = fc
  .tuple(
    part('pam_unix(cron:session): ', 'pam_x(): ', 'pam_y: ', ''),
    part('session opened for user ', 'session closed for user ', 'session '),
    user,
    part('', '(uid=0) by (uid=0)', ' by (uid=0)', '(uid=0)'),
  )
  .map((parts) => parts.join(''));

/** Each by its own program, with a process id or none. */
const others = fc
  .oneof(
    fc.tuple(fc.constant('CRON'), session),
    fc.tuple(fc.constant('systemd-logind'), logind),
    fc.tuple(fc.constant('sudo'), sudo),
    fc.tuple(part('su', 'su', 'runuser'), su),
    fc.constantFrom(
      ['sudo', '     ops : TTY=pts/0 ; PWD=/tmp ; USER=root ; COMMAND=/bin/id'] as const,
      ['systemd-logind', 'New session 3 of user ops.'] as const,
      ['su', 'FAILED SU (to root) ops on pts/1'] as const,
    ),
  )
  .chain(([by, said]) => part('[612]', '[0]', '').map((pid) => `${by}${pid}: ${said}`));

/** What sshd says, what it never would, and what others have it say. */
const message = fc.oneof(
  fc
    .tuple(
      part('Failed', 'Accepted', 'Partial', 'Postponed', 'failed'),
      method,
      part('', '', 'invalid user ', 'illegal user '),
      user,
      address,
      port,
      end,
    )
    .map(
      ([opening, how, unknown, name, from, at, tail]) =>
        `${opening} ${how} for ${unknown}${name} from ${from} port ${at}${tail}`,
    ),
  fc
    .tuple(
      part('Invalid user ', 'Illegal user ', 'User '),
      user,
      part(' from ', '  from ', ' '),
      address,
      part(' port ', ' '),
      port,
      end,
    )
    .map((parts) => parts.join('')),
  fc
    .tuple(
      part(
        'Connection closed by ',
        'Connection reset by ',
        'Disconnected from ',
        'Connection from ',
        'Received disconnect from ',
      ),
      who,
      address,
      part(' port ', ' ', ': '),
      port,
      end,
    )
    .map((parts) => parts.join('')),
  fc
    .tuple(
      part('pam_unix(sshd:session): ', 'pam_unix(sshd:auth): ', 'pam_x', 'pam_y(z: '),
      part(
        'session opened for user ',
        'session closed for user ',
        'check pass; user unknown',
        'authentication failure; x rhost=',
        '',
      ),
      fc.oneof(user, address),
      part('', '(uid=0)', '(uid=1000) by (uid=0)', ' by root(uid=0)', '  user=root', ' user=', ' x user=y'),
      part('', ' [preauth]'),
    )
    .map((parts) => parts.join('')),
  fc.string({ maxLength: 30 }),
  fc
    .tuple(
      part('message repeated ', 'message repeated ', 'Message repeated '),
      part('2', '5', '1', '0', '999999999', '1234567890', ''),
      part(' times: [ ', ' times: [ ', ' times: [', ' times: [  ', ' time: [ '),
      user,
      part(']', ']', '', ' ', ']]'),
    )
    .map(
      ([opening, count, times, name, closing]) =>
        `${opening}${count}${times}Failed password for ${name} from 1.2.3.4 port 22 ssh2${closing}`,
    ),
  fc
    .integer({ min: 380, max: 480 })
    .map((length) => `Invalid user ${'x'.repeat(length)} from 1.2.3.4 port 4${' '}`.trimEnd()),
  fc.constant(`Invalid user ${'y'.repeat(2000)} from 1.2.3.4 port 4`),
);
const time = part(
  ...[
    'Nov 22 01:02:03',
    'Nov 22 01:02:04',
    'Nov 22 01:02:59',
    'Nov 22 01:02:60',
    'Nov 22 01:03:00',
    'Nov  2 01:02:03',
    'Nov 2 01:02:03',
  ],
  ...[
    'Nov 22 1:02:03',
    '<34>Nov 22 01:02:03',
    '2026-11-22T01:02:03Z',
    'Nov 22 01:02:3',
    'Nov 31 01:02:03',
    'Xov 22 01:02:03',
    '',
  ],
);
const tag = fc.oneof(
  {
    weight: 3,
    arbitrary: part('CRON[3]: ', 'CRON: ', 'systemd-logind[612]: ', 'sudo: ', 'sudo[7]: ', 'sudo:', 'sudo ', 'su[1]: '),
  },
  { weight: 5, arbitrary: part('sshd[612]: ', 'sshd[4294967295]: ', 'sshd-session[7]: ', 'sshd-auth[1]: ') },
  part(
    ...[
      'sshd[4294967296]: ',
      'sshd[12345678901]: ',
      'sshd[]: ',
      'sshd[1a]: ',
      'sshd[1] ',
      'sshd[1]:',
      'sshd: ',
      'sshd ',
      'sshd[1]:  ',
    ],
    ...['sshd(pam_unix)[1]: ', 'CRON[3]: ', 'xsshd[1]: ', 'sshd[1', ''],
  ),
);
const host = part('edge01', 'edge01', 'EDGE', 'h:', '', 'a  ', 'h\u00e4');

const line = fc.oneof(
  { weight: 9, arbitrary: fc.tuple(time, host, tag, message).map(([at, on, by, said]) => `${at} ${on} ${by}${said}`) },
  { weight: 6, arbitrary: message.map((said) => `Nov 22 01:02:03 edge01 sshd[612]: ${said}`) },
  {
    weight: 6,
    arbitrary: fc
      .tuple(tag, fc.oneof(message, logind, sudo, su))
      .map(([by, said]) => `Nov 22 01:02:03 edge01 ${by}${said}`),
  },
  { weight: 9, arbitrary: others.map((said) => `Nov 22 01:02:03 edge01 ${said}`) },
  {
    weight: 6,
    arbitrary: fc
      .tuple(
        part(
          'Failed password for ',
          'Invalid user ',
          'Accepted publickey for ',
          'Connection closed by authenticating user ',
        ),
        user,
        fc.oneof(fc.ipV4(), fc.ipV6()),
      )
      .map(([opening, name, from]) => {
        const lead = opening.startsWith('C') ? ' ' : ' from ';
        return `${name.length % 2 === 0 ? 'Nov 22 01:02:03' : '2026-11-22T01:02:03.5Z'} edge01 sshd[612]: ${opening}${name}${lead}${from} port 22${/^[FA]/.test(opening) ? ' ssh2' : ''}`;
      }),
  },
  fc.string({ unit: 'binary', maxLength: 20 }).map((text) => text.replaceAll('\n', '')),
);

/** A piece of a log: lines with their ends, and perhaps one that is not over. */
export const sshdPiece: fc.Arbitrary<string> = fc
  .tuple(
    fc.array(fc.tuple(line, part('\n', '\n', '\n', '\r\n', '\n\n')), { maxLength: 12 }),
    part('', '', 'Nov 22 01:02:03 edge01 sshd[1'),
  )
  .map(([lines, rest]) => lines.map((one) => one.join('')).join('') + rest);
