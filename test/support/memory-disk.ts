import { Damage } from '../../actors/segments/bytes.ts';
import type { ReadFile, SegmentDisk } from '../../actors/segments/effects.ts';

type Files = Map<string, Buffer>;

/** A directory of segments in memory that can lose power, fill up and be slow. */
export class MemoryDisk implements SegmentDisk {
  files: Files = new Map();
  /** What a power cut leaves for certain. */
  #durable: Files = new Map();
  /** Renames, removals and truncations that are not durable yet, in order. */
  #pending: ((files: Files) => void)[] = [];
  /** An errno code that every write fails with. */
  fault: string | undefined;
  /** Calls until the fault comes by itself. */
  faultIn = Number.POSITIVE_INFINITY;
  /** Holds writes back until it resolves. */
  gate: Promise<void> = Promise.resolve();
  readonly #random: () => number;

  constructor(random: () => number = () => 0) {
    this.#random = random;
  }

  async prepare(): Promise<void> {
    await this.#step();
  }

  async names(): Promise<readonly string[]> {
    return [...this.files.keys()];
  }

  openToRead(name: string): ReadFile | undefined {
    const bytes = this.files.get(name);
    if (bytes === undefined) return undefined;
    return {
      size: bytes.length,
      read: (at, length) => {
        if (at + length > bytes.length) throw new Damage('the file ends before its time');
        return bytes.subarray(at, at + length);
      },
      close: () => {},
    };
  }

  async write(name: string, bytes: Uint8Array, at: number): Promise<void> {
    const written = Buffer.from(bytes);
    // A disk that fills up takes the beginning of what it refuses.
    const taken = this.fault === undefined ? written : written.subarray(0, Math.floor(this.#random() * written.length));
    const before = this.files.get(name) ?? Buffer.alloc(0);
    const after = Buffer.alloc(Math.max(before.length, at + taken.length));
    before.copy(after);
    taken.copy(after, at);
    this.files.set(name, after);
    await this.#step();
  }

  async truncate(name: string, length: number): Promise<void> {
    await this.#step();
    this.#change((files) => {
      const before = files.get(name);
      if (before === undefined) return;
      const after = Buffer.alloc(length);
      before.copy(after);
      files.set(name, after);
    });
  }

  async sync(names: readonly string[]): Promise<void> {
    await this.#step();
    for (const change of this.#pending.splice(0)) change(this.#durable);
    for (const name of this.files.keys()) if (!this.#durable.has(name)) this.#durable.set(name, Buffer.alloc(0));
    for (const name of names) {
      const bytes = this.files.get(name);
      if (bytes !== undefined) this.#durable.set(name, Buffer.from(bytes));
    }
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#step();
    this.#change((files) => {
      const bytes = files.get(from);
      if (bytes === undefined) return;
      files.delete(from);
      files.set(to, bytes);
    });
  }

  async remove(name: string): Promise<void> {
    await this.#step();
    this.#change((files) => files.delete(name));
  }

  async close(): Promise<void> {}

  /** What a kill leaves: everything that was handed over. */
  killed(): MemoryDisk {
    const left = new MemoryDisk(this.#random);
    left.files = new Map(this.files);
    left.#durable = new Map(this.#durable);
    left.#pending = [...this.#pending];
    return left;
  }

  /** What a power cut leaves: what was synced, and of the rest any part that happened to reach the disk. */
  unplugged(): MemoryDisk {
    const left = new MemoryDisk(this.#random);
    const files = new Map(this.#durable);
    for (const change of this.#pending.slice(0, Math.floor(this.#random() * (this.#pending.length + 1)))) change(files);
    for (const [name, bytes] of this.files) {
      const safe = files.get(name);
      if (safe === undefined ? this.#random() < 0.5 : bytes.length <= safe.length) continue;
      const from = safe?.length ?? 0;
      const kept = from + Math.floor(this.#random() * (bytes.length - from + 1));
      files.set(name, Buffer.concat([safe ?? Buffer.alloc(0), bytes.subarray(from, kept)]));
    }
    left.files = files;
    left.#durable = new Map(files);
    return left;
  }

  #change(change: (files: Files) => void): void {
    change(this.files);
    this.#pending.push(change);
  }

  async #step(): Promise<void> {
    await this.gate;
    if (--this.faultIn <= 0) this.fault = 'ENOSPC';
    if (this.fault !== undefined)
      throw Object.assign(new Error(`${this.fault}: no`), { code: this.fault, syscall: 'write' });
  }
}
