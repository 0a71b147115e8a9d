import { minutes } from '../../base/time.ts';
import type { Event } from '../../event/event.ts';
import { displayName } from '../display.ts';
import type { SlidingCheck, Stream } from '../sliding/sliding-check.ts';
import { LOGIN, reports } from './grants.ts';
import { onHost, shown } from './phrases.ts';
import { SU_FAILED, SUDO_FAILED } from './words.ts';

const SUDO = 1;
const SU = 2;

/** By who tries, on which host; what is distinguished is whom they want to be. */
const BY_ACCOUNT: Stream = {
  name: 'privilege_account',
  wants: (category, action) => category === 'authentication' && traitOf(action) !== 0,
  traits: () => (event) => traitOf(event.action),
  key: 'account',
  value: { of: 'text', read: ({ targetUser }: Event) => targetUser },
};

function traitOf(action: string): number {
  if (SUDO_FAILED.has(action)) return SUDO;
  return action === SU_FAILED ? SU : 0;
}

const failures = <N extends string>(name: N, command: string, counts: number) =>
  ({
    info: {
      name,
      category: LOGIN,
      severity: 'high',
      description: `A user of the host fails to become another one by ${command}`,
      response: reports('its subject is a user of the host'),
    },
    stream: BY_ACCOUNT,
    counts,
    measure: 'events',
    threshold: { noun: 'failures', preset: 3, minimum: 1 },
    window: minutes(5),
    subject: 'user',
    say: ({ subject, event, count, spent, values }) =>
      `${count} failed ${command} ${count === 1 ? 'attempt' : 'attempts'} of user ${displayName(subject)}${onHost(event)} in ${spent}${values.size === 0 ? '' : ` (to become ${shown(values)})`}`,
  }) as const satisfies SlidingCheck;

export const PRIVILEGE_CHECKS = {
  sudo_failures: failures('sudo_failures', 'sudo', SUDO),
  su_failures: failures('su_failures', 'su', SU),
} as const satisfies Readonly<Record<string, SlidingCheck>>;
