import { aggregate } from '../../core/base/aggregate.ts';
import type { Cidr } from '../../core/base/ip.ts';
import type { NftElement, NftOp, SetDeclaration, TableDeclaration } from '../../native/nft/index.ts';
import type { AllowedAtPort, DesiredBlocks } from './port.ts';

const FAMILIES = [4, 6] as const;

/** The set of networks that are let in. */
export const allowedSet = (family: 4 | 6): string => `allowed${family}`;
/** The set of addresses that are let in to one port. */
export const allowedPortSet = (family: 4 | 6): string => `allowed_ports${family}`;
export const ALLOWED_SETS: readonly string[] = [...FAMILIES.map(allowedSet), ...FAMILIES.map(allowedPortSet)];
/** More than may be allowed. */
const ALLOWED_PORTS = 16_384;

export const allowedPorts = (family: 4 | 6): SetDeclaration => ({
  name: allowedPortSet(family),
  family: `${family}+port`,
  interval: false,
  timeout: false,
  size: ALLOWED_PORTS,
});

export const elementsOf = (keys: readonly string[]): readonly NftElement[] =>
  keys.map((key) => ({ key, timeout: 'never' }));

/** Who is let in whatever is blocked: everywhere, or to one port. */
export interface LetIn {
  readonly networks: readonly Cidr[];
  readonly ports: readonly AllowedAtPort[];
}

export const letInBy = (desired: Pick<DesiredBlocks, 'allowed' | 'allowedPorts'>): LetIn => ({
  networks: desired.allowed(),
  ports: desired.allowedPorts(),
});

/** What each of the allowed sets holds. */
function allowedKeys({ networks, ports }: LetIn): ReadonlyMap<string, readonly string[]> {
  const aggregated = aggregate(networks);
  return new Map(
    FAMILIES.flatMap((family): [string, readonly string[]][] => [
      [allowedSet(family), aggregated.filter((net) => net.family === family).map(({ text }) => text)],
      [allowedPortSet(family), ports.filter(({ subject }) => familyOf(subject) === family).map(keyOfPort)],
    ]),
  );
}

const familyOf = (ip: string): 4 | 6 => (ip.includes(':') ? 6 : 4);
const keyOfPort = ({ subject, port: { protocol, port } }: AllowedAtPort): string =>
  `${subject} . ${protocol} . ${port}`;

/** The element that lets an address in to one port. */
export const allowedPortElement = (allow: AllowedAtPort): { readonly set: string; readonly key: string } => ({
  set: allowedPortSet(familyOf(allow.subject)),
  key: keyOfPort(allow),
});

/** Makes the allowed sets hold exactly these, in one transaction. */
export function allowedOps(letIn: LetIn): readonly NftOp[] {
  const keys = [...allowedKeys(letIn)];
  return [
    ...keys.map(([set]) => ({ kind: 'flush', set }) as const),
    ...keys.flatMap(([set, all]) => all.map((key) => ({ kind: 'add', set, key, timeout: 'never' }) as const)),
  ];
}

/** The same as a declaration's: what the allowed sets of a table begin with that is made at a boot. */
export function withAllowed(table: TableDeclaration, letIn: LetIn): TableDeclaration {
  const keys = allowedKeys(letIn);
  const sets = table.sets.map((set) => {
    const own = keys.get(set.name);
    return own === undefined ? set : { ...set, elements: elementsOf(own) };
  });
  return { ...table, sets };
}
