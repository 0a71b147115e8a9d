import type { ListColumns } from '../../core/respond/lists/columns.ts';
import type { DesiredLists } from '../firewall/index.ts';
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

  put(generation: Generation): void {
    this.#generations.set(generation.id, generation);
  }
}
