import { spawnSync } from 'node:child_process';
import { join, resolve } from 'node:path';
import { NODE_FLAGS } from '../support/daemon.ts';
import { ROOT } from '../support/root.ts';
import type { Bench, Figures } from './bench.ts';
import { median, rounded } from './statistics.ts';

export interface Comparison {
  readonly bench: Bench;
  readonly options: Readonly<Record<string, number>>;
  /** The other build's dist folder. */
  readonly against: string;
  readonly turns: number;
  readonly say: (line: string) => void;
}

/**
 * Runs the bench of this build and of another one by turns, each in a process of its own, and who begins changes too.
 * A ratio is the median of the turns' ratios, this build over the other: below 1 is less.
 */
export async function compare({ bench, options, against, turns, say }: Comparison): Promise<Figures> {
  const builds = { here: join(ROOT, 'dist'), against: resolve(against) };
  const args = [bench.name, ...Object.entries(options).flatMap(([name, value]) => [`--${name}`, String(value)])];
  const pairs: { readonly here: Figures; readonly against: Figures }[] = [];
  for (let turn = 0; turn < turns; turn++) {
    const first = turn % 2 === 0 ? 'here' : 'against';
    const one = measure(builds[first], args);
    const other = measure(builds[first === 'here' ? 'against' : 'here'], args);
    const pair = first === 'here' ? { here: one, against: other } : { here: other, against: one };
    pairs.push(pair);
    say(`turn ${turn + 1}: here ${JSON.stringify(pair.here)}`);
    say(`${' '.repeat(String(turn + 1).length + 5)}  against ${JSON.stringify(pair.against)}`);
  }
  const names = Object.keys(pairs[0]?.here ?? {});
  return Object.fromEntries(names.flatMap((name) => figuresOf(name, pairs)));
}

function figuresOf(
  name: string,
  pairs: readonly { readonly here: Figures; readonly against: Figures }[],
): readonly (readonly [string, number])[] {
  const both = pairs.flatMap(({ here, against }) => {
    const [one, other] = [here[name], against[name]];
    return typeof one === 'number' && typeof other === 'number' ? [{ one, other }] : [];
  });
  if (both.length === 0) return [];
  return [
    [name, rounded(median(both.map(({ one }) => one)), 3)],
    [`${name}_against`, rounded(median(both.map(({ other }) => other)), 3)],
    [`${name}_ratio`, rounded(median(both.map(({ one, other }) => one / other)), 3)],
  ];
}

function measure(dist: string, args: readonly string[]): Figures {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    [...NODE_FLAGS, join(dist, 'test/bench/main.js'), ...args],
    { encoding: 'utf8' },
  );
  const last = stdout.trimEnd().split('\n').at(-1) ?? '';
  if (status !== 0 || !last.startsWith('{')) throw new Error(`the bench of ${dist} failed: ${stderr}`);
  return JSON.parse(last) as Figures;
}
