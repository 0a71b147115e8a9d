import { parseIp } from '../base/ip.ts';
import type { DeclarationProblem } from '../event/declared/declaration.ts';
import { isOnLink, parseInterfaceAddress } from './host-addresses.ts';

/** An interface as declared; a field that a default stands for may be missing. */
interface Interface {
  readonly match: string;
  readonly method: 'dhcp' | 'static';
  readonly addresses?: readonly string[];
  readonly gateways?: readonly string[];
  readonly gateway_on_link?: boolean;
  readonly mtu?: number;
  readonly ipv6_ra?: boolean;
}

/** IPv6 does not work with less (RFC 8200). */
const LEAST_MTU_6 = 1280;

/** What is wrong with interfaces each of whose values is right for itself. Paths are below the list. */
export function wrongInterfaces(value: unknown): readonly DeclarationProblem[] {
  const all = value as readonly Interface[];
  return [...all.flatMap(wrongInterface), ...sharedAddresses(all), ...sharedGateways(all)];
}

function wrongInterface(one: Interface, n: number): readonly DeclarationProblem[] {
  const { match, method, addresses = [], gateways = [], mtu, ipv6_ra: accepts = true } = one;
  const at = `[${n}]`;
  const problems: DeclarationProblem[] = [];
  if (match === 'lo') problems.push({ path: `${at}.match`, message: 'is the loopback, which leads nowhere' });
  if (method === 'dhcp') {
    for (const key of ['addresses', 'gateways'] as const) {
      if ((one[key] ?? []).length > 0) problems.push({ path: `${at}.${key}`, message: 'belongs to method static' });
    }
  } else if (addresses.length === 0) {
    problems.push({ path: at, message: 'method static needs addresses' });
  } else {
    problems.push(...gateways.flatMap((text, i) => wrongGateway(one, text, `${at}.gateways[${i}]`)));
  }
  const is6 = addresses.some((text) => text.includes(':')) || (method === 'dhcp' && accepts);
  if (mtu !== undefined && mtu < LEAST_MTU_6 && is6) {
    problems.push({ path: `${at}.mtu`, message: `must be at least ${LEAST_MTU_6} where there is IPv6; found ${mtu}` });
  }
  return problems;
}

function wrongGateway(
  { addresses = [], gateway_on_link: onLink = false }: Interface,
  text: string,
  path: string,
): readonly DeclarationProblem[] {
  const gateway = parseIp(text);
  if (!gateway.ok) return [];
  const own = addresses.flatMap((one) => parseInterfaceAddress(one) ?? []);
  const { family, text: canonical } = gateway.value;
  if (own.some(({ ip }) => ip.text === canonical)) return [{ path, message: 'is an address of this interface itself' }];
  if (!own.some(({ ip }) => ip.family === family)) {
    return [{ path, message: `needs an IPv${family} address on this interface` }];
  }
  if (onLink || isOnLink(gateway.value, own)) return [];
  return [{ path, message: 'is in none of the networks of the addresses; say gateway_on_link: true if it is there' }];
}

/** Two hosts of one address would be one of them at a time; on one machine the kernel refuses it or answers at the wrong link. */
function sharedAddresses(all: readonly Interface[]): readonly DeclarationProblem[] {
  const placed = all.flatMap(({ addresses = [] }, n) =>
    addresses.map((text, i) => ({ path: `[${n}].addresses[${i}]`, key: parseInterfaceAddress(text)?.ip.text ?? text })),
  );
  return repeated(placed).map(({ path }) => ({ path, message: 'is given twice' }));
}

function sharedGateways(all: readonly Interface[]): readonly DeclarationProblem[] {
  const placed = all.flatMap(({ gateways = [] }, n) =>
    gateways.map((text, i) => ({ path: `[${n}].gateways[${i}]`, key: text.includes(':') ? 'IPv6' : 'IPv4' })),
  );
  return repeated(placed).map(({ path, key }) => ({
    path,
    message: `is the second gateway for ${key}; there is one way`,
  }));
}

const repeated = <T extends { readonly key: string }>(placed: readonly T[]): readonly T[] =>
  placed.filter(({ key }, i) => placed.findIndex((other) => other.key === key) < i);
