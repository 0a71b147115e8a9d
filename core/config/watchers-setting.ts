import { Type } from 'typebox';
import type { DeclarationProblem } from '../event/declared/declaration.ts';
import {
  absolutePath,
  listenAddress,
  network,
  optionalSetting,
  parserName,
  pathPattern,
  section,
  setting,
} from './setting.ts';

const RESTART = { applies: 'restart' } as const;

const file = Type.Object({
  path: pathPattern({
    description:
      'Absolute path of a log file, or a pattern: *, ? and [a-z] match within a name, ** any number of directories.',
  }),
  parser: parserName({ description: 'How its lines are read.' }),
  start: Type.Enum(['beginning', 'end'], {
    description: 'Where to begin in a file that was never read before.',
    default: 'beginning',
  }),
  trust: Type.Enum(['auto', 'file', 'spoofable'], {
    description:
      'auto: lines of a file that anybody may write to count as spoofable and block nobody. file: they count whoever may write. spoofable: they never block.',
    default: 'auto',
  }),
});

const tls = Type.Object(
  {
    cert: absolutePath({ description: 'The certificate of this listener: PEM, the chain behind it.' }),
    key: absolutePath({ description: 'Its private key, as PEM without a passphrase.' }),
    client_ca: Type.Optional(
      absolutePath({
        description:
          'Authorities whose certificates authenticate a sender. Only lines of authenticated senders may block. Best an authority for this purpose alone.',
      }),
    ),
    clients: Type.Enum(['optional', 'required'], {
      description: 'Whether a sender without a certificate is heard, as spoofable, or refused.',
      default: 'optional',
    }),
    peers: Type.Array(Type.String({ description: 'A name, or *.example.net for any one label.', maxLength: 253 }), {
      description: "Names that a sender's certificate may have; any when empty.",
      default: [],
      maxItems: 1000,
    }),
    relays: Type.Array(Type.String({ description: 'A name, as peers has it.', maxLength: 253 }), {
      description: 'Senders that speak for other hosts. Every other one speaks for the host its certificate names.',
      default: [],
      maxItems: 1000,
    }),
  },
  { description: 'What transport tls needs.' },
);

const listener = Type.Object(
  {
    transport: Type.Enum(['udp', 'tcp', 'tls'], {
      description: 'udp and tcp are spoofable always: what they bring is kept and judged, and blocks nobody.',
    }),
    listen: listenAddress({ description: 'Address and port: IPv4 or [IPv6].', examples: ['0.0.0.0:514'] }),
    parser: parserName({ description: 'How the messages are read.', default: 'syslog' }),
    allowed: Type.Array(network({ description: 'An address, or a network in CIDR form.' }), {
      description: 'Who may send; nobody when empty.',
      default: [],
      maxItems: 10_000,
    }),
    tls: Type.Optional(tls),
  },
  { rule: 'syslog-listener' },
);

/** Section `watchers`. */
export const watchers = section(
  'Where events come from',
  {
    files: setting(
      Type.Array(file, {
        description: 'Log files to follow, across rotation and truncation. A file that is not there yet is waited for.',
        default: [],
        maxItems: 1000,
        uniqueBy: 'path',
        examples: [[{ path: '/var/log/auth.log', parser: 'syslog' }]],
      }),
      RESTART,
    ),
    journal: setting(
      Type.Boolean({
        description:
          'Follow the systemd journal. It vouches for who sent an entry, so a program that it carries is read from it and no longer from the files of this host.',
        default: false,
      }),
      RESTART,
    ),
    journal_directory: optionalSetting(
      absolutePath({
        description: "Another journal's directory to follow instead of this host's.",
        examples: ['/var/log/journal/remote'],
      }),
      RESTART,
    ),
    syslog: setting(
      Type.Array(listener, {
        description: 'Where messages of other hosts are received (RFC 3164, 5424, 5425, 6587).',
        default: [],
        maxItems: 32,
        uniqueBy: 'listen',
        examples: [[{ transport: 'tcp', listen: '192.0.2.1:601', allowed: ['192.0.2.0/24'] }]],
      }),
      RESTART,
    ),
  },
  { group: 'Detection' },
);

/** What is wrong with a listener whose parts are right each for itself. */
export const wrongListener = (value: unknown): readonly DeclarationProblem[] => {
  const { transport, tls: given } = value as { readonly transport: string; readonly tls?: unknown };
  if (transport === 'tls' && given === undefined)
    return [{ path: '', message: 'transport tls needs tls with cert and key' }];
  return transport !== 'tls' && given !== undefined
    ? [{ path: 'tls', message: `belongs to transport tls; this one is ${transport}` }]
    : [];
};
