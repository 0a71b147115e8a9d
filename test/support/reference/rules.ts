import { KNOWN_AGENTS } from '../../../core/detect/web/known-agents.ts';
import * as words from '../../../core/detect/web/probe-words.ts';
import type { Event } from '../../../core/event/event.ts';
import { isWithin, sourceOf } from './addresses.ts';
import type { Rule } from './evaluate.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

const never = (): boolean => false;

const ofSource = {
  keyOf: ({ sourceIp }: Event) => (sourceIp === undefined ? undefined : sourceOf(sourceIp)),
  subject: ({ sourceIp }: Event) => ({ kind: 'ip', value: sourceIp ?? '' }) as const,
};
const ofAccount = {
  keyOf: ({ user, host }: Event) => (user === undefined ? undefined : `${user} at ${host}`),
  subject: ({ user }: Event) => ({ kind: 'user', value: user ?? '' }) as const,
};

const failedSsh = ({ action }: Event): boolean =>
  /^ssh_failed_(password|publickey|keyboard_interactive|other)$/.test(action) || action === 'ssh_auth_abandoned';

const ssh = {
  measure: 'events',
  counts: failedSsh,
  valueOf: ({ user }: Event) => user,
  isOnce: ({ action }: Event) => action === 'ssh_auth_abandoned',
  ...ofSource,
} as const;

const acceptedSsh = ({ action }: Event): boolean => action.startsWith('ssh_accepted_');

const SSH: readonly Rule[] = [
  { ...ssh, check: 'ssh_bruteforce', severity: 'high', threshold: 5, window: 10 * MINUTE },
  { ...ssh, check: 'ssh_slow_bruteforce', severity: 'high', threshold: 12, window: 24 * HOUR },
  {
    ...ssh,
    check: 'ssh_user_enumeration',
    severity: 'high',
    threshold: 6,
    window: 10 * MINUTE,
    measure: 'values',
    counts: ({ category, action, userUnknown }) =>
      category === 'authentication' &&
      action.startsWith('ssh_') &&
      !action.startsWith('ssh_accepted') &&
      userUnknown === true,
  },
  {
    ...ssh,
    check: 'ssh_password_spray',
    severity: 'high',
    threshold: 8,
    window: 30 * MINUTE,
    measure: 'values',
    triesAtMost: 2,
  },
  {
    ...ssh,
    ...ofAccount,
    check: 'ssh_distributed_bruteforce',
    severity: 'warning',
    threshold: 20,
    window: HOUR,
    measure: 'values',
    valueOf: ({ sourceIp }) => (sourceIp === undefined ? undefined : sourceOf(sourceIp)),
    isOnce: never,
  },
  {
    ...ssh,
    check: 'ssh_login_after_failures',
    severity: 'critical',
    threshold: 5,
    window: HOUR,
    completes: acceptedSsh,
  },
  {
    ...ssh,
    check: 'ssh_root_login',
    severity: 'high',
    threshold: 1,
    window: 0,
    measure: 'each',
    counts: (event) => acceptedSsh(event) && event.user === 'root',
  },
];

const SERVICES: Readonly<Record<string, RegExp>> = {
  smtp: /^(smtps?|submissions?)$/,
  mail: /^(imaps?|pop3s?|(manage)?sieve)$/,
  ftp: /^ftps?$/,
};
const PROGRAMS: Readonly<Record<string, RegExp>> = {
  smtp: /^smtp_auth_failed$/,
  mail: /^mail_login_failed$/,
  ftp: /^ftp_login_failed$/,
};

const failedAt =
  (...families: readonly string[]) =>
  ({ category, outcome, action, service = '' }: Event): boolean =>
    category === 'authentication' &&
    outcome === 'failure' &&
    !/^(ssh|pam)_|^mail_auth_|^mail_login_refused$|^smtp_auth_aborted$|^ftp_max_attempts$/.test(action) &&
    families.some((family) => {
      const isKnown = Object.values(SERVICES).some((names) => names.test(service));
      return isKnown ? SERVICES[family]?.test(service) : PROGRAMS[family]?.test(action);
    });

const mail = {
  severity: 'high',
  threshold: 10,
  window: 10 * MINUTE,
  measure: 'events',
  valueOf: ({ user }: Event) => user,
  isOnce: never,
  ...ofSource,
} as const;

const MAIL: readonly Rule[] = [
  { ...mail, check: 'smtp_bruteforce', counts: failedAt('smtp') },
  { ...mail, check: 'mail_bruteforce', counts: failedAt('mail') },
  { ...mail, check: 'ftp_bruteforce', counts: failedAt('ftp') },
  {
    ...mail,
    check: 'mail_account_spray',
    threshold: 8,
    window: 30 * MINUTE,
    measure: 'values',
    counts: failedAt('smtp', 'mail'),
  },
];

const privilege = {
  severity: 'high',
  threshold: 3,
  window: 5 * MINUTE,
  measure: 'events',
  valueOf: ({ targetUser }: Event) => targetUser,
  isOnce: never,
  ...ofAccount,
} as const;

const PRIVILEGE: readonly Rule[] = [
  { ...privilege, check: 'sudo_failures', counts: ({ action }) => /^sudo_(failed|refused)$/.test(action) },
  { ...privilege, check: 'su_failures', counts: ({ action }) => action === 'su_failed' },
];

/** As a server would see it: decoded twice, one slash, one blank, lower case. */
function seen(text: string): string {
  let now = text;
  for (let round = 0; round < 2; round++) {
    now = now
      .replace(/%c[01]%[89ab][0-9a-f]/gi, (pair) => {
        const [lead, trail] = [Number.parseInt(pair.slice(1, 3), 16), Number.parseInt(pair.slice(4), 16)];
        return `%${(((lead & 1) << 6) | (trail & 63)).toString(16).padStart(2, '0')}`;
      })
      .replace(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  }
  return now
    .replace(/\/\*!?\d*|\*\//g, ' ')
    .replaceAll('\\', '/')
    .replace(/[+\s]+/g, ' ')
    .toLowerCase();
}

const hasAny = (text: string, list: readonly string[]): boolean => list.some((word) => text.includes(word));

/** Path and query apart, decoded; absent when the line is not of an access log. */
function target({ category, http }: Event): { path: string; query: string; status: number } | undefined {
  if (category !== 'web' || http?.path === undefined || http.status === undefined) return undefined;
  return { path: seen(http.path), query: seen(http.query ?? ''), status: http.status };
}

const request =
  (test: (path: string, query: string, status: number, event: Event) => boolean) =>
  (event: Event): boolean => {
    const read = target(event);
    return read !== undefined && test(read.path, read.query, read.status, event);
  };

const inEither = (list: readonly string[]) => (path: string, query: string) =>
  hasAny(path, list) || hasAny(query, list);

const web = {
  measure: 'events',
  window: 10 * MINUTE,
  valueOf: ({ http }: Event) => http?.path,
  isOnce: never,
  ...ofSource,
} as const;

const posts = (page: string) => ({
  ...web,
  severity: 'high' as const,
  threshold: 20,
  window: 5 * MINUTE,
  counts: request((_path, _query, _status, { http }) => http?.method === 'POST' && http.path?.endsWith(page) === true),
});

const WEB: readonly Rule[] = [
  {
    ...web,
    check: 'http_scanner_profile',
    severity: 'high',
    threshold: 30,
    window: 2 * MINUTE,
    measure: 'values',
    counts: request((_path, _query, status) => /^4\d\d$/.test(`${status}`) && !/^(401|408|429|499)$/.test(`${status}`)),
  },
  {
    ...web,
    check: 'http_probe',
    severity: 'high',
    threshold: 3,
    measure: 'values',
    counts: request(
      (path, _query, status) => hasAny(path, words.SECRET_PATHS) || (status >= 400 && hasAny(path, words.PANEL_PATHS)),
    ),
  },
  {
    ...web,
    check: 'path_traversal',
    severity: 'critical',
    threshold: 3,
    counts: request((path, query) => {
      const has = (list: readonly string[]): boolean => inEither(list)(path, query);
      return has(words.STEEP_CLIMBS) || (has([words.CLIMB]) && has(words.SYSTEM_FILES)) || has(words.DIRECT_READS);
    }),
  },
  {
    ...web,
    check: 'sqli_probe',
    severity: 'critical',
    threshold: 3,
    counts: request((path, query) => {
      const has = (list: readonly string[]): boolean => inEither(list)(path, query);
      return has(words.SQL_PHRASES) || (has(words.SQL_NAMES) && has([words.SQL_SELECT]));
    }),
  },
  {
    ...web,
    check: 'shell_probe',
    severity: 'critical',
    threshold: 3,
    counts: request((path, query) => inEither(words.SHELL_PHRASES)(path, query) || hasAny(path, words.SHELL_FILES)),
  },
  { ...posts('/wp-login.php'), check: 'wp_login_bruteforce' },
  { ...posts('/xmlrpc.php'), check: 'xmlrpc_abuse' },
  {
    ...web,
    check: 'http_bad_bot',
    severity: 'warning',
    threshold: 1,
    window: HOUR,
    measure: 'each',
    counts: request((_path, _query, _status, { http }) => {
      const agent = http?.userAgent ?? '';
      return hasAny(agent.toLowerCase(), KNOWN_AGENTS.badAgents) || hasAny(seen(agent), words.SHELL_PHRASES);
    }),
  },
  {
    ...web,
    check: 'http_claimed_bot_unverified',
    severity: 'warning',
    threshold: 1,
    window: HOUR,
    measure: 'each',
    counts: request((_path, _query, _status, { http, sourceIp = '', fields }) => {
      const agent = http?.userAgent?.toLowerCase() ?? '';
      const claimed = KNOWN_AGENTS.knownBots.find((bot) => agent.includes(bot.agent));
      if (claimed === undefined || fields?.['bot_verdict'] === 'genuine') return false;
      return fields?.['bot_verdict'] === 'false' || !claimed.networks.some((network) => isWithin(sourceIp, network));
    }),
  },
];

const NETWORK: readonly Rule[] = [
  {
    check: 'port_scan',
    severity: 'warning',
    threshold: 15,
    window: MINUTE,
    measure: 'values',
    counts: ({ action }) => action === 'packet_dropped',
    valueOf: ({ destinationPort }) => destinationPort?.toString(),
    isOnce: never,
    ...ofSource,
  },
];

/** In the order in which findings of one event come. */
export const RULES: readonly Rule[] = [...SSH, ...MAIL, ...PRIVILEGE, ...WEB, ...NETWORK];
