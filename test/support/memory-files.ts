import type { FilePort } from '../../actors/identity/files.ts';

interface Entry {
  readonly text: string;
  readonly mode: number;
}

/**
 * A directory tree in memory that can lose power. `dieAt` names the operation that dies (its effect may have happened or
 * not, see `afterEffect`) together with all later ones; `reboot` then leaves what a disk could hold: everything, or only
 * what was synced.
 */
export class MemoryFiles implements FilePort {
  #now = new Map<string, Entry>();
  #durable = new Map<string, Entry>();
  #operations = 0;
  dieAt = Number.POSITIVE_INFINITY;
  afterEffect = false;

  /** Operations that change something, so far. */
  get operations(): number {
    return this.#operations;
  }

  reboot(keeps: 'everything' | 'synced'): void {
    if (keeps === 'synced') this.#now = new Map(this.#durable);
    else this.#durable = new Map(this.#now);
    this.#operations = 0;
    this.dieAt = Number.POSITIVE_INFINITY;
  }

  put(path: string, text: string, mode = 0o600): void {
    this.#now.set(path, { text, mode });
    this.#durable.set(path, { text, mode });
  }

  erase(path: string): void {
    this.#now.delete(path);
    this.#durable.delete(path);
  }

  text(path: string): string | undefined {
    return this.#now.get(path)?.text;
  }

  mode(path: string): number | undefined {
    return this.#now.get(path)?.mode;
  }

  paths(): string[] {
    return [...this.#now.keys()].sort();
  }

  makeDirectory(): Promise<void> {
    return this.#step(() => {});
  }

  async read(path: string): Promise<string | undefined> {
    return this.text(path);
  }

  create(path: string, text: string, mode: number): Promise<void> {
    return this.#step(() => {
      if (this.#now.has(path)) throw new Error(`EEXIST: ${path}`);
      this.#now.set(path, { text, mode });
    });
  }

  rename(from: string, to: string): Promise<void> {
    return this.#step(() => {
      const entry = this.#now.get(from);
      if (entry === undefined) throw new Error(`ENOENT: ${from}`);
      this.#now.delete(from);
      this.#now.set(to, entry);
    });
  }

  remove(path: string): Promise<void> {
    return this.#step(() => this.#now.delete(path));
  }

  syncDirectory(): Promise<void> {
    return this.#step(() => {
      this.#durable = new Map(this.#now);
    });
  }

  async #step(effect: () => void): Promise<void> {
    const dies = ++this.#operations >= this.dieAt;
    if (dies && this.#operations > this.dieAt) throw new Error('power is off');
    if (!dies || this.afterEffect) effect();
    if (dies) throw new Error('power failed');
  }
}
