import { canonicalIp, type Ip } from '../../core/base/ip.ts';
import { fail, ok, type Result } from '../../core/base/result.ts';
import { type PacketTools, type Ran, type RunOptions, troubleOf } from './port.ts';

/** A network namespace: by its name or absolute path, or the one that this process is in. */
export type Space = string | 'own';

/**
 * Program and words that run a program there. Not by `ip netns exec` or `ip -n`: those mount /sys anew, which nobody may who
 * is not root of the machine.
 */
export const within = (
  space: Space,
  program: string,
  args: readonly string[],
): readonly [program: string, args: readonly string[]] =>
  space === 'own'
    ? [program, args]
    : ['nsenter', [`--net=${space.startsWith('/') ? space : `/run/netns/${space}`}`, program, ...args]];

const familyOf = (ip: Ip): 4 | 6 => (ip.includes(':') ? 6 : 4);
const alone = (ip: Ip): string => `${ip}/${familyOf(ip) === 4 ? 32 : 128}`;
const ready = (ip: Ip): string => (familyOf(ip) === 6 ? ' nodad' : '');

export const sameFamily = (a: Ip, b: Ip): boolean => familyOf(a) === familyOf(b);

/** Lines for `ip -batch`: the device has these addresses. What is no address is left out. */
export const addressLines = (device: string, ips: readonly Ip[]): readonly string[] =>
  ips.flatMap((ip) => (canonicalIp(ip) === undefined ? [] : [`addr add ${alone(ip)} dev ${device}${ready(ip)}`]));

/** Lines for `ip -batch`: packets may be sent from these. */
export const sourceLines = (sources: readonly Ip[]): readonly string[] => [
  'link set lo up',
  ...addressLines('lo', sources),
];

/** Lines for `ip -batch`: behind the device are these targets, at that hardware address; nobody has to be asked for it. */
export const targetLines = (device: string, targets: readonly Ip[], mac: string): readonly string[] =>
  targets.flatMap((ip) => [
    `neigh add ${ip} lladdr ${mac} dev ${device} nud permanent`,
    `route add ${alone(ip)} dev ${device}`,
  ]);

/** Runs lines of `ip` there, those behind one that is refused as well: a kernel without IPv6 refuses some. */
export const batch = (tools: PacketTools, space: Space, lines: readonly string[], options: RunOptions): Promise<Ran> =>
  tools.run(...within(space, 'ip', ['-force', '-batch', '-']), { ...options, input: `${lines.join('\n')}\n` });

/** Runs `nft` there. */
export const nft = (tools: PacketTools, space: Space, args: readonly string[], options: RunOptions): Promise<Ran> =>
  tools.run(...within(space, 'nft', args), options);

/** Loads rules there. `refused`: the kernel does not take them. */
export async function load(
  tools: PacketTools,
  space: Space,
  input: string,
  options: RunOptions,
): Promise<Result<void, 'unavailable' | 'refused'>> {
  const ran = await nft(tools, space, ['-f', '-'], { ...options, input });
  if (ran.kind !== 'ended') return fail('unavailable', `the rules cannot be loaded: ${troubleOf('nft', ran)}`);
  return ran.code === 0 ? ok(undefined) : fail('refused', `the rules are refused: ${troubleOf('nft', ran)}`);
}

/** A table of witnesses, as JSON. */
export async function readTable(
  tools: PacketTools,
  space: Space,
  table: string,
  options: RunOptions,
): Promise<Result<string, 'unavailable'>> {
  const ran = await nft(tools, space, ['-j', 'list', 'table', 'inet', table], options);
  if (ran.kind === 'ended' && ran.code === 0) return ok(ran.out);
  return fail('unavailable', `the witnesses cannot be read: ${troubleOf('nft', ran)}`);
}
