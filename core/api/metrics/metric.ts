import type { MetricFacts } from './facts.ts';

/** One time series: its labels and present value. */
export interface Sample {
  readonly labels?: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Observations by upper bound. `counts` has one more than `bounds`: those above the last. Not cumulative. */
export interface Distribution {
  readonly bounds: readonly number[];
  readonly counts: readonly number[];
  readonly sum: number;
}

/** A metric as a value: what it is called, what it means, and where its samples come from. */
export type Metric = CountMetric | HistogramMetric;

interface Named {
  /** In base units (seconds, bytes); `_total` on counters and on nothing else. */
  readonly name: string;
  /** One sentence without a full stop. */
  readonly help: string;
}

export interface CountMetric extends Named {
  readonly type: 'counter' | 'gauge';
  readonly of: (facts: MetricFacts) => readonly Sample[];
}

export interface HistogramMetric extends Named {
  readonly type: 'histogram';
  readonly of: (facts: MetricFacts) => Distribution;
}

type Source = (facts: MetricFacts) => number | readonly Sample[];

export const counter = (name: string, help: string, of: Source): Metric => ({
  name,
  help,
  type: 'counter',
  of: all(of),
});
export const gauge = (name: string, help: string, of: Source): Metric => ({ name, help, type: 'gauge', of: all(of) });
export const histogram = (name: string, help: string, of: HistogramMetric['of']): Metric => ({
  name,
  help,
  type: 'histogram',
  of,
});

const all =
  (of: Source): CountMetric['of'] =>
  (facts) => {
    const found = of(facts);
    return typeof found === 'number' ? [{ value: found }] : found;
  };
