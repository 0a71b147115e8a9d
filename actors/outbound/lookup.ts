import type { LookupAddress } from 'node:dns';
import { lookup as resolve } from 'node:dns/promises';
import type { LookupFunction } from 'node:net';
import { type Cidr, contains, parseIp } from '../../core/base/ip.ts';
import { privateReason } from '../../core/base/private-networks.ts';

/** Why nothing is fetched from an address, or nothing. */
export function refusedAddress(address: string, allowed: readonly Cidr[]): string | undefined {
  const ip = parseIp(address);
  if (!ip.ok) return ip.public;
  if (allowed.some((net) => contains(net, ip.value))) return undefined;
  const why = privateReason(ip.value);
  return why === undefined ? undefined : `${address} is ${why}: outbound.allow_private does not name it`;
}

/**
 * Why a program that connects by itself is not sent to a host: no address of it may be refused, since whichever it takes is
 * its own choice. What the name leads to by then is its own look as well.
 */
export async function refusedHost(
  host: string,
  allowed: readonly Cidr[],
  byName: (name: string) => Promise<LookupAddress[]> = resolveAll,
): Promise<string | undefined> {
  if (parseIp(host).ok) return refusedAddress(host, allowed);
  const found = await byName(host).catch(() => []);
  if (found.length === 0) return `${host} has no address`;
  return found.map(({ address }) => refusedAddress(address, allowed)).find((why) => why !== undefined);
}

/**
 * A lookup that gives only addresses that may be connected to, so that the connection goes to one that was checked: the
 * name is not asked for again in between.
 */
export function guardedLookup(
  allowed: readonly Cidr[],
  byName: (name: string) => Promise<LookupAddress[]>,
): LookupFunction {
  return (hostname, options, done) => {
    byName(hostname).then(
      (found) => {
        const good = found.filter(({ address }) => refusedAddress(address, allowed) === undefined);
        const [first] = good;
        const why = found[0] === undefined ? 'the name has no address' : refusedAddress(found[0].address, allowed);
        if (first === undefined) done(new RefusedAddress(`${hostname}: ${why}`), '', 0);
        else if (options.all === true) done(null, good);
        else done(null, first.address, first.family);
      },
      (cause: NodeJS.ErrnoException) => done(cause, '', 0),
    );
  };
}

/** Not a fault of the network: the name leads where nothing is fetched from. */
export class RefusedAddress extends Error {}

export const resolveAll = (name: string): Promise<LookupAddress[]> => resolve(name, { all: true });
