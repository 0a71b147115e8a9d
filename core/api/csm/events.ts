import { Type } from 'typebox';
import { rfc3339 } from '../../base/time.ts';
import type { Finding } from '../../detect/finding.ts';
import type { HistoryRow } from '../../incident/history.ts';
import { type ApiParts, endpoint } from '../deps.ts';
import type { StreamReply } from '../endpoint.ts';
import { EventHub, type Numbered } from '../stream/hub.ts';
import { severityInt } from './wire.ts';

/** CSM's Finding as far as this version attributes one, then `id`, which is ours. */
export const FindingEvent = Type.Object({
  severity: Type.Integer({ minimum: 0, maximum: 2 }),
  check: Type.String(),
  message: Type.String(),
  details: Type.Optional(Type.String()),
  source_ip: Type.Optional(Type.String()),
  timestamp: Type.String({ description: 'RFC 3339' }),
  id: Type.String(),
});

export const events = endpoint({
  name: 'events',
  method: 'GET',
  path: '/api/v1/events',
  scope: 'read',
  summary: 'Server-sent events: every finding as it is made, and those since a last event id',
  query: Type.Object({
    last_event_id: Type.Optional(
      Type.String({ maxLength: 128, description: 'For clients that cannot set the header Last-Event-ID' }),
    ),
  }),
  response: FindingEvent,
  transport: 'sse',
  errors: ['unavailable'],
  handler: async ({ deps: { findingEvents: hub }, query, context }) => {
    // A stream may last for days, and thousands of them: it holds nothing else of its request.
    const seen = context.lastEventId ?? query.last_event_id;
    return { ok: true, stream: streamOf(hub, seen) };
  },
});

const streamOf =
  (hub: EventHub<Finding>, seen: string | undefined): StreamReply['stream'] =>
  (sink, signal) =>
    hub.join(sink, signal, seen);

/** One for all clients: a finding is encoded once however many listen. */
export const findingEvents = ({ appliance, clock, log }: ApiParts): EventHub<Finding> =>
  new EventHub({
    source: {
      newest: () => appliance.lastSerial(),
      epochs: () => appliance.epochs(),
      after: async (serial, limit) => (await appliance.findingsAfter(serial, limit)).map(numbered),
      subscribe: (listener) => appliance.onFinding((finding, serial) => listener({ event: finding, serial })),
    },
    show: findingEvent,
    clock,
    log,
  });

const numbered = ({ finding, serial, suppressedBy }: HistoryRow): Numbered<Finding> => ({
  event: suppressedBy === undefined ? finding : undefined,
  serial,
});

export const findingEvent = ({ id, at, check, severity, message, details, subject }: Finding) => ({
  severity: severityInt(severity),
  check,
  message,
  ...(details === undefined ? {} : { details }),
  ...(subject.kind === 'ip' ? { source_ip: subject.value } : {}),
  timestamp: rfc3339(at),
  id,
});
