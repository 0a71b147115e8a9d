import { parseIp } from '../base/ip.ts';
import type { Clock } from '../base/ports.ts';
import { seconds } from '../base/time.ts';

/** Says whether a value of the Origin header is one of the appliance's own. */
export type OwnOrigin = (origin: string) => boolean;

/**
 * The origins under which the appliance is reached: from the configuration, never from the Host header, which is what a
 * rebound name would carry. `names` are host names and addresses.
 */
export function ownOrigins(names: readonly string[], ...ports: readonly number[]): OwnOrigin {
  const own = new Set(
    names.flatMap((name) => {
      const ip = parseIp(name);
      const host = ip.ok ? (ip.value.family === 6 ? `[${ip.value.text}]` : ip.value.text) : name.toLowerCase();
      return ports.flatMap((port) => [...(port === 443 ? [`https://${host}`] : []), `https://${host}:${port}`]);
    }),
  );
  return (origin) => own.has(origin.toLowerCase());
}

/** Between two looks at what the appliance is called, however many foreign origins ask. */
const NAMES_AGE = seconds(10);

/** As `ownOrigins`, for names that change while the appliance runs: an origin that is not known is looked for again. */
export function currentOrigins(
  names: () => readonly string[],
  ports: readonly number[],
  clock: Pick<Clock, 'now'>,
): OwnOrigin {
  let own = ownOrigins(names(), ...ports);
  let askedAt = clock.now();
  return (origin) => {
    if (own(origin)) return true;
    const now = clock.now();
    // A clock that was set back counts as time passed.
    if (Math.abs(now - askedAt) < NAMES_AGE) return false;
    own = ownOrigins(names(), ...ports);
    askedAt = now;
    return own(origin);
  };
}
