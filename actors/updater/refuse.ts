import { type AuditDesk, keepRecord } from '../../core/api/auditing.ts';
import type { Result } from '../../core/base/result.ts';
import { type Millis, seconds } from '../../core/base/time.ts';
import type { PendingUpdate } from '../../core/image/update.ts';

export interface RefusalParts extends AuditDesk {
  /** Root marks the slot that does not run as bad: the daemon may mark none. */
  readonly ask: (verb: 'refuse-slot') => Promise<Result<void, string>>;
  readonly alarm: (what: 'refused', message: string) => void;
}

const ATTEMPTS = 3;
const BETWEEN: Millis = seconds(2);

/**
 * Has a slot that holds something else than what was looked at marked bad, so that it is not booted, and tells of it: a
 * finding, and a record in the audit log. @returns what is to be remembered of it
 */
export async function refuseSlot(
  parts: RefusalParts,
  { to, source, actor }: PendingUpdate,
  why: string,
): Promise<string> {
  const { ask, alarm, clock } = parts;
  let asked = await ask('refuse-slot');
  for (let attempt = 1; !asked.ok && attempt < ATTEMPTS; attempt++) {
    await new Promise<void>((resolve) => void clock.after(BETWEEN, resolve));
    asked = await ask('refuse-slot');
  }
  const outcome = asked.ok
    ? `slot ${to.slot} is marked bad and is not booted`
    : `slot ${to.slot} could not be marked bad (${asked.public}): do not reboot before another update is installed`;
  const told = `${why}; ${outcome}`;
  alarm('refused', `The update to ${to.version} was refused after it was installed: ${told}`);
  await keepRecord(parts, {
    at: clock.now(),
    action: 'refuse_image',
    target: to.version,
    details: { slot: to.slot, source, asked_by: actor, why: told },
    actor: 'bartizan',
    principalKind: 'local',
    peer: 'local',
    requestId: '',
    status: 409,
  });
  return told;
}
