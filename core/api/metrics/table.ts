import type { Component } from '../../base/component.ts';
import { STREAMS } from '../../link/stream.ts';
import { MODES } from '../../respond/mode.ts';
import { isWatcher } from '../csm/wire.ts';
import { LIST_STATES, type ListStatus } from '../lists.ts';
import type { MetricFacts } from './facts.ts';
import { counter, gauge, histogram, type Metric, type Sample } from './metric.ts';

/** Every metric there is, each declared here and nowhere else. No label ever holds an address. */
export const METRICS: readonly Metric[] = [
  gauge('bartizan_build_info', 'Constant 1; the labels say what runs', ({ appliance: { version, http, firewall } }) => [
    { labels: { version, http_engine: http.engine, firewall_engine: firewall.engine }, value: 1 },
  ]),
  gauge('bartizan_mode', '1 for the mode in force: observe, dry_run or enforce', ({ appliance }) =>
    MODES.map((mode) => ({ labels: { mode }, value: Number(mode === appliance.mode) })),
  ),
  gauge('bartizan_component_up', '1 while the component does its work, with or without loss', ({ appliance }) =>
    each(appliance.components, ({ state }) => Number(state === 'ok' || state === 'degraded')),
  ),
  gauge('bartizan_component_degraded', '1 while the component works with loss', ({ appliance }) =>
    each(appliance.components, ({ state }) => Number(state === 'degraded')),
  ),

  counter('bartizan_source_read_bytes_total', 'Bytes read from a source of events', ofSources('bytes')),
  gauge('bartizan_source_lag_bytes', 'Bytes that a source holds and that are not read yet', ofSources('lag')),
  counter(
    'bartizan_source_skipped_lines_total',
    'Lines passed over because they are too long',
    ofSources('skippedLines'),
  ),
  counter('bartizan_source_rotations_total', 'Times a followed file was replaced by a new one', ofSources('rotations')),
  counter('bartizan_source_truncations_total', 'Times a followed file was cut short', ofSources('truncations')),

  counter('bartizan_pipeline_lines_total', 'Lines fed to the parsers', ofPart('pipeline', 'lines')),
  counter('bartizan_pipeline_events_total', 'Lines that were recognised as events', ofPart('pipeline', 'events')),
  counter('bartizan_pipeline_unparsed_lines_total', 'Lines that are no event, by reason', ofUnparsed),

  counter('bartizan_findings_total', 'Findings made, by severity', ({ findings }) => labelled('severity', findings)),
  gauge('bartizan_findings_active', 'Groups of findings seen within 24 hours, by severity', ({ appliance }) =>
    labelled('severity', appliance.severities),
  ),
  gauge(
    'bartizan_findings_stored',
    'Findings on record, suppressed ones left out',
    ({ appliance }) => appliance.historyCount,
  ),
  counter('bartizan_decisions_total', 'Decisions by what became of them and who made them', ({ decisions }) =>
    decisions.map(({ state, origin, count }) => ({ labels: { state, origin }, value: count })),
  ),

  gauge('bartizan_firewall_managed', '1 while the kernel holds what it should', ({ appliance }) =>
    Number(appliance.firewall.managed),
  ),
  gauge(
    'bartizan_firewall_enforcement_ratio',
    'How much of what is desired the kernel holds, as last known; absent while nothing is enforced',
    ({ appliance: { firewall } }) => firewall.enforced?.ratio ?? [],
  ),
  gauge(
    'bartizan_firewall_enforcement_lowest_ratio',
    'The lowest of it within the last five minutes: what was damaged and repaired between two scrapes',
    ({ appliance: { firewall } }) => firewall.enforced?.lowest ?? [],
  ),
  counter(
    'bartizan_firewall_repairs_total',
    'Damage done by others to our table and repaired, by kind',
    ({ appliance }) => labelled('kind', appliance.firewall.repairs),
  ),
  gauge('bartizan_firewall_blocked_addresses', 'Addresses blocked now', ({ blocked }) => blocked),
  gauge(
    'bartizan_firewall_blocked_networks',
    'Networks blocked now, beside the addresses',
    ({ appliance }) => appliance.blockedNetworks,
  ),
  gauge(
    'bartizan_blocks_pending',
    'Automatic blocks that wait for their turn: auto_response.max_blocks_per_hour',
    ({ appliance }) => appliance.queue.pending,
  ),
  counter(
    'bartizan_blocks_given_up_total',
    'Automatic blocks that never came to their turn: they waited too long, or too many waited',
    ({ appliance }) => appliance.queue.givenUp,
  ),
  gauge('bartizan_firewall_allowed_networks', 'Addresses and networks allowed now', ({ allowed }) => allowed),
  counter('bartizan_firewall_changes_total', 'Changes asked of the kernel, by kind', ofChanges),
  counter(
    'bartizan_firewall_dropped_packets_total',
    'Packets of blocked senders dropped by the kernel',
    ({ dropped }) => dropped.map(({ family, packets }) => ({ labels: { family: String(family) }, value: packets })),
  ),
  counter('bartizan_firewall_dropped_bytes_total', 'Bytes of blocked senders dropped by the kernel', ({ dropped }) =>
    dropped.map(({ family, bytes }) => ({ labels: { family: String(family) }, value: bytes })),
  ),

  counter(
    'bartizan_firewall_canary_rounds_total',
    'Rounds of packets that proved something',
    ofPart('canary', 'rounds'),
  ),
  counter(
    'bartizan_firewall_canary_sources_total',
    'Sources tried by packets, by what the kernel did: dropped, letIn as they should, missed or cut against the books, unproven',
    (facts) => {
      const { rounds: _, ...results } = countersOf(facts, 'canary');
      return labelled('result', results);
    },
  ),
  gauge(
    'bartizan_firewall_canary_astray',
    'Sources that went the wrong way in the last round, by which: missed got through, cut were dropped',
    ({ canary }) => (canary === undefined ? [] : labelled('result', { missed: canary.missed, cut: canary.cut })),
  ),
  gauge('bartizan_firewall_canary_round_time_seconds', 'When the last round was, since 1970', ({ canary }) =>
    canary === undefined ? [] : canary.at / 1000,
  ),
  counter(
    'bartizan_firewall_feature_packets_total',
    'Packets to this host beyond what a feature of the firewall lets in, by what it does with them: drop, count',
    ({ features }) =>
      features.map(({ feature, isCounting, packets }) => ({
        labels: { feature, action: isCounting ? 'count' : 'drop' },
        value: packets,
      })),
  ),

  gauge('bartizan_list_state', '1 for the state a list is in', ({ lists }) =>
    lists.flatMap(({ name, state }) =>
      LIST_STATES.map((one) => ({ labels: { list: name, state: one }, value: Number(one === state) })),
    ),
  ),
  gauge('bartizan_list_entries', 'What of a list is in force, by family and kind of entry', ({ lists }) =>
    lists.flatMap(entrySamples),
  ),
  gauge('bartizan_list_fetched_timestamp_seconds', 'When the generation in force was read, since 1970', ({ lists }) =>
    lists.flatMap(({ name, fetchedAt }) =>
      fetchedAt === undefined ? [] : [{ labels: { list: name }, value: fetchedAt / 1000 }],
    ),
  ),
  counter(
    'bartizan_list_packets_total',
    'Packets dropped or let in because of a list; in mode count, that would have been',
    ({ lists }) =>
      lists.map(({ name, kind, mode, packets }) => ({ labels: { list: name, kind, mode }, value: packets })),
  ),
  counter('bartizan_list_bytes_total', 'Bytes of those packets', ({ lists }) =>
    lists.map(({ name, kind, mode, bytes }) => ({ labels: { list: name, kind, mode }, value: bytes })),
  ),

  counter('bartizan_http_requests_total', 'Requests answered, by class of status', ({ http }) =>
    labelled('code', http.byClass),
  ),
  histogram(
    'bartizan_http_request_duration_seconds',
    'Time from the headers of a request to its answer',
    ({ http }) => http.durations,
  ),

  counter('bartizan_link_connections_total', 'Connections to brokers of a controller', ofLink('connections')),
  counter('bartizan_link_failures_total', 'Attempts to connect to a broker that came to nothing', ofLink('failures')),
  counter('bartizan_link_bytes_total', 'Bytes over connections to brokers, TLS included, by direction', (facts) => [
    ...directed(facts, 'sent'),
    ...directed(facts, 'received'),
  ]),
  gauge('bartizan_link_waiting_bytes', 'What waits to be sent to a controller', ofLink('waiting_bytes')),
  counter('bartizan_link_sent_total', 'Items that the broker has, by stream', ofStreams('sent')),
  counter('bartizan_link_given_up_total', 'Items that were given up unsent, by stream', ofStreams('given_up')),
  counter('bartizan_link_orders_total', 'Orders of controllers that were taken', ofLink('orders_taken')),
  counter('bartizan_link_refused_orders_total', 'Orders of controllers that were refused, by why', (facts) =>
    afterWord('refused ', 'code', countersOf(facts, LINK)),
  ),

  gauge('bartizan_store_healthy', '1 while the store writes to disk', ({ appliance }) =>
    Number(appliance.store.healthy),
  ),
  gauge('bartizan_store_size_bytes', 'Size of the store on disk', ({ appliance }) => appliance.store.bytes),

  counter('process_cpu_seconds_total', 'User and system CPU time spent', ({ process }) => process.cpuSeconds),
  gauge('process_resident_memory_bytes', 'Resident memory size', ({ process }) => process.residentBytes),
  gauge('process_start_time_seconds', 'Start of the process since 1970', ({ process }) => process.startedAt / 1000),
  gauge('process_open_fds', 'Open file descriptors', ({ process: { openFiles } }) =>
    openFiles === undefined ? [] : openFiles,
  ),
];

const entrySamples = ({ name, entries }: ListStatus): readonly Sample[] =>
  ([4, 6] as const).flatMap((family) =>
    (['addresses', 'networks'] as const).map((kind) => ({
      labels: { list: name, family: String(family), kind },
      value: entries[family][kind],
    })),
  );

const labelled = (label: string, values: Readonly<Record<string, number>>): readonly Sample[] =>
  Object.entries(values).map(([name, value]) => ({ labels: { [label]: name }, value }));

const each = (components: readonly Component[], of: (component: Component) => number): readonly Sample[] =>
  components.map((component) => ({ labels: { component: component.name }, value: of(component) }));

function ofSources(count: string) {
  return ({ appliance }: MetricFacts): readonly Sample[] =>
    appliance.components
      .filter((component) => isWatcher(component) && count in component.counters)
      .map(({ name, counters }) => ({ labels: { source: name }, value: counters[count] ?? 0 }));
}

const countersOf = ({ appliance }: MetricFacts, part: string): Component['counters'] =>
  appliance.components.find(({ name }) => name === part)?.counters ?? {};

function ofPart(part: string, count: string) {
  return (facts: MetricFacts): number => countersOf(facts, part)[count] ?? 0;
}

const LINK = 'controller-link';

/** None without a controller. */
function ofLink(count: string, labels: Sample['labels'] = {}) {
  return (facts: MetricFacts): readonly Sample[] => {
    const value = countersOf(facts, LINK)[count];
    return value === undefined ? [] : [{ labels, value }];
  };
}

const directed = (facts: MetricFacts, direction: 'sent' | 'received'): readonly Sample[] =>
  ofLink(`bytes_${direction}`, { direction })(facts);

function ofStreams(count: string) {
  return (facts: MetricFacts): readonly Sample[] =>
    STREAMS.flatMap((stream) => ofLink(`${stream}_${count}`, { stream })(facts));
}

function ofUnparsed(facts: MetricFacts): readonly Sample[] {
  return afterWord('unparsed ', 'reason', countersOf(facts, 'pipeline'));
}

/** Counters of which only the names' beginning is known; the rest is the label. */
const afterWord = (word: string, label: string, counters: Component['counters']): readonly Sample[] =>
  Object.entries(counters)
    .filter(([name]) => name.startsWith(word))
    .map(([name, value]) => ({ labels: { [label]: name.slice(word.length) }, value }));

function ofChanges(facts: MetricFacts): readonly Sample[] {
  return labelled('change', countersOf(facts, 'firewall'));
}
