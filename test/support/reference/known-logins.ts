import type { Event } from '../../../core/event/event.ts';
import { sourceOf } from './addresses.ts';
import type { Verdict } from './evaluate.ts';

const DAY = 86_400_000;

/** `ssh_login_unknown_ip` the slow way: every login against all logins before it. */
export function unknownLogins(
  events: readonly Event[],
  { learning = 7 * DAY, remember = 90 * DAY }: { readonly learning?: number; readonly remember?: number } = {},
): readonly Verdict[] {
  const logins = events.filter(
    ({ action, user, sourceIp }) => action.startsWith('ssh_accepted_') && user !== undefined && sourceIp !== undefined,
  );
  return logins.flatMap((login, i): Verdict[] => {
    const same = logins
      .slice(0, i)
      .filter(
        ({ user, sourceIp }) => user === login.user && sourceOf(sourceIp ?? '') === sourceOf(login.sourceIp ?? ''),
      );
    const latest = Math.max(...same.map(({ at }) => at));
    const isLearning = login.at - (logins[0] ?? login).at < learning;
    if (isLearning || login.at - latest < remember) return [];
    return [
      {
        check: 'ssh_login_unknown_ip',
        severity: 'warning',
        subject: { kind: 'ip', value: login.sourceIp ?? '' },
        at: login.at,
        firstAt: login.at,
        count: 1,
        first: login.position,
        last: login.position,
        provenance: login.provenance,
      },
    ];
  });
}
