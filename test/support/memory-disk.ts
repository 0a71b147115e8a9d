import { Damage } from '../../actors/segments/bytes.ts';
import type { ReadFile, SegmentDisk } from '../../actors/segments/effects.ts';

/** What a file holds now, and what of it a power cut leaves for certain. */
interface Inode {
  now: Buffer;
  safe: Buffer;
}

type Names = Map<string, Inode>;

/** A directory of segments in memory that can lose power, fill up and be slow. */
export class MemoryDisk implements SegmentDisk {
  /** An errno code that every call fails with. */
  fault: string | undefined;
  /** Calls until the fault comes by itself. */
  faultIn = Number.POSITIVE_INFINITY;
  /** Holds calls back until it resolves. */
  gate: Promise<void> = Promise.resolve();
  readonly #random: () => number;
  #names: Names = new Map();
  #safeNames: Names = new Map();
  /** Files made, renamed and removed since the last sync, in order. */
  #pending: ((names: Names) => void)[] = [];

  constructor(random: () => number = () => 0) {
    this.#random = random;
  }

  has(name: string): boolean {
    return this.#names.has(name);
  }

  /** What a file holds. */
  bytes(name: string): Buffer {
    return this.#names.get(name)?.now ?? Buffer.alloc(0);
  }

  /** Puts a file there, or takes it away, as nobody but a person or a fault would. */
  tamper(name: string, bytes: Buffer | undefined): void {
    if (bytes === undefined) this.#names.delete(name);
    else this.#names.set(name, { now: bytes, safe: bytes });
  }

  async prepare(): Promise<void> {
    await this.#step();
  }

  async names(): Promise<readonly string[]> {
    return [...this.#names.keys()];
  }

  openToRead(name: string): ReadFile | undefined {
    const bytes = this.#names.get(name)?.now;
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
    const inode = this.#inode(name);
    const after = Buffer.alloc(Math.max(inode.now.length, at + taken.length));
    inode.now.copy(after);
    taken.copy(after, at);
    inode.now = after;
    await this.#step();
  }

  async truncate(name: string, length: number): Promise<void> {
    await this.#step();
    const inode = this.#inode(name);
    const after = Buffer.alloc(length);
    inode.now.copy(after);
    inode.now = after;
  }

  async sync(names: readonly string[]): Promise<void> {
    await this.#step();
    for (const change of this.#pending.splice(0)) change(this.#safeNames);
    for (const name of names) {
      const inode = this.#names.get(name);
      if (inode !== undefined) inode.safe = inode.now;
    }
  }

  async rename(from: string, to: string): Promise<void> {
    await this.#step();
    const inode = this.#names.get(from);
    if (inode === undefined) throw Object.assign(new Error('ENOENT'), { code: 'ENOENT', syscall: 'rename' });
    this.#change((names) => {
      names.delete(from);
      names.set(to, inode);
    });
  }

  async remove(name: string): Promise<void> {
    await this.#step();
    this.#change((names) => names.delete(name));
  }

  async close(): Promise<void> {}

  /** What a kill leaves: everything that was handed over. */
  killed(): MemoryDisk {
    const copies = new Map<Inode, Inode>();
    const copyOf = (inode: Inode): Inode => {
      const copy = copies.get(inode) ?? { ...inode };
      copies.set(inode, copy);
      return copy;
    };
    const left = new MemoryDisk(this.#random);
    left.#names = new Map([...this.#names].map(([name, inode]) => [name, copyOf(inode)]));
    left.#safeNames = new Map([...this.#safeNames].map(([name, inode]) => [name, copyOf(inode)]));
    // What was not durable stays so; later changes of names come on top.
    const names = left.#names;
    left.#pending = [
      (safe) => {
        safe.clear();
        for (const [name, inode] of names) safe.set(name, inode);
      },
    ];
    left.#names = new Map(names);
    return left;
  }

  /** What a power cut leaves: what was synced, and of the rest any part that happened to reach the disk. */
  unplugged(): MemoryDisk {
    const names = new Map(this.#safeNames);
    for (const change of this.#pending.slice(0, this.#below(this.#pending.length + 1))) change(names);
    const left = new MemoryDisk(this.#random);
    for (const [name, { now, safe }] of names) {
      const bytes = now.length > safe.length ? this.#partly(safe, now) : this.#below(2) === 0 ? now : safe;
      left.tamper(name, bytes);
    }
    left.#safeNames = new Map(left.#names);
    return left;
  }

  #partly(safe: Buffer, now: Buffer): Buffer {
    return Buffer.concat([safe, now.subarray(safe.length, safe.length + this.#below(now.length - safe.length + 1))]);
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }

  #inode(name: string): Inode {
    const there = this.#names.get(name);
    if (there !== undefined) return there;
    const made = { now: Buffer.alloc(0), safe: Buffer.alloc(0) };
    this.#change((names) => names.set(name, made));
    return made;
  }

  #change(change: (names: Names) => void): void {
    change(this.#names);
    this.#pending.push(change);
  }

  async #step(): Promise<void> {
    await this.gate;
    if (--this.faultIn <= 0) this.fault = 'ENOSPC';
    if (this.fault === undefined) return;
    throw Object.assign(new Error(`${this.fault}: no`), { code: this.fault, syscall: 'write' });
  }
}
