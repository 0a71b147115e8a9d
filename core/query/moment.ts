import { type Millis, parseDuration } from '../base/time.ts';
import { LAST_MOMENT } from './tree.ts';

const ISO = /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?)(Z|[+-]\d\d:\d\d)?)?$/;

/**
 * A moment as people write it: `now`, a length of time ago (`90m`, `7d`), `2026-11-20`, `2026-11-20T10:00` or RFC 3339.
 * Without a zone it is UTC. Undefined where it is none of these or no real date.
 */
export function parseMoment(text: string, now: Millis): Millis | undefined {
  if (text === 'now') return now;
  const iso = ISO.exec(text);
  if (iso === null) {
    const ago = text === '' ? undefined : parseDuration(text);
    return ago?.ok === true && ago.value !== 'never' ? inRange(now - ago.value) : undefined;
  }
  const [, year = '', month = '', day = '', clock = '00:00', zone = 'Z'] = iso;
  // A day that the month has not would roll over into the next one.
  if (new Date(Date.UTC(Number(year), Number(month) - 1, Number(day))).getUTCDate() !== Number(day)) return undefined;
  return inRange(Date.parse(`${year}-${month}-${day}T${clock}${zone}`));
}

const inRange = (at: number): Millis | undefined => (isMoment(at) ? at : undefined);

/** Whether RFC 3339 can write it. */
export const isMoment = (at: number): at is Millis => Number.isInteger(at) && at >= 0 && at <= LAST_MOMENT;
