import { type Ip, parseIp } from '../../core/base/ip.ts';
import { type Millis, millis } from '../../core/base/time.ts';
import type { Event } from '../../core/event/event.ts';
import type { SshAction } from '../../core/event/sshd/actions.ts';

/** The moment that test events are told from. */
export const EPOCH: Millis = millis(Date.UTC(2026, 10, 22));

/** An sshd event `seconds` after `EPOCH`; the offset tells it from others. */
export function sshEvent(
  seconds: number,
  offset: number,
  more: Partial<Event> & { readonly action?: SshAction } = {},
): Event {
  return {
    at: millis(EPOCH + seconds * 1000),
    position: { source: 'f', offset },
    provenance: 'file',
    category: 'authentication',
    action: 'ssh_failed_password',
    outcome: 'failure',
    message: '',
    ...more,
  };
}

/** @throws when it is none */
export function ip(text: string): Ip {
  const parsed = parseIp(text);
  if (!parsed.ok) throw new Error(parsed.public);
  return parsed.value.text;
}
