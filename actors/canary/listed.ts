import { contains, type Ip, parseIp } from '../../core/base/ip.ts';
import { PRIVATE_NETWORKS } from '../../core/base/private-networks.ts';
import type { FirewallContent, KernelLists } from '../firewall/index.ts';
import type { GenerationBook } from '../lists/index.ts';

/** Bulk lists, as they were fetched and as far as the kernel has them. */
export interface CanaryLists {
  readonly book: Pick<GenerationBook, 'judgeBy' | 'fleet'>;
  readonly kernel: Pick<KernelLists, 'facts'>;
}

/** `open`: on a list of which the kernel has an earlier generation, or a part. */
export type Listed = 'allow' | 'block' | 'open';

/** What the kernel does with an address for the lists it is on; nothing where it is on none. */
export function listedBy({ book, kernel }: CanaryLists, content: FirewallContent): (ip: Ip) => Listed | undefined {
  const uses = [...(content.lists ?? []), ...book.fleet];
  const held = uses.filter(({ id }) => kernel.facts(id).inKernel);
  const open = uses.filter((use) => !held.includes(use));
  return (ip) => {
    if (book.judgeBy(open, ip) !== undefined) return 'open';
    const said = book.judgeBy(held, ip);
    return said === 'block' && isLeftOut(ip) ? undefined : said;
  };
}

/** Of every block list. */
function isLeftOut(ip: Ip): boolean {
  const parsed = parseIp(ip);
  return parsed.ok && PRIVATE_NETWORKS.some((net) => contains(net, parsed.value));
}
