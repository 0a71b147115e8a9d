import type { MetricFacts } from './facts.ts';
import type { Distribution, Metric, Sample } from './metric.ts';

export const EXPOSITION_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Series of one metric; what goes beyond is one series more, `_overflow_` in every label. */
const MAX_SERIES = 1000;

/** The Prometheus text format 0.0.4, metrics in the order given; one without samples is left out. */
export function exposition(metrics: readonly Metric[], facts: MetricFacts): string {
  return metrics.map((metric) => family(metric, facts)).join('');
}

function family(metric: Metric, facts: MetricFacts): string {
  const { name, help, type } = metric;
  const lines = metric.type === 'histogram' ? buckets(name, metric.of(facts)) : series(name, metric.of(facts));
  if (lines.length === 0) return '';
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n${lines.join('')}`;
}

const series = (name: string, samples: readonly Sample[]): readonly string[] =>
  bounded(samples).map(({ labels = {}, value }) => line(name, labels, value));

function buckets(name: string, { bounds, counts, sum }: Distribution): readonly string[] {
  let count = 0;
  const cumulative = [...bounds, Number.POSITIVE_INFINITY].map((bound, i) => {
    count += counts[i] ?? 0;
    return line(`${name}_bucket`, { le: numberText(bound) }, count);
  });
  return [...cumulative, line(`${name}_sum`, {}, sum), line(`${name}_count`, {}, count)];
}

function bounded(samples: readonly Sample[]): readonly Sample[] {
  if (samples.length <= MAX_SERIES) return samples;
  const rest = samples.slice(MAX_SERIES);
  const labels = Object.fromEntries(Object.keys(rest[0]?.labels ?? {}).map((label) => [label, '_overflow_']));
  return [...samples.slice(0, MAX_SERIES), { labels, value: rest.reduce((sum, { value }) => sum + value, 0) }];
}

function line(name: string, labels: Readonly<Record<string, string>>, value: number): string {
  const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escapeLabel(text)}"`);
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${numberText(value)}\n`;
}

function numberText(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (Number.isFinite(value)) return String(value);
  return value > 0 ? '+Inf' : '-Inf';
}

const escapeHelp = (text: string): string => text.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
const escapeLabel = (text: string): string => escapeHelp(text).replaceAll('"', '\\"');
