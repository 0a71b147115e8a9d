import { type Ip, parseIp } from '../../core/base/ip.ts';
import { type ListColumns, lists } from '../../core/respond/lists/columns.ts';
import type { DesiredLists, FirewallContent } from '../firewall/index.ts';
import type { Generation } from './port.ts';

/** The last good generation of each list, by `listIdOf`: what the kernel is to hold. */
export class GenerationBook implements DesiredLists {
  readonly #generations = new Map<string, Generation>();

  of(id: string): Generation | undefined {
    return this.#generations.get(id);
  }

  columnsOf(id: string): ListColumns | undefined {
    return this.#generations.get(id)?.columns;
  }

  /** What the lists of a content do with an address: an allow list goes ahead of a block list, and those that only count do nothing. */
  judge({ lists: uses = [] }: Pick<FirewallContent, 'lists'>, ip: Ip): 'allow' | 'block' | undefined {
    const parsed = parseIp(ip);
    if (!parsed.ok) return undefined;
    const kinds = uses.flatMap(({ id, kind, mode }) => {
      const columns = mode === 'enforce' ? this.columnsOf(id) : undefined;
      return columns !== undefined && lists(columns, parsed.value) ? [kind] : [];
    });
    return kinds.includes('allow') ? 'allow' : kinds[0];
  }

  put(generation: Generation): void {
    this.#generations.set(generation.id, generation);
  }
}
