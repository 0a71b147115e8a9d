import { systemClock } from '../../../actors/clock/index.ts';
import type { FirewallContent } from '../../../actors/firewall/index.ts';
import { createFirewall } from '../../../actors/firewall/index.ts';
import { FakeKernel } from '../../../native/nft/fake.ts';
import { MemoryFolder } from '../memory-folder.ts';
import { NetworkNamespace } from '../network-namespace.ts';
import { Books } from './settings-parts.ts';

/** What the kernel judges by in a namespace, as `nft -j` tells it: undefined where there is no table of ours. */
export function judgedIn(exec: (command: string, args: readonly string[]) => string): string | undefined {
  let told: string;
  try {
    told = exec('nft', ['-j', 'list', 'table', 'inet', 'bartizan']);
  } catch (thrown) {
    if (String(thrown).includes('No such file')) return undefined;
    throw thrown;
  }
  const { nftables } = JSON.parse(told) as { readonly nftables: readonly Record<string, Named>[] };
  const filled = filledIn(told);
  return (
    nftables
      // Counters of a trial's rules may outlast it.
      .filter((entry) => !('metainfo' in entry || 'counter' in entry))
      .map((entry) => JSON.stringify(withoutCounts(entry, filled)))
      .sort()
      .join('\n')
  );
}

interface Named {
  readonly name?: string;
}

/** The sets that rules fill from packets; that a set is such a one, `nft -j` does not say of itself. */
const filledIn = (told: string): ReadonlySet<string> =>
  new Set([...told.matchAll(/"set":\s*"@(\w+)"/g)].map(([, name = '']) => name));

/** Rules in their order of number are told in their order; who is blocked, allowed or counted is no part of the settings. */
function withoutCounts(entry: Record<string, Named>, filled: ReadonlySet<string>): unknown {
  const { name = '' } = entry['set'] ?? {};
  const shared = /^(blocked|allowed)/.test(name) || filled.has(name);
  return JSON.parse(JSON.stringify(entry), (key, value) => {
    if (key === 'handle' || key === 'packets' || key === 'bytes' || key === 'size') return undefined;
    if (key === 'elem') return shared ? undefined : sorted(value);
    return value;
  });
}

const sorted = (value: unknown): unknown =>
  Array.isArray(value) ? value.map((each) => JSON.stringify(each)).sort() : value;

/** A kernel beside, in which `nft -f` makes of a content what it should be. */
export class ReferenceKernel implements Disposable {
  readonly #space = new NetworkNamespace('ref');
  readonly #of = new Map<string, string | undefined>();

  judging(content: FirewallContent): string | undefined {
    const name = JSON.stringify(content);
    if (!this.#of.has(name)) {
      this.#space.exec('nft', ['flush', 'ruleset']);
      this.#space.exec('nft', ['-f', '-'], textOf(content));
      this.#of.set(
        name,
        judgedIn((command, args) => this.#space.exec(command, args)),
      );
    }
    return this.#of.get(name);
  }

  [Symbol.dispose](): void {
    this.#space.dispose();
  }
}

const textOf = (content: FirewallContent): string =>
  createFirewall({
    nft: new FakeKernel(systemClock).open(),
    clock: systemClock,
    log: () => {},
    desired: new Books(),
    folder: new MemoryFolder(),
    settings: { table: 'bartizan', maxBlocks: 500_000, content },
  }).rulesetText(content);
