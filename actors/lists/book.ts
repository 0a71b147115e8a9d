import { type Ip, parseIp } from '../../core/base/ip.ts';
import { type ListColumns, lists } from '../../core/respond/lists/columns.ts';
import type { DesiredLists, FirewallContent, ListUse } from '../firewall/index.ts';
import type { Generation } from './port.ts';

/** The last good generation of each list, by `listIdOf`: what the kernel is to hold. */
export class GenerationBook implements DesiredLists {
  readonly #generations = new Map<string, Generation>();
  /** Lists that the fleet decides: in force whatever the settings say, on trial or not. */
  fleet: readonly ListUse[] = [];

  of(id: string): Generation | undefined {
    return this.#generations.get(id);
  }

  columnsOf(id: string): ListColumns | undefined {
    return this.#generations.get(id)?.columns;
  }

  /** What the lists of a content do with an address: an allow list goes ahead of a block list, and those that only count do nothing. */
  judge({ lists = [] }: Pick<FirewallContent, 'lists'>, ip: Ip): 'allow' | 'block' | undefined {
    return this.judgeBy([...lists, ...this.fleet], ip);
  }

  /** The same of these lists alone. */
  judgeBy(uses: readonly ListUse[], ip: Ip): 'allow' | 'block' | undefined {
    const parsed = parseIp(ip);
    if (!parsed.ok) return undefined;
    const kinds = uses.flatMap(({ id, kind, mode }) => {
      const columns = mode === 'enforce' ? this.columnsOf(id) : undefined;
      return columns !== undefined && lists(columns, parsed.value) ? [kind] : [];
    });
    return kinds.includes('allow') ? 'allow' : kinds[0];
  }

  stampOf(id: string): string | undefined {
    return this.#generations.get(id)?.stamp;
  }

  remove(id: string): void {
    this.#generations.delete(id);
  }

  put(generation: Generation): void {
    this.#generations.set(generation.id, generation);
  }
}
