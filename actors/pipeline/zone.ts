import type { ZoneOffset } from '../../core/event/syslog-time.ts';

/** Offsets change at full quarter hours, so one answer serves all lines of the same quarter. */
const QUARTER_MS = 900_000;

/** This host's time zone, which RFC 3164 lines are written in. Asked twice a line, so the last answer is kept. */
export function hostZone(): ZoneOffset {
  let quarter = Number.NaN;
  let offset = 0;
  return (utc) => {
    const asked = Math.floor(utc / QUARTER_MS);
    if (asked !== quarter) {
      quarter = asked;
      offset = -new Date(asked * QUARTER_MS).getTimezoneOffset() * 60_000;
    }
    return offset;
  };
}
