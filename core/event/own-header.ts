import type { Millis } from '../base/time.ts';
import { clamp } from './clock-text.ts';
import type { Unparsed } from './event.ts';
import type { SyslogMessage } from './syslog.ts';

const BAD_TIME: Unparsed = { unparsed: 'bad-time' };

/** What stood before the message in a program's own log file, `pid` as text. */
interface OwnLine {
  /** NaN when it names no moment. */
  readonly at: number;
  readonly receivedAt: Millis;
  readonly host?: string;
  readonly program: string;
  readonly pid?: string;
  readonly message: string;
}

/** In the form in which syslog lines are handed on. */
export function ownMessage({ at, receivedAt, host, program, pid, message }: OwnLine): SyslogMessage | Unparsed {
  if (Number.isNaN(at)) return BAD_TIME;
  const number = pid !== undefined && /^\d{1,10}$/.test(pid) ? Number(pid) : undefined;
  return { at: clamp(at, receivedAt), host: host === '' ? undefined : host, program, pid: number, message };
}
