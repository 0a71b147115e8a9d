import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exposition } from '../../../../core/api/metrics/exposition.ts';
import type { MetricFacts } from '../../../../core/api/metrics/facts.ts';
import { HttpMeter } from '../../../../core/api/metrics/http-meter.ts';
import { counter, gauge, histogram } from '../../../../core/api/metrics/metric.ts';
import { METRICS } from '../../../../core/api/metrics/table.ts';
import { millis } from '../../../../core/base/time.ts';
import { START } from '../../../support/api/fake-appliance.ts';
import { FakeDesks } from '../../../support/api/fake-desks.ts';

const NOTHING = {} as MetricFacts;

test('names, units and help keep to the rules of Prometheus', () => {
  for (const { name, type, help } of METRICS) {
    assert.match(name, /^(?:bartizan|process)_[a-z][a-z0-9_]*$/, name);
    assert.equal(name.endsWith('_total'), type === 'counter', name);
    assert.doesNotMatch(name, /_(?:ms|millis|kb|mb|minutes|hours|count|sum|bucket)(?:_|$)/, name);
    assert.match(help, /^[A-Z0-9].{5,}[^.]$/, name);
  }
  const names = METRICS.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
});

test('the format: help and type once, then samples, everything escaped', () => {
  const text = exposition(
    [
      counter('a_total', 'One\\two\nthree', () => [{ labels: { path: 'C:\\x "y"\n' }, value: 3 }]),
      gauge('b', 'Plain', () => 0.5),
      gauge('c', 'Odd', () => [{ value: Number.NaN }, { value: Number.NEGATIVE_INFINITY }]),
      gauge('d', 'None', () => []),
    ],
    NOTHING,
  );
  assert.equal(
    text,
    `# HELP a_total One\\\\two\\nthree
# TYPE a_total counter
a_total{path="C:\\\\x \\"y\\"\\n"} 3
# HELP b Plain
# TYPE b gauge
b 0.5
# HELP c Odd
# TYPE c gauge
c NaN
c -Inf
`,
  );
});

test('a metric has a thousand series at most; the rest is one', () => {
  const many = Array.from({ length: 1500 }, (_, i) => ({ labels: { source: `file:/${i}` }, value: 2 }));
  const lines = exposition([counter('a_total', 'Many', () => many)], NOTHING)
    .trimEnd()
    .split('\n');
  assert.equal(lines.length, 2 + 1000 + 1);
  assert.equal(lines.at(-1), 'a_total{source="_overflow_"} 1000');
});

test('durations are counted cumulatively, in seconds', () => {
  const meter = new HttpMeter();
  for (const [status, took] of [
    [200, 0],
    [204, 3],
    [404, 3],
    [500, 700],
    [503, 60_000],
    [200, -5],
  ] as const)
    meter.answered(status, millis(took));
  const { byClass, durations } = meter.read();
  assert.deepEqual(byClass, { '1xx': 0, '2xx': 3, '3xx': 0, '4xx': 1, '5xx': 2 });
  const text = exposition([histogram('h_seconds', 'Took', () => durations)], NOTHING);
  for (const line of ['_bucket{le="0.001"} 2', '_bucket{le="0.005"} 4', '_bucket{le="1"} 5', '_bucket{le="30"} 5'])
    assert.ok(text.includes(`h_seconds${line}\n`), line);
  assert.match(text, /h_seconds_bucket\{le="\+Inf"\} 6\nh_seconds_sum 60\.706\nh_seconds_count 6\n$/);
});

test('what the parts count is told under its own name; no label holds an address', async () => {
  const desks = new FakeDesks();
  const facts = await desks.meter.read();
  const part = { since: START, state: 'ok' as const };
  const text = exposition(METRICS, {
    ...facts,
    appliance: {
      ...facts.appliance,
      components: [
        { ...part, name: 'file:/var/log/auth.log', counters: { bytes: 900, lag: 100, rotations: 1 } },
        { ...part, name: 'pipeline', counters: { lines: 12, events: 9, findings: 1, 'unparsed bad-time': 3 } },
        { ...part, name: 'firewall', counters: { enforced: 4, released: 1 } },
        { ...part, name: 'http', state: 'degraded', counters: { requests: 9 } },
      ],
    },
  });
  for (const line of [
    'bartizan_mode{mode="enforce"} 1',
    'bartizan_mode{mode="observe"} 0',
    'bartizan_component_up{component="http"} 1',
    'bartizan_component_degraded{component="http"} 1',
    'bartizan_source_read_bytes_total{source="file:/var/log/auth.log"} 900',
    'bartizan_source_lag_bytes{source="file:/var/log/auth.log"} 100',
    'bartizan_pipeline_lines_total 12',
    'bartizan_pipeline_unparsed_lines_total{reason="bad-time"} 3',
    'bartizan_findings_total{severity="critical"} 2',
    'bartizan_decisions_total{state="active",origin="auto_response"} 2',
    'bartizan_firewall_changes_total{change="enforced"} 4',
    'bartizan_firewall_dropped_packets_total{family="4"} 3',
    'bartizan_firewall_blocked_addresses 1',
    'bartizan_store_size_bytes 3145728',
    'process_cpu_seconds_total 1.5',
    'process_start_time_seconds 1767225600',
  ])
    assert.ok(text.includes(`${line}\n`), line);
  assert.doesNotMatch(text, /192\.0\.2\./);
  for (const line of text.trimEnd().split('\n'))
    assert.match(line, /^(?:# (?:HELP|TYPE) \w+ .+|\w+(?:\{\w+="[^"]*"(?:,\w+="[^"]*")*\})? \S+)$/);
});
