import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NetworkNamespace } from '../support/network-namespace.ts';
import { quantile, rounded } from './statistics.ts';

const SIZE = 2_097_152;

/** The program `nft` doing the same work, in a table of its own. */
export class NftProgram {
  readonly #namespace: NetworkNamespace;
  readonly #count: number;

  constructor(namespace: NetworkNamespace, count: number) {
    this.#namespace = namespace;
    this.#count = count;
  }

  /** @returns ms of one `nft -f`, the program's start included and the making of its file not */
  load(timeouts: boolean): number {
    const folder = mkdtempSync(join(tmpdir(), 'bartizan-nft-'));
    try {
      const file = join(folder, 'elements.nft');
      writeFileSync(file, this.#elements(timeouts));
      const flags = timeouts ? 'flags timeout; ' : '';
      this.#nft(['add table inet program']);
      this.#nft([`add set inet program s { type ipv4_addr; ${flags}size ${SIZE}; }`]);
      const start = performance.now();
      this.#nft(['-f', file]);
      return performance.now() - start;
    } finally {
      this.#nft(['delete table inet program']);
      rmSync(folder, { recursive: true });
    }
  }

  /** @returns ms in the middle of `count` calls that add one address each */
  callP50(count: number): number {
    this.#nft(['add table inet program']);
    this.#nft([`add set inet program s { type ipv4_addr; flags timeout; size ${SIZE}; }`]);
    const taken = Array.from({ length: count }, (_, i) => {
      const start = performance.now();
      this.#nft([`add element inet program s { 10.0.${i >> 8}.${i & 255} timeout 1h }`]);
      return performance.now() - start;
    });
    this.#nft(['delete table inet program']);
    return rounded(quantile(taken, 0.5), 2);
  }

  #elements(timeouts: boolean): string {
    const all = Array.from({ length: this.#count }, (_, i) => {
      const number = Math.imul(i, 0x9e37_79b1) >>> 0;
      const address = `${number >>> 24}.${(number >> 16) & 255}.${(number >> 8) & 255}.${number & 255}`;
      return timeouts ? `${address} timeout 1h` : address;
    });
    return `add element inet program s { ${all.join(', ')} }\n`;
  }

  #nft(args: readonly string[]): void {
    execFileSync('ip', ['netns', 'exec', this.#namespace.name, 'nft', ...args], { stdio: 'pipe' });
  }
}
