import type { Base, Content, Disk, Opened, TextOp } from '../../actors/store/disk.ts';
import type { FaultKind } from '../../actors/store/fault.ts';
import { OrderedMap } from '../../actors/store/ordered-map.ts';
import type { Range } from '../../actors/store/port.ts';
import { fail, ok, type Result } from '../../core/base/result.ts';

const ERRNO: Partial<Record<FaultKind, string>> = {
  full: 'ENOSPC',
  readonly: 'EROFS',
  io: 'EIO',
  damaged: 'LEVEL_CORRUPTION',
};
export const faultError = (kind: FaultKind): Error =>
  Object.assign(new Error(`${kind} for the test`), { code: ERRNO[kind] ?? kind });

/** A disk whose faults are scripted. Like LevelDB's, a failed write may come back when the store is opened again. */
export class FakeDisk implements Disk {
  readonly records = new OrderedMap<Content>();
  /** Writes and probes fail with it. */
  fault: FaultKind | undefined;
  /** Opening fails with it, also while writes would do. */
  openFault: FaultKind | undefined;
  /** Whether the store can be read while it cannot be opened. */
  readable = true;
  /** Whether failed writes come back with the next opening. */
  resurrects = false;
  /** Reads fail with it. */
  readFault: FaultKind | undefined;
  opened: Omit<Opened, 'base'> = { state: 'ok' };
  readonly syncs: boolean[] = [];
  opens = 0;
  /** Called when it has been opened. */
  onOpen: () => void = () => {};
  probes = 0;
  #pending: TextOp[] = [];

  async open(): Promise<Result<Opened, FaultKind>> {
    this.opens++;
    const fault = this.openFault ?? this.fault;
    if (fault !== undefined) return fail(fault, `cannot open: ${fault}`);
    if (this.resurrects) this.apply(this.#pending);
    this.#pending = [];
    this.onOpen();
    return ok({ ...this.opened, base: new FakeBase(this) });
  }

  async openReadable(): Promise<Base | undefined> {
    return this.readable ? new FakeBase(this) : undefined;
  }

  async writable(): Promise<Result<void, FaultKind>> {
    this.probes++;
    return this.fault === undefined ? ok(undefined) : fail(this.fault, `no writes: ${this.fault}`);
  }

  async close(): Promise<void> {}

  async bytes(): Promise<number> {
    return this.records.size;
  }

  lose(ops: readonly TextOp[]): void {
    this.#pending.push(...ops);
  }

  apply(ops: readonly TextOp[]): void {
    for (const [key, text] of ops) {
      if (text === undefined) this.records.delete(key);
      else this.records.set(key, text);
    }
  }
}

class FakeBase implements Base {
  readonly #disk: FakeDisk;
  #closed = false;

  constructor(disk: FakeDisk) {
    this.#disk = disk;
  }

  async get(key: string): Promise<string | undefined> {
    const record = await this.getRaw(key);
    return record === undefined ? undefined : Buffer.from(record).toString();
  }

  async getRaw(key: string): Promise<Uint8Array | undefined> {
    this.#check();
    const record = this.#disk.records.get(key);
    return typeof record === 'string' ? Buffer.from(record) : record;
  }

  iterate(range: Range) {
    this.#check();
    const entries = this.#disk.records.slice(range).map(([key, text]) => [key, Buffer.from(text).toString()] as const);
    return {
      next: async (count: number) => {
        this.#check();
        return entries.splice(0, count);
      },
      close: async () => {},
    };
  }

  async write(ops: readonly TextOp[], sync: boolean): Promise<void> {
    this.#check();
    if (this.#disk.fault !== undefined) {
      this.#disk.lose(ops);
      throw faultError(this.#disk.fault);
    }
    this.#disk.apply(ops);
    this.#disk.syncs.push(sync);
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  #check(): void {
    if (this.#closed) throw Object.assign(new Error('closed'), { code: 'LEVEL_DATABASE_NOT_OPEN' });
    if (this.#disk.readFault !== undefined) throw faultError(this.#disk.readFault);
  }
}
