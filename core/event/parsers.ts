import { ACTION_LIST_NAMES, type ActionListName } from './action-lists.ts';
import { withDeclared } from './declared/beside-built-in.ts';
import type { ParserDeclaration } from './declared/declaration.ts';
import { createDeclaredParser } from './declared/declared-parser.ts';
import type { Parser } from './event.ts';
import { createMessageParser, type OwnHeader } from './message-parser.ts';
import { DOVECOT } from './programs/dovecot.ts';
import { EXIM, eximHeader } from './programs/exim.ts';
import { LOGIN } from './programs/login.ts';
import { LOGIND } from './programs/logind.ts';
import { NETFILTER } from './programs/netfilter.ts';
import { PAM } from './programs/pam.ts';
import { POSTFIX } from './programs/postfix.ts';
import { PROFTPD, proftpdHeader } from './programs/proftpd.ts';
import { SU } from './programs/su.ts';
import { SUDO } from './programs/sudo.ts';
import { VSFTPD, vsftpdHeader } from './programs/vsftpd.ts';
import type { MessageReader } from './reader.ts';
import { SSHD } from './sshd.ts';
import type { ZoneOffset } from './syslog-time.ts';
import { APACHE_SENDERS, apacheAccess, createAccessParser, NGINX_SENDERS, nginxAccess } from './web/access.ts';
import { APACHE_ERROR, apacheErrorHeader } from './web/apache-error.ts';
import { NGINX_ERROR, nginxErrorHeader } from './web/nginx-error.ts';
import { apacheMessages, nginxMessages } from './web/web-messages.ts';

export interface ParserSettings {
  /** The zone of lines that name none (RFC 3164). */
  readonly zone: ZoneOffset;
  /** Parsers of the configuration (`parsers:`), checked. */
  readonly declared?: readonly ParserDeclaration[];
}

export interface ParserInfo {
  /** What it reads, one line, for the documentation and for `config-check`. */
  readonly description: string;
  /** Programs whose lines it reads by their tag; absent where lines have none. */
  readonly programs?: readonly string[];
  /** What it can say: names of `ACTION_LISTS`. */
  readonly says: readonly ActionListName[];
  /** Reads the header of lines in the file that the program writes itself; absent where there is no such form. */
  readonly ownHeader?: (zone: ZoneOffset) => OwnHeader;
  readonly create: (settings: ParserSettings) => Parser;
}

/** Programs that log through syslog, each with a parser of its own and all read by `syslog`. */
export const MESSAGE_READERS: readonly MessageReader[] = [
  SSHD,
  SUDO,
  SU,
  LOGIN,
  LOGIND,
  DOVECOT,
  EXIM,
  POSTFIX,
  VSFTPD,
  PROFTPD,
  NETFILTER,
];

const SYSLOG_FORM = 'in syslog form (RFC 3164, RFC 5424 or with RFC 3339 time)';
const OWN_FORM = 'the file it writes itself, or in syslog form';

/** The parser of one program's log: through syslog, or with `ownHeader` in a file of its own too. */
const one = (reader: MessageReader, list: ActionListName, ownHeader?: (zone: ZoneOffset) => OwnHeader): ParserInfo => ({
  description: `${reader.description}; ${ownHeader === undefined ? SYSLOG_FORM : OWN_FORM}`,
  programs: reader.programs,
  says: reader.readsPam ? [list] : [list, 'pam'],
  ...(ownHeader && { ownHeader }),
  create: ({ zone }) =>
    createMessageParser({ readers: [reader], pam: PAM, zone, ...(ownHeader && { ownHeader: ownHeader(zone) }) }),
});

/** Every parser there is, by the name that the configuration's `parser:` takes. */
export const PARSERS = {
  syslog: {
    description: `All programs below, by their tag, PAM within any program, and what declared parsers read of what is left; ${SYSLOG_FORM}`,
    programs: [...MESSAGE_READERS, NGINX_ERROR, APACHE_ERROR].flatMap(({ programs }) => programs),
    says: ACTION_LIST_NAMES,
    create: ({ zone }) =>
      createMessageParser({
        readers: [...MESSAGE_READERS, nginxMessages(), apacheMessages(), PAM],
        pam: PAM,
        anyProgram: true,
        zone,
      }),
  },
  sshd: one(SSHD, 'ssh'),
  pam: {
    description: `${PAM.description}; ${SYSLOG_FORM}`,
    says: ['pam'],
    create: ({ zone }) => createMessageParser({ readers: [PAM], pam: PAM, anyProgram: true, zone }),
  },
  sudo: one(SUDO, 'sudo'),
  su: one(SU, 'su'),
  login: one(LOGIN, 'login'),
  'systemd-logind': one(LOGIND, 'logind'),
  dovecot: one(DOVECOT, 'mail'),
  exim: one(EXIM, 'smtp', eximHeader),
  postfix: one(POSTFIX, 'smtp'),
  vsftpd: one(VSFTPD, 'ftp', vsftpdHeader),
  proftpd: one(PROFTPD, 'ftp', proftpdHeader),
  kernel: one(NETFILTER, 'packets'),
  'nginx-access': {
    description: 'nginx: access log in the format it comes with (combined); what follows the user agent is not read',
    says: ['http'],
    create: ({ zone }) => createAccessParser({ read: nginxAccess(), program: 'nginx', senders: NGINX_SENDERS, zone }),
  },
  'nginx-error': one(NGINX_ERROR, 'web', nginxErrorHeader),
  'apache-access': {
    description: 'Apache: access log in the formats common, combined and vhost_combined, told apart line by line',
    says: ['http'],
    create: ({ zone }) =>
      createAccessParser({ read: apacheAccess(), program: 'apache2', senders: APACHE_SENDERS, zone }),
  },
  'apache-error': one(APACHE_ERROR, 'web', apacheErrorHeader),
} satisfies Readonly<Record<string, ParserInfo>>;

export type ParserName = keyof typeof PARSERS;

export const PARSER_NAMES = Object.keys(PARSERS) as readonly ParserName[];

export const parserInfo = (name: ParserName): ParserInfo => PARSERS[name];

export const isParserName = (name: string): name is ParserName => Object.hasOwn(PARSERS, name);

/** One of each, and those that are declared, by name. @throws Error on a declaration that was never checked: a bug */
export function createParsers(settings: ParserSettings): ReadonlyMap<string, Parser> {
  const { zone, declared = [] } = settings;
  const parsers = new Map<string, Parser>(PARSER_NAMES.map((name) => [name, PARSERS[name].create(settings)]));
  for (const declaration of declared) parsers.set(declaration.name, createDeclaredParser(declaration, zone));
  const syslog = parsers.get('syslog');
  if (syslog !== undefined) parsers.set('syslog', withDeclared(syslog, declared, parsers));
  return parsers;
}

/** What reads the header of a program's own file, by the name of the parser that does. */
export function createOwnHeaders(zone: ZoneOffset): ReadonlyMap<string, OwnHeader> {
  return new Map(
    PARSER_NAMES.flatMap((name) => {
      const { ownHeader } = parserInfo(name);
      return ownHeader === undefined ? [] : [[name, ownHeader(zone)] as const];
    }),
  );
}
