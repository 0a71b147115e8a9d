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

/** Any event `seconds` after `EPOCH`, in the words of the parsers that do not exist for every program yet. */
export const eventAt = (seconds: number, offset: number, more: Partial<Event>): Event => ({
  at: millis(EPOCH + seconds * 1000),
  position: { source: 'f', offset },
  provenance: 'file',
  category: 'authentication',
  action: 'other',
  outcome: 'failure',
  message: '',
  ...more,
});

/** A request of an access log. */
export const requestAt = (
  seconds: number,
  { sourceIp, ...http }: NonNullable<Event['http']> & { readonly sourceIp: Ip },
): Event =>
  eventAt(seconds, seconds, {
    category: 'web',
    action: 'http_request',
    sourceIp,
    http: { method: 'GET', path: '/', status: 404, ...http },
  });

/** @throws when it is none */
export function ip(text: string): Ip {
  const parsed = parseIp(text);
  if (!parsed.ok) throw new Error(parsed.public);
  return parsed.value.text;
}
