import type { PlainFolder } from '../../actors/firewall/index.ts';

/** A folder in memory whose disk refuses while `fault` says so. */
export class MemoryFolder implements PlainFolder {
  readonly files = new Map<string, string>();
  fault: string | undefined;
  /** What was done, e.g. `replace blocks`. */
  readonly calls: string[] = [];

  async replace(name: string, pieces: Iterable<string>): Promise<void> {
    this.#call(`replace ${name}`);
    this.files.set(name, [...pieces].join(''));
  }

  async append(name: string, text: string): Promise<void> {
    this.#call(`append ${name}`);
    this.files.set(name, `${this.files.get(name) ?? ''}${text}`);
  }

  async remove(name: string): Promise<void> {
    this.#call(`remove ${name}`);
    this.files.delete(name);
  }

  #call(what: string): void {
    this.calls.push(what);
    if (this.fault !== undefined) throw new Error(this.fault);
  }
}
