import type { Facts } from './scenario.ts';

export interface Outcome {
  readonly life: string;
  readonly name: string;
  readonly verdict: 'passed' | 'failed' | 'not reached';
  readonly seconds: number;
  readonly facts: Facts;
  readonly why?: string;
}

const shown = (facts: Facts): string =>
  Object.entries(facts)
    .map(([name, value]) => `${name} ${value}`)
    .join(', ');

/** For people: a line each. */
export function table(outcomes: readonly Outcome[]): string {
  const rows = outcomes.map(({ life, name, verdict, seconds, facts, why }) => [
    verdict,
    `${seconds.toFixed(0)} s`,
    life,
    name,
    why === undefined ? shown(facts) : (why.split('\n')[0] ?? ''),
  ]);
  const widths = [0, 1, 2, 3].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0), 0));
  return rows
    .map((row) =>
      row.map((cell, column) => (column === 1 ? cell.padStart(widths[1] ?? 0) : cell.padEnd(widths[column] ?? 0))),
    )
    .map((row) => row.join('  ').trimEnd())
    .join('\n');
}

/** For programs: one line of JSON, the last of a run. */
export function summary(version: string, outcomes: readonly Outcome[], seconds: number): string {
  const count = (wanted: Outcome['verdict']): number => outcomes.filter(({ verdict }) => verdict === wanted).length;
  return JSON.stringify({
    image: version,
    passed: count('passed'),
    failed: count('failed'),
    not_reached: count('not reached'),
    seconds: Math.round(seconds),
    scenarios: Object.fromEntries(
      outcomes.map(({ name, verdict, seconds: took, facts }) => [
        name,
        { verdict, seconds: Math.round(took), ...facts },
      ]),
    ),
  });
}

export const isGood = (outcomes: readonly Outcome[]): boolean =>
  outcomes.length > 0 && outcomes.every(({ verdict }) => verdict === 'passed');
