import { minutes } from '../../base/time.ts';
import type { Event } from '../../event/event.ts';
import type { SlidingCheck, Stream } from '../sliding/sliding-check.ts';
import { BRUTE_FORCE, blocks, EMAIL } from './grants.ts';
import { logins, shown, users } from './phrases.ts';
import { type LoginService, loginServiceOf } from './words.ts';

const TRAITS: Readonly<Record<LoginService, number>> = { smtp: 1, mail: 2, ftp: 4 };

const BY_SOURCE: Stream = {
  name: 'mail_source',
  wants: (category, action) => category === 'authentication' && !action.startsWith('ssh_'),
  traits: () => traitsOf,
  key: 'source',
  value: { of: 'text', read: ({ user }) => user },
};

/** Failed logins at mail and FTP servers. */
function traitsOf(event: Event): number {
  if (event.outcome !== 'failure') return 0;
  const service = loginServiceOf(event);
  return service === undefined ? 0 : TRAITS[service];
}

const bruteForce = <N extends string>(name: N, title: string, counts: number) =>
  ({
    info: {
      name,
      category: BRUTE_FORCE,
      severity: 'high',
      description: `Many failed ${title} logins from one source in a short time`,
      response: blocks,
    },
    stream: BY_SOURCE,
    counts,
    measure: 'events',
    threshold: { noun: 'failures', preset: 10, minimum: 2 },
    window: minutes(10),
    subject: 'ip',
    say: (evidence) =>
      `${title} brute force from ${evidence.subject}: ${logins(evidence.count)} in ${evidence.spent}${users(evidence)}`,
  }) as const satisfies SlidingCheck;

export const MAIL_CHECKS = {
  smtp_bruteforce: bruteForce('smtp_bruteforce', 'SMTP', TRAITS.smtp),
  mail_bruteforce: bruteForce('mail_bruteforce', 'IMAP and POP3', TRAITS.mail),
  ftp_bruteforce: bruteForce('ftp_bruteforce', 'FTP', TRAITS.ftp),
  mail_account_spray: {
    info: {
      name: 'mail_account_spray',
      category: EMAIL,
      severity: 'high',
      description: 'One source fails to log in to many mail accounts, by SMTP, IMAP or POP3',
      response: blocks,
    },
    stream: BY_SOURCE,
    counts: TRAITS.smtp | TRAITS.mail,
    measure: 'values',
    threshold: { noun: 'accounts', preset: 8, minimum: 2 },
    window: minutes(30),
    subject: 'ip',
    say: ({ subject, count, spent, values }) =>
      `Mail account spray from ${subject}: failed logins to ${count} accounts in ${spent} (${shown(values)})`,
  },
} as const satisfies Readonly<Record<string, SlidingCheck>>;
