import { hours, millis, minutes } from '../../base/time.ts';
import type { Event } from '../../event/event.ts';
import { displayName } from '../display.ts';
import type { SlidingCheck, Stream } from '../sliding/sliding-check.ts';
import { BRUTE_FORCE, blocks, LOGIN, reports } from './grants.ts';
import { asUser, byMethod, logins, onHost, shown, users } from './phrases.ts';
import { isSsh, SSH_ABANDONED, SSH_FAILED, SSH_LOGIN } from './words.ts';

const FAILED = 1;
/**
 * A connection that ended before authentication with a user name given: servers that take keys only write no `Failed`
 * line for most attempts, others write both.
 */
const ABANDONED = 2;
const UNKNOWN_USER = 4;
const ACCEPTED = 8;
const ROOT = 16;

const FAILURE = FAILED | ABANDONED;

/**
 * What an action says by itself. `Invalid user` alone is no failure (one follows it), nor is what PAM says (it doubles `Failed`), nor a
 * probe for the methods offered.
 */
const SAID: ReadonlyMap<string, number> = new Map([
  ...[...SSH_LOGIN].map((action) => [action, ACCEPTED] as const),
  ...[...SSH_FAILED].map((action) => [action, FAILED] as const),
  [SSH_ABANDONED, ABANDONED],
]);

const ADMIN = 'root';

function traitsOf({ action, user, userUnknown }: Event): number {
  const said = SAID.get(action) ?? 0;
  if (said === ACCEPTED) return user === ADMIN ? ACCEPTED | ROOT : ACCEPTED;
  return userUnknown === true ? said | UNKNOWN_USER : said;
}

const BY_SOURCE: Stream = {
  name: 'ssh_source',
  wants: (category, action) => category === 'authentication' && isSsh(action),
  traits: () => traitsOf,
  key: 'source',
  value: { of: 'text', read: ({ user }) => user },
  oncePerConnection: ABANDONED,
  inBulk: { users: [ADMIN] },
};

const BY_ACCOUNT: Stream = {
  name: 'ssh_account',
  wants: BY_SOURCE.wants,
  traits: () => traitsOf,
  key: 'account',
  value: {
    of: 'text',
    read: ({ sourceIp }, sources) => (sourceIp === undefined ? undefined : sources.nameOf(sourceIp)),
  },
  inBulk: { users: [ADMIN] },
};

export const SSH_CHECKS = {
  ssh_bruteforce: {
    info: {
      name: 'ssh_bruteforce',
      category: BRUTE_FORCE,
      severity: 'high',
      description: 'Many failed SSH logins from one source in a short time',
      response: blocks,
    },
    stream: BY_SOURCE,
    counts: FAILURE,
    measure: 'events',
    threshold: { noun: 'failures', preset: 5, minimum: 2 },
    window: minutes(10),
    subject: 'ip',
    say: (evidence) =>
      `SSH brute force from ${evidence.subject}: ${logins(evidence.count)} in ${evidence.spent}${users(evidence)}`,
  },
  ssh_slow_bruteforce: {
    info: {
      name: 'ssh_slow_bruteforce',
      category: BRUTE_FORCE,
      severity: 'high',
      description: 'Failed SSH logins from one source that add up over a day',
      response: blocks,
    },
    stream: BY_SOURCE,
    counts: FAILURE,
    measure: 'events',
    threshold: { noun: 'failures', preset: 12, minimum: 2 },
    window: hours(24),
    subject: 'ip',
    say: (evidence) =>
      `Slow SSH brute force from ${evidence.subject}: ${logins(evidence.count)} over ${evidence.spent}${users(evidence)}`,
  },
  ssh_user_enumeration: {
    info: {
      name: 'ssh_user_enumeration',
      category: BRUTE_FORCE,
      severity: 'high',
      description: 'One source tries user names that do not exist on the host',
      response: blocks,
    },
    stream: BY_SOURCE,
    counts: UNKNOWN_USER,
    measure: 'values',
    threshold: { noun: 'users', preset: 6, minimum: 2 },
    window: minutes(10),
    subject: 'ip',
    say: ({ subject, count, spent, values }) =>
      `SSH user enumeration from ${subject}: ${count} unknown users in ${spent} (${shown(values)})`,
  },
  ssh_password_spray: {
    info: {
      name: 'ssh_password_spray',
      category: BRUTE_FORCE,
      severity: 'high',
      description: 'One source tries many SSH users, at most twice each',
      response: blocks,
    },
    stream: BY_SOURCE,
    counts: FAILURE,
    measure: 'values',
    triesAtMost: 2,
    threshold: { noun: 'users', preset: 8, minimum: 2 },
    window: minutes(30),
    subject: 'ip',
    say: ({ subject, count, spent, values }) =>
      `SSH password spray from ${subject}: ${count} users tried at most twice each in ${spent} (${shown(values)})`,
  },
  ssh_distributed_bruteforce: {
    info: {
      name: 'ssh_distributed_bruteforce',
      category: BRUTE_FORCE,
      severity: 'warning',
      description: 'Many sources fail to log in by SSH as one user',
      response: reports('its subject is a user, and each of the sources may have failed once only'),
    },
    stream: BY_ACCOUNT,
    counts: FAILURE,
    measure: 'values',
    threshold: { noun: 'sources', preset: 20, minimum: 2 },
    window: hours(1),
    subject: 'user',
    say: ({ subject, event, count, spent, values }) =>
      `Distributed SSH brute force on user ${displayName(subject)}${onHost(event)}: failed logins from ${count} sources in ${spent} (${shown(values)})`,
  },
  ssh_login_after_failures: {
    info: {
      name: 'ssh_login_after_failures',
      category: LOGIN,
      severity: 'critical',
      description: 'An SSH login succeeds from a source that failed before: a guessed password, or a user who mistyped',
      response: reports('a user who mistyped looks the same; a person must tell'),
    },
    stream: BY_SOURCE,
    counts: FAILURE,
    completes: ACCEPTED,
    measure: 'events',
    threshold: { noun: 'failures', preset: 5, minimum: 2 },
    window: hours(1),
    subject: 'ip',
    say: (evidence) =>
      `SSH login ${asUser(evidence.event)} from ${evidence.subject} after ${evidence.count} or more failed logins within ${evidence.spent}${users(evidence)}`,
  },
  ssh_root_login: {
    info: {
      name: 'ssh_root_login',
      category: LOGIN,
      severity: 'high',
      description: 'Root logs in by SSH',
      response: reports('the login succeeded'),
    },
    stream: BY_SOURCE,
    counts: ROOT,
    measure: 'events',
    window: millis(0),
    subject: 'ip',
    say: ({ subject, event }) => `SSH login as root${onHost(event)} from ${subject}${byMethod(event)}`,
  },
} as const satisfies Readonly<Record<string, SlidingCheck>>;
