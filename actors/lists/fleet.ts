import type { CoveringList, ListStatus } from '../../core/api/lists.ts';
import { sha256Hex } from '../../core/base/ids.ts';
import { type Ip, parseIp } from '../../core/base/ip.ts';
import type { Clock, Log } from '../../core/base/ports.ts';
import { fail, messageOf, ok, type Result } from '../../core/base/result.ts';
import { heldLists } from '../../core/keys/records.ts';
import type { HeldList } from '../../core/link/order-books.ts';
import { countOf, FAMILIES, type ListColumns, lists, NO_COLUMNS } from '../../core/respond/lists/columns.ts';
import { type KernelLists, type ListUse, sharedRoomFor } from '../firewall/index.ts';
import type { Records } from '../store/index.ts';
import type { GenerationBook } from './book.ts';
import type { GenerationStore, NamedList } from './port.ts';

export interface FleetListsDeps {
  readonly book: GenerationBook;
  readonly kernel: Pick<KernelLists, 'changed' | 'facts' | 'packets'>;
  readonly store: GenerationStore;
  readonly records: Records;
  readonly clock: Pick<Clock, 'now'>;
  readonly log: Log;
}

/**
 * Lists that the fleet of this appliance decides, under names of their own beside those of the settings. Each packet is judged by
 * one whole generation; the last one that was good stays until the next is in force, and across restarts without a network.
 */
export class FleetLists {
  readonly #deps: FleetListsDeps;
  readonly #held = new Map<string, HeldList>();

  constructor(deps: FleetListsDeps) {
    this.#deps = deps;
  }

  /** Takes up what was kept on disk, before the firewall is enabled. */
  async load(): Promise<void> {
    const { records, store, book, log } = this.#deps;
    for await (const [[name], held] of records.list(heldLists, [])) {
      const { generation, damaged } = await store.load(namedList(name, held.purpose));
      if (generation === undefined) {
        log('warn', 'what was kept of a list of the fleet is lost', { list: name, error: damaged ?? 'no file' });
        continue;
      }
      book.put(generation);
      // The file is written ahead of the record.
      const contentSha256 = (generation.mark.etag ?? held.contentSha256) as HeldList['contentSha256'];
      this.#held.set(name, { ...held, contentSha256, generation: generation.number });
    }
    this.#use();
  }

  all(): ReadonlyMap<string, HeldList> {
    return this.#held;
  }

  /** As the lists of the settings are told, by the names that their sets and counters have. */
  async list(): Promise<readonly ListStatus[]> {
    const { book, kernel } = this.#deps;
    const packets = await kernel.packets();
    return [...this.#held].map(([source, { purpose: kind, generation: number }]): ListStatus => {
      const { name, id } = namedList(source, kind);
      const generation = book.of(id);
      const { inKernel, protected: left } = kernel.facts(id);
      return {
        ...{ name, kind, mode: 'enforce', origin: 'fleet', source, state: 'current', inKernel, protected: left },
        entries: countOf(generation?.columns ?? NO_COLUMNS),
        generation: number,
        ...(generation === undefined ? {} : { fetchedAt: generation.fetchedAt }),
        bad: 0,
        wide: 0,
        ...(packets.get(name) ?? { packets: 0, bytes: 0 }),
      };
    });
  }

  /** Those that hold the address. */
  covering(ip: Ip): readonly CoveringList[] {
    const parsed = parseIp(ip);
    if (!parsed.ok) return [];
    return [...this.#held].flatMap(([source, { purpose: kind }]) => {
      const { name, id } = namedList(source, kind);
      const columns = this.#deps.book.columnsOf(id);
      return columns !== undefined && lists(columns, parsed.value) ? [{ id, name, kind, mode: 'enforce' }] : [];
    });
  }

  columnsOf(name: string): ListColumns | undefined {
    const held = this.#held.get(name);
    return held && this.#deps.book.columnsOf(namedList(name, held.purpose).id);
  }

  /**
   * The kernel first: enforcement does not wait for the disk. Where the kernel refuses, what was in force stays so until it takes
   * this one; the same again after a failure does what is missing.
   */
  async put(name: string, held: HeldList, columns: ListColumns): Promise<Result<void, 'failed'>> {
    const { book, kernel, store, records, clock, log } = this.#deps;
    const list = namedList(name, held.purpose);
    const before = this.#held.get(name);
    const old = book.of(list.id);
    const { generation: number, contentSha256 } = held;
    const stamp = old !== undefined && isNear(old.columns, columns) ? old.stamp : undefined;
    const fetchedAt = clock.now();
    const generation = {
      ...{ id: list.id, number, columns, fetchedAt, mark: { etag: contentSha256 }, bad: 0, wide: 0 },
      stamp: stamp ?? contentSha256.slice(0, 8),
    };
    book.put(generation);
    this.#held.set(name, held);
    this.#use();
    const done = await kernel.changed();
    if (before !== undefined && before.purpose !== held.purpose) book.remove(namedList(name, before.purpose).id);
    // What it says may be of another list.
    const refusal = done.ok || kernel.facts(list.id).inKernel ? undefined : `the kernel has it not yet: ${done.public}`;
    try {
      await store.save(list, generation);
    } catch (cause) {
      return fail('failed', refusal ?? `it is in force and cannot be kept on disk: ${messageOf(cause)}`, cause);
    }
    const kept = await records.write((writes) => writes.put(heldLists, [name], held), { sync: true });
    if (refusal !== undefined) return fail('failed', refusal);
    log('info', 'list of the fleet in force', { list: name, generation: number, entries: held.entries });
    return kept.ok ? ok(undefined) : fail('failed', `it is in force and cannot be kept on disk: ${kept.public}`);
  }

  /** Nothing of it is enforced any more. One that is not there is no error, where the kernel does not have it either. */
  async withdraw(name: string): Promise<Result<void, 'failed'>> {
    const { book, kernel, records, log } = this.#deps;
    const held = this.#held.get(name);
    if (held === undefined) return this.#told(await kernel.changed());
    const gone = await records.write((writes) => writes.delete(heldLists, [name]), { sync: true });
    if (!gone.ok) return fail('failed', `its end cannot be kept on disk: ${gone.public}`);
    this.#held.delete(name);
    this.#use();
    const done = await kernel.changed();
    book.remove(namedList(name, held.purpose).id);
    await this.#prune();
    log('info', 'list of the fleet withdrawn', { list: name });
    return this.#told(done);
  }

  #told(done: Awaited<ReturnType<KernelLists['changed']>>): Result<void, 'failed'> {
    return done.ok ? ok(undefined) : fail('failed', `the kernel: ${done.public}`);
  }

  #use(): void {
    this.#deps.book.fleet = [...this.#held].map(([name, { purpose }]): ListUse => {
      return { ...namedList(name, purpose), kind: purpose, mode: 'enforce' };
    });
  }

  async #prune(): Promise<void> {
    try {
      await this.#deps.store.prune([...this.#held].map(([name, { purpose }]) => namedList(name, purpose)));
    } catch (cause) {
      this.#deps.log('warn', 'files of former lists of the fleet cannot be deleted', { error: messageOf(cause) });
    }
  }
}

/**
 * Whether a generation may share the sets of the one before: as good as as many entries, so that they have room and the
 * difference fits a transaction. Where it does not after all they are filled anew.
 */
const isNear = (before: ListColumns, after: ListColumns): boolean =>
  FAMILIES.every((family) => {
    const [old, now] = [countOf(before)[family], countOf(after)[family]];
    const [addresses, networks] = [Math.abs(now.addresses - old.addresses), Math.abs(now.networks - old.networks)];
    return sharedRoomFor(now.addresses) === sharedRoomFor(old.addresses) && addresses + networks <= NEAR;
  });
const NEAR = 5000;

/** What fits into the kernel's names, with what stands around it. */
const LONGEST = 13;

/** Sets and counters are named so; one that is too long by its beginning and a hash. */
function namedList(name: string, purpose: HeldList['purpose']): NamedList {
  const plain = name.replaceAll('-', '_');
  const short =
    name.length <= LONGEST ? plain : `${plain.slice(0, 4)}_${sha256Hex(new TextEncoder().encode(name)).slice(0, 8)}`;
  return { name: `fleet_${short}`, id: `fleet ${purpose} ${name}` };
}
