import { parseIp } from '../base/ip.ts';

/** Says whether a value of the Origin header is one of the appliance's own. */
export type OwnOrigin = (origin: string) => boolean;

/**
 * The origins under which the appliance is reached: from the configuration, never from the Host header, which is what a
 * rebound name would carry. `names` are host names and addresses.
 */
export function ownOrigins(names: readonly string[], port: number): OwnOrigin {
  const own = new Set(
    names.flatMap((name) => {
      const ip = parseIp(name);
      const host = ip.ok ? (ip.value.family === 6 ? `[${ip.value.text}]` : ip.value.text) : name.toLowerCase();
      return port === 443 ? [`https://${host}`, `https://${host}:443`] : [`https://${host}:${port}`];
    }),
  );
  return (origin) => own.has(origin.toLowerCase());
}
