import { minutes } from '../../base/time.ts';
import type { SlidingCheck, Stream } from '../sliding/sliding-check.ts';
import { NETWORK, reports } from './grants.ts';
import { onHost, shown } from './phrases.ts';
import { PACKET_DROPPED } from './words.ts';

const DROPPED = 1;

const BY_SOURCE: Stream = {
  name: 'network_source',
  wants: (_, action) => action === PACKET_DROPPED,
  traits: () => (event) => (event.action === PACKET_DROPPED ? DROPPED : 0),
  key: 'source',
  value: { of: 'number', read: ({ destinationPort }) => destinationPort },
};

export const NETWORK_CHECKS = {
  port_scan: {
    info: {
      name: 'port_scan',
      category: NETWORK,
      severity: 'warning',
      description: 'The packet filter drops packets of one source to many ports',
      response: reports('the sender of a packet can be forged, and whoever forges it would choose whom we block'),
    },
    stream: BY_SOURCE,
    counts: DROPPED,
    measure: 'values',
    threshold: { noun: 'ports', preset: 15, minimum: 2 },
    window: minutes(1),
    subject: 'ip',
    say: ({ subject, event, count, spent, values }) =>
      `Port scan from ${subject}${onHost(event)}: packets to ${count} ports dropped in ${spent} (ports ${shown(values)})`,
  },
} as const satisfies Readonly<Record<string, SlidingCheck>>;
