import { parseIp } from '../../../core/base/ip.ts';
import type { Endpoint } from './port.ts';

/** Columns of /proc/net/udp and /proc/net/udp6 that matter here. */
const LOCAL = 1;
const DROPS = 12;

/**
 * How many datagrams the kernel dropped at the sockets bound to an endpoint, since they were made. No two sockets share one
 * unless both asked for it, and ours does not.
 * @param table text of /proc/net/udp for IPv4, /proc/net/udp6 for IPv6
 * @param isLittle the machine's byte order, in which the kernel prints addresses word by word
 * @returns nothing when no such socket is listed
 */
export function dropsAt(table: string, { address, port }: Endpoint, isLittle: boolean): number | undefined {
  const wanted = `${hexOf(address, isLittle)}:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  let drops: number | undefined;
  for (const line of table.split('\n')) {
    const columns = line.trim().split(/\s+/);
    if (columns[LOCAL] !== wanted) continue;
    const counted = Number(columns[DROPS]);
    if (Number.isSafeInteger(counted)) drops = (drops ?? 0) + counted;
  }
  return drops;
}

function hexOf(address: string, isLittle: boolean): string {
  const ip = parseIp(address);
  const bytes = ip.ok ? [...ip.value.bytes] : [];
  const words = Array.from({ length: bytes.length / 4 }, (_, i) => bytes.slice(i * 4, i * 4 + 4));
  const inOrder = words.flatMap((word) => (isLittle ? word.reverse() : word));
  return inOrder.map((byte) => byte.toString(16).toUpperCase().padStart(2, '0')).join('');
}
